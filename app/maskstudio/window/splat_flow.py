"""What the Scene menu does to the selected Gaussians of the scene in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.scene_flow import SceneFlow

    Array = np.ndarray[Any, Any]

_GRABS = {"move": "Move", "turn": "Turn", "scale": "Scale"}


class SplatFlow:
    """Each method is one undo step. What is locked is never changed."""

    def __init__(self, window: MainWindow, scenes: SceneFlow) -> None:
        self._window = window
        self._scenes = scenes

    def delete(self) -> None:
        """Take what is selected out of the scene."""
        document = self._scenes.document
        if document is not None:
            work, none = document.work, document.work.none
            gone = work.selected & work.free
            document.change(_counted("Delete", gone), deleted=work.deleted | gone, selected=none)

    def hide(self) -> None:
        """Hide what is selected; it stays in the scene."""
        document = self._scenes.document
        if document is not None:
            work, none = document.work, document.work.none
            gone = work.selected & work.free
            document.change(_counted("Hide", gone), hidden=work.hidden | gone, selected=none)

    def isolate(self) -> None:
        """Hide all but what is selected."""
        document = self._scenes.document
        if document is not None:
            work = document.work
            document.change(_counted("Isolate", work.selected), hidden=~work.selected)

    def show_all(self) -> None:
        """Show what was hidden."""
        document = self._scenes.document
        if document is not None:
            document.change("Show all", hidden=document.work.none)

    def lock(self) -> None:
        """Keep what is selected from being selected or changed."""
        document = self._scenes.document
        if document is not None:
            work, none = document.work, document.work.none
            document.change(
                _counted("Lock", work.selected & work.free), locked=work.locked | work.selected, selected=none
            )

    def unlock(self) -> None:
        """Let all that is locked be selected and changed again."""
        document = self._scenes.document
        if document is not None:
            document.change("Unlock all", locked=document.work.none)

    def grabber(self, kind: str) -> Callable[[], None]:
        """What the command runs that lets the mouse ``move``, ``turn`` or ``scale`` what is selected."""

        def run() -> None:
            front = self._scenes.front
            if front is not None:
                front.edits.grab(kind, _counted(_GRABS[kind], front.edits.chosen))

        return run

    def recolour(self) -> None:
        """Ask for a colour that what is selected gets on average; seen while it is chosen."""
        from maskengines.subjects.splat_edits import Recolour, mean_colour
        from PySide6.QtGui import QColor

        from maskstudio.window import dialogs

        front, document = self._scenes.front, self._scenes.document
        if front is None or document is None or document.work.scene.gaussians is None:
            return
        chosen = front.edits.chosen
        start = mean_colour(document.work.scene.gaussians, chosen)

        def edit(colour: QColor) -> Recolour:
            return Recolour((colour.redF(), colour.greenF(), colour.blueF()))

        front.edits.show(edit(QColor.fromRgbF(*start)))
        picked = dialogs.ask_colour(
            self._window, "Recolour", QColor.fromRgbF(*start), lambda colour: front.edits.show(edit(colour))
        )
        front.edits.finish(None if picked is None else edit(picked), _counted("Recolour", chosen))


def _counted(what: str, chosen: Array) -> str:
    return f"{what} {int(chosen.sum()):,} Gaussians"
