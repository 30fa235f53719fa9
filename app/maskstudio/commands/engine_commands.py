"""Commands that ask an engine and choose among its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskstudio.commands.registry import Command

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow


def engine_commands(window: MainWindow) -> list[Command]:
    """The Engine menu."""
    engines = window.engines
    return [
        Command("engine.run", "Run", engines.run, "Engine", "run", ("Ctrl+Return",), "run",
                engines.cannot_run,
                words="ask fill generate inpaint", hint="Asks the engine for several answers."),
        Command("engine.cancel", "Cancel", engines.cancel, "Engine", "run", ("Esc",), "cancel",
                engines.cannot_cancel, words="stop escape",
                hint="Stops the job, or hides the candidate shown."),
        Command("candidate.keep", "Keep candidate", engines.keep, "Engine", "candidate", ("Return",), "keep",
                engines.cannot_keep, words="accept apply"),
        Command("candidate.next", "Next candidate", engines.next, "Engine", "candidate", ("Ctrl+Right",),
                "next",
                engines.cannot_step),
        Command("candidate.previous", "Previous candidate", engines.previous, "Engine", "candidate",
                ("Ctrl+Left",), "previous", engines.cannot_step),
        Command("candidate.heat", "Show disagreement", engines.toggle_heat, "Engine", "heat", ("D",), "heat",
                engines.cannot_disagree, checked=lambda: engines.heat_shown, words="heat map uncertainty",
                hint="Where the candidates differ."),
        Command("candidate.heat-mask", "Turn disagreement into the mask", engines.heat_to_mask, "Engine",
                "heat",
                ("Shift+D",), "heat-mask", engines.cannot_disagree, words="heat uncertainty"),
        Command("map.mask", "Turn map into the mask", engines.map_to_mask, "Engine", "map", ("Shift+M",),
                "heat-mask", engines.cannot_use_map, words="attribution threshold explain",
                hint="What lies above the threshold becomes the mask."),
        Command("candidate.export", "Export map, table or bodies", engines.export_shown, "Engine", "map",
                ("Ctrl+Alt+E",), "export", engines.cannot_export,
                words="report csv npy json pdf html bvh glb npz pose save",
                hint="Writes the answer shown; the suffix decides the format."),
    ]  # fmt: skip
