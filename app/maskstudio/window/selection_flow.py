"""What the Scene and Mask menus do to the selection of the scene in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.scene_flow import SceneFlow


class SelectionFlow:
    """What is hidden or locked is never selected."""

    def __init__(self, window: MainWindow, scenes: SceneFlow) -> None:
        self._window = window
        self._scenes = scenes

    def all(self) -> None:
        """Select all that shows."""
        document = self._scenes.document
        if document is not None:
            document.change("Select all", selected=document.work.free)

    def none(self) -> None:
        """Select nothing."""
        document = self._scenes.document
        if document is not None:
            document.change("Clear selection", selected=document.work.none)

    def invert(self) -> None:
        """Select what shows and is not selected."""
        document = self._scenes.document
        if document is not None:
            work = document.work
            document.change("Invert selection", selected=~work.selected & work.free)

    def grow(self) -> None:
        """Add the neighbours of what is selected."""
        if self._scenes.front is not None:
            self._scenes.front.asking.neighbours("grow", "Grow selection")

    def shrink(self) -> None:
        """Take away what has a neighbour that is not selected."""
        if self._scenes.front is not None:
            self._scenes.front.asking.neighbours("shrink", "Shrink selection")

    # --- by paint -------------------------------------------------------------------------------

    def reacher(self, reach: str) -> Callable[[], None]:
        """What the command runs that lets paint reach so far."""

        def choose() -> None:
            if self._scenes.front is not None:
                self._scenes.front.asking.reach = reach
                self._window.actions_changed()

        return choose

    def reaches(self, reach: str) -> Callable[[], bool]:
        """Whether paint reaches so far."""
        return lambda: self._scenes.front is not None and self._scenes.front.asking.reach == reach

    def toggle_votes(self) -> None:
        """Let paint from several views make one selection, or each stroke its own again."""
        if self._scenes.front is not None:
            self._scenes.front.asking.vote(not self.voting)
            self._window.actions_changed()

    @property
    def voting(self) -> bool:
        """Whether strokes are votes."""
        return self._scenes.front is not None and self._scenes.front.asking.voting

    # --- by looks -------------------------------------------------------------------------------

    def alike(self) -> None:
        """Add what has about the colour of what is selected."""
        from maskengines.subjects.splat_edits import mean_colour

        front, document = self._scenes.front, self._scenes.document
        if front is None or document is None or document.work.scene.gaussians is None:
            return
        work = document.work
        colour = mean_colour(document.work.scene.gaussians, work.selected & work.free)
        front.asking.looks({"colour": [*colour, ALIKE]}, "add", "Select alike")

    def by_looks(self) -> None:
        """Ask for a colour, a range of sizes and one of opacities, and select what has them."""
        from maskstudio.window.looks_dialog import LooksDialog

        front = self._scenes.front
        if front is not None:
            dialog = LooksDialog(self._window, front)
            dialog.exec()
            dialog.deleteLater()


ALIKE = 20.0
"""Distance in CIELAB up to which colours are alike."""
