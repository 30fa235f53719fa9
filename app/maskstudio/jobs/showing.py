"""Which of several results the canvas shows: one at a time, by rank and not by who came last."""

from __future__ import annotations

from maskengines.contract import ImagePatch
from maskengines.masks.mask import Asked
from PySide6.QtCore import QObject, Signal

RANKS = ("candidate", "live", "run")
"""What the user picked, then what follows the brush, then what a running job is at."""


class Showing(QObject):
    """`put` a patch (or None) for each source.

    Signals, each with the patch to show now or None; `changed` comes with either of the others:
        changed: it is another one.
        picked: by the user's choice.
        streamed: by what a job sends, or because there is nothing to show any more.
    """

    changed = Signal(object)
    picked = Signal(object)
    streamed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._patches: dict[str, ImagePatch | None] = dict.fromkeys(RANKS)
        self._asked: dict[str, Asked | None] = dict.fromkeys(RANKS)

    @property
    def patch(self) -> ImagePatch | None:
        """What is to be shown now."""
        return next((self._patches[rank] for rank in RANKS if self._patches[rank] is not None), None)

    @property
    def asked(self) -> Asked | None:
        """The mask that it answers; None for the mask as it is."""
        return next((self._asked[rank] for rank in RANKS if self._patches[rank] is not None), None)

    def put(self, source: str, patch: ImagePatch | None, asked: Asked | None = None) -> None:
        """A source has something new to show, or nothing any more."""
        before = self.patch
        self._patches[source], self._asked[source] = patch, asked
        if self.patch is not before:
            self._tell()

    def clear(self) -> None:
        """Nothing is to be shown: the picture itself changed."""
        before = self.patch
        self._patches = dict.fromkeys(RANKS)
        if before is not None:
            self._tell()

    def _tell(self) -> None:
        (self.streamed if self._patches["candidate"] is None else self.picked).emit(self.patch)
        self.changed.emit(self.patch)
