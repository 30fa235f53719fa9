"""Commands that generate a mask, one for each sampler of ``maskengines.masks.samplers``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from maskstudio.commands.registry import Command

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow

SUBMENU = "Generate mask"


class Kind(NamedTuple):
    """What a sampler is called here; its name there, a title, an icon, and a sentence."""

    name: str
    title: str
    icon: str
    hint: str


# Written out rather than read from the samplers: menus are filled before numpy is imported.
KINDS = (
    Kind("brush", "Brush strokes", "brush", "Random strokes of different widths."),
    Kind("blob", "Blobs", "lasso", "One to three rounded shapes."),
    Kind("box", "Box", "rectangle", "One rectangle somewhere in the picture."),
    Kind("half-plane", "Half-plane", "border", "All on one side of a line."),
    Kind("text", "Text", "text-t", "Random words, as a watermark or subtitles leave."),
    Kind("white", "White noise", "dots-nine", "Single cells, independent of each other."),
    Kind("red", "Red noise", "dots-nine", "Clusters of cells."),
    Kind("green", "Green noise", "dots-nine", "Small clusters, evenly spread."),
    Kind("blue", "Blue noise", "dots-nine", "Single cells, evenly spread."),
    Kind("purple", "Purple noise", "dots-nine", "Clusters and single cells."),
)


def generate_commands(window: MainWindow) -> list[Command]:
    """The entries of "Generate mask" in the Mask menu."""
    return [
        Command(
            f"mask.generate.{kind.name}",
            kind.title,
            window.generated.asker(kind.name),
            "Mask",
            "whole",
            icon=kind.icon,
            enabled=window.needs_document,
            asks=True,
            words="random noise hole test sampler",
            hint=kind.hint,
            submenu=SUBMENU,
        )
        for kind in KINDS
    ]
