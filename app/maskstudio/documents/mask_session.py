"""A stroke, or any other change of the mask, while it is being made."""

from __future__ import annotations

from typing import Any, Protocol

from maskengines.contract import Box
from maskengines.masks.mask import Mask, MaskDelta


class Masked(Protocol):
    """What has the mask: a document, or a photo of a scene."""

    mask: Mask
    mask_changed: Any

    def push_mask_delta(self, delta: MaskDelta, label: str) -> None: ...


class MaskEditSession:
    """``touch`` a box, write into ``mask.data``, tell ``changed``; then ``commit`` or ``abort``.

    `active` turns false when the session ends, also when the document ends it (an undo during a
    stroke); a tool looks at it before it goes on.
    """

    def __init__(self, document: Masked, label: str) -> None:
        self.mask: Mask = document.mask
        self.label = label
        self._document = document
        self._edit = document.mask.edit()

    @property
    def active(self) -> bool:
        return self._edit.open

    def touch(self, box: Box) -> None:
        """Announce that elements of ``box`` are about to be written; ``RuntimeError`` once ended."""
        self._edit.touch(box)

    def changed(self, box: Box) -> None:
        """Tell views that ``box`` was written."""
        self._document.mask_changed.emit(box.clipped(self.mask.grid.width, self.mask.grid.height))

    def commit(self) -> bool:
        """End the session as one undoable step; ``False`` if nothing had changed."""
        delta = self._edit.commit()
        if delta is None:
            return False
        self._document.push_mask_delta(delta, self.label)
        return True

    def abort(self) -> None:
        """End the session and put everything back."""
        if self.active:
            box = self._edit.abort()
            if not box.empty:
                self._document.mask_changed.emit(box)
