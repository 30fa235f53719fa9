"""Edits of what is selected that are seen while they are made: by the mouse, or by choosing a colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from maskengines.subjects.splat_edits import Similarity, SplatEdit

    from maskstudio.jobs.scene_link import SceneLink
    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.scene_tab import SceneTab

Array = np.ndarray[Any, Any]


class SceneEdits(QObject):
    """Of one tab. Until an edit is done the worker is sent nothing else; then the document changes, once."""

    def __init__(self, window: MainWindow, tab: SceneTab) -> None:
        super().__init__(tab)
        self._window = window
        self._tab = tab
        self._link: SceneLink | None = None
        self._label = ""
        tab.view.hold.changed.connect(self.show)
        tab.view.hold.ended.connect(self._let_go)
        tab.document.scene_changed.connect(tab.view.hold.cancel)

    def tie(self, link: SceneLink) -> None:
        """The engines are there."""
        self._link = link

    @property
    def chosen(self) -> Array:
        """``(N,)`` bool: what an edit changes."""
        work = self._tab.document.work
        return work.selected & work.free

    def grab(self, kind: str, label: str) -> None:
        """Let the mouse move, turn or scale what is selected, about its middle."""
        gaussians = self._tab.document.work.scene.gaussians
        if gaussians is None or self._tab.trying:
            return
        picked = gaussians.take(self.chosen)
        middle = np.average(picked.means.astype(np.float64), axis=0, weights=picked.alphas + 1e-6)
        x, y, z = (float(value) for value in middle)
        self._label = label
        self._tab.view.setFocus()
        self._tab.view.hold.begin(kind, (x, y, z))

    def show(self, edit: SplatEdit | None) -> None:
        """See it done, or with None, nothing done."""
        if self._link is not None:
            self._link.edit({} if edit is None else edit.to_plain())
            self._tab.view.eye.stir()

    def finish(self, edit: SplatEdit | None, label: str) -> None:
        """Do it in earnest, or with None, leave all as it was."""
        if edit is None or not self._tab.document.edit_selected(label, edit):
            self.show(None)

    def _let_go(self, edit: Similarity | None) -> None:
        self.finish(edit, self._label)
