"""Commands that change the mask or how it shows, and the tools that paint it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskstudio.commands.registry import Command

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow


def mask_commands(window: MainWindow) -> list[Command]:
    """The Mask menu."""
    masks, document, painted = window.masks, window.needs_document, window.needs_mask
    flat = window.needs_flat_mask
    return [
        Command("mask.all", "Select all", masks.select_all, "Mask", "whole", ("Ctrl+A",), "all", document,
                words="fill everything"),
        Command("mask.clear", "Clear", masks.clear, "Mask", "whole", ("Ctrl+D", "Delete"), "clear", painted,
                words="deselect erase none empty"),
        Command("mask.invert", "Invert", masks.invert, "Mask", "whole", ("Ctrl+I", "Ctrl+Shift+I"), "invert",
                document, words="inverse"),
        Command("mask.grow", "Grow", masks.grow, "Mask", "shape", (), "grow", painted, asks=True,
                words="expand dilate"),
        Command("mask.shrink", "Shrink", masks.shrink, "Mask", "shape", (), "shrink", painted, asks=True,
                words="contract erode"),
        Command("mask.feather", "Feather", masks.feather, "Mask", "shape", ("Shift+F6",), "feather", flat,
                asks=True, words="soften blur"),
        Command("mask.border", "Border", masks.border, "Mask", "shape", (), "border", flat, asks=True,
                words="outline edge ring"),
        Command("mask.fill-holes", "Fill holes", masks.fill_holes, "Mask", "shape", (), "fill", flat),
        Command("mask.threshold", "Threshold", masks.threshold, "Mask", "shape", (), "threshold", flat,
                asks=True, words="hard binary"),
        Command("mask.overlay", "Show mask", window.look.toggle_overlay, "Mask", "look", ("Q",), "overlay",
                document,
                checked=lambda: window.look.overlay_shown, words="overlay hide red"),
        Command("mask.overlay-colour", "Mask colour", window.look.ask_overlay_colour, "Mask", "look", (),
                "colour",
                asks=True, words="overlay red color"),
    ]  # fmt: skip


TOOLS = (
    (
        "tool.brush",
        "Brush",
        "B",
        "brush",
        "Paints the mask. Shift-click draws a line, the right button erases.",
    ),
    ("tool.eraser", "Eraser", "E", "eraser", "Takes away from the mask."),
    ("tool.rectangle", "Rectangle", "M", "rectangle", "Masks a rectangle. Alt takes it away."),
    ("tool.ellipse", "Ellipse", "O", "ellipse", "Masks an ellipse. Alt takes it away."),
    ("tool.lasso", "Lasso", "L", "lasso", "Masks what you draw around. Alt takes it away."),
    (
        "tool.joints",
        "Joints",
        "J",
        "joints",
        "Drags the joints of a pose. Shift takes what hangs on them along, the wheel sets how sure they are.",
    ),
    ("tool.hand", "Hand", "H", "hand", "Moves the view; so do the space bar and the middle button."),
)


def tool_commands(window: MainWindow) -> list[Command]:
    """The Tools menu."""
    tools = window.tools
    choose = [
        Command(name, title, tools.chooser(name), "Tools", "tools", (key,), icon,
                window.poses.needs_pose if name == "tool.joints" else None,
                checked=tools.checker(name), hint=hint, words="tool")
        for name, title, key, icon, hint in TOOLS
    ]  # fmt: skip
    return [
        *choose,
        Command("brush.smaller", "Smaller brush", tools.smaller, "Tools", "brush", ("[",), "size",
                words="size"),
        Command("brush.larger", "Larger brush", tools.larger, "Tools", "brush", ("]",), "size", words="size"),
        Command("brush.softer", "Softer brush", tools.softer, "Tools", "brush", ("Shift+[",), "feather",
                words="hardness"),
        Command("brush.harder", "Harder brush", tools.harder, "Tools", "brush", ("Shift+]",), "feather",
                words="hardness"),
        Command("tools.models", "Models", window.models.show, "Tools", "models", icon="models", asks=True,
                words="download fetch pull hub huggingface weights network checkpoint lora offline import",
                hint="What networks are on this machine; fetches, imports and removes them."),
    ]  # fmt: skip
