"""What is selected by asking the engine of a scene: by paint, votes of several views, neighbours, looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject

from maskstudio.window.scene_votes import Poll, Votes

if TYPE_CHECKING:
    from maskengines.contract import MaskArray
    from maskengines.subjects.cameras import Camera

    from maskstudio.documents.scene_work import SceneWork
    from maskstudio.jobs.scene_link import SceneLink
    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.scene_tab import SceneTab

Array = np.ndarray[Any, Any]
Done = Callable[[Array], object]


class SceneAsking(QObject):
    """Questions of one tab; while one is open, others are refused."""

    def __init__(self, window: MainWindow, tab: SceneTab) -> None:
        super().__init__(tab)
        self.reach = "band"
        """How far paint reaches: visible, band, through."""
        self._window = window
        self._tab = tab
        self._link: SceneLink | None = None
        self._open: tuple[SceneWork, Done] | None = None
        self._votes: Votes | None = None
        tab.view.painted.connect(self._painted)
        tab.document.scene_changed.connect(self._tell_votes)

    def tie(self, link: SceneLink) -> None:
        """The engines are there."""
        self._link = link
        link.answered.connect(self._answered)
        link.busy_changed.connect(self._window.actions_changed)

    @property
    def busy(self) -> bool:
        """A question is not answered yet."""
        return self._link is not None and self._link.asking

    # --- questions ------------------------------------------------------------------------------

    def neighbours(self, what: str, label: str) -> None:
        """Grow or shrink the selection by neighbours."""
        self._ask(what, lambda selected: self._select(label, selected))

    def looks(self, looks: Mapping[str, Any], how: str, label: str) -> None:
        """Select by looks, see `maskengines.scene.selecting`."""
        self._ask("look", lambda selected: self._select(label, selected), how=how, **looks)

    def try_looks(self, looks: Mapping[str, Any], how: str, done: Done) -> bool:
        """What would be selected by looks; the document stays as it is. False if it cannot be asked now."""
        return self._ask("look", done, how=how, **looks)

    def _painted(self, mask: MaskArray, takes_away: bool) -> None:
        height, width = mask.shape
        camera = _record(self._tab.view.eye.camera(width, height))
        if self._votes is None:
            label = self.tr("Deselect by paint") if takes_away else self.tr("Select by paint")
            self._ask(
                "paint", lambda selected: self._select(label, selected), reach=self.reach,
                how="subtract" if takes_away else "add", votes=[{"camera": camera, "mask": mask}],
            )  # fmt: skip
            return
        poll = self._votes.of(self._tab.document.work.selected).painted(camera, mask, takes_away=takes_away)
        if poll is None:
            self._tab.view.hand.answered()
            self._window.banner.tell(self.tr("Paint in this view first; then a part can be taken away."))
            return
        # What was selected before the first vote stays, and the votes are counted anew, all of them.
        self._ask(
            "paint", lambda selected: self._vote(poll, selected), before=poll.before, reach=self.reach,
            how="add", votes=list(poll.votes),
        )  # fmt: skip

    # --- votes ----------------------------------------------------------------------------------

    @property
    def voting(self) -> bool:
        """Paint from several views makes one selection."""
        return self._votes is not None

    def vote(self, on: bool) -> None:
        """Let strokes be votes, beginning with the next one, or not any more."""
        self._votes = Votes() if on else None
        self._tell_votes()

    def _vote(self, poll: Poll, selected: Array) -> bool:
        document = self._tab.document
        changed = document.change(self.tr("Vote of view {0}").format(len(poll.votes)), selected=selected)
        if self._votes is not None:
            self._votes.keep(document.work.selected, poll)
            self._tell_votes()
        return changed

    def _tell_votes(self) -> None:
        if self._votes is None:
            self._tab.view.show_hint("")
            return
        count = len(self._votes.of(self._tab.document.work.selected).votes)
        told = {
            0: self.tr("Votes: paint over what you mean, then turn the view and paint it again"),
            1: self.tr("Votes: 1 view. Turn the view and paint it again"),
        }
        self._tab.view.show_hint(
            told.get(count, self.tr("Votes: {0} views. Turn on, or be done").format(count))
        )

    # --- asking ---------------------------------------------------------------------------------

    def _ask(self, what: str, done: Done, before: Array | None = None, **more: Any) -> bool:
        work, hand = self._tab.document.work, self._tab.view.hand
        if self._tab.trying:
            hand.answered()
            self._window.banner.tell(
                self.tr("This is a candidate. Keep it first (Enter), then select in it.")
            )
            return False
        if self._link is not None and self._link.ask(
            work.selected if before is None else before, what, **more
        ):
            self._open = work, done
            return True
        hand.answered()
        self._window.banner.tell(self.tr("The last stroke is still being looked at. Try again in a moment."))
        return False

    def _select(self, label: str, selected: Array) -> bool:
        return self._tab.document.change(label, selected=selected)

    def _answered(self, selected: Array | None) -> None:
        asked, self._open = self._open, None
        # Something else was selected, deleted or undone meanwhile: that was later, so it counts.
        fresh = asked is not None and asked[0] is self._tab.document.work
        if asked is None or selected is None or not fresh or not asked[1](selected):
            self._tab.view.hand.answered()

    @property
    def open(self) -> bool:
        """Paint shows until its answer comes."""
        return self._open is not None


def _record(camera: Camera) -> dict[str, Any]:
    return camera.to_record() | {"near": camera.near}
