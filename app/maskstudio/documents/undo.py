"""The undoable commands of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from maskengines.contract import Box, Candidate, ImagePatch
from maskengines.masks.bag import Bag
from maskengines.masks.mask import Asked, MaskDelta
from maskengines.projects.state import KeptLayer
from PySide6.QtGui import QUndoCommand

if TYPE_CHECKING:
    from maskstudio.documents.document import Document

Answers = tuple[tuple[Candidate, ...], Asked | None]
"""Candidates, and the mask that they answer."""


class StudioCommand(QUndoCommand):
    """A change that was already made when it is pushed; `swap` takes it back and makes it again."""

    def __init__(self, document: Document, label: str) -> None:
        super().__init__(label)
        self.document = document
        self._made = True

    @property
    def bags(self) -> tuple[Bag, ...]:
        """What the command keeps in memory and could keep on disk."""
        return ()

    def swap(self, undoing: bool) -> None:
        raise NotImplementedError

    def redo(self) -> None:
        if self._made:
            self._made = False
            return
        self.document.drop_open_edit()
        self.swap(undoing=False)

    def undo(self) -> None:
        self.document.drop_open_edit()
        self.swap(undoing=True)


class MaskCommand(StudioCommand):
    """A stroke, a selection, a whole new mask."""

    def __init__(self, document: Document, label: str, delta: MaskDelta) -> None:
        super().__init__(document, label)
        self._delta = delta

    @property
    def bags(self) -> tuple[Bag, ...]:
        return (self._delta.bag,)

    def swap(self, undoing: bool) -> None:
        self.document.mask_changed.emit(self._delta.swap(self.document.mask))


class KeepCommand(StudioCommand):
    """A candidate became part of the picture; mask and candidates were cleared with it."""

    def __init__(
        self,
        document: Document,
        label: str,
        layer: KeptLayer,
        cleared: MaskDelta | None,
        answers: Answers,
    ) -> None:
        super().__init__(document, label)
        self._layer = layer
        self._cleared = cleared
        self._answers = answers
        self._box = layer.patch.box
        self._pixels = Bag({(0, 0): np.ascontiguousarray(document.subject.pixels[self._box.slices])})

    @property
    def bags(self) -> tuple[Bag, ...]:
        return (self._pixels,) if self._cleared is None else (self._pixels, self._cleared.bag)

    def swap(self, undoing: bool) -> None:
        document = self.document
        with self._pixels.opened() as held:
            pixels = held[(0, 0)]
            if isinstance(pixels, int):
                raise RuntimeError("an image patch was expected")
            held[(0, 0)] = np.ascontiguousarray(document.subject.pixels[self._box.slices])
        document.show_patch(ImagePatch(self._box.x, self._box.y, pixels))
        document.set_layers(document.layers[:-1] if undoing else (*document.layers, self._layer))
        box = self._cleared.swap(document.mask) if self._cleared is not None else Box(0, 0, 0, 0)
        self._answers = document.exchange_candidates(self._answers)
        document.image_changed.emit(self._box)
        if not box.empty:
            document.mask_changed.emit(box)
        document.candidates_changed.emit()
