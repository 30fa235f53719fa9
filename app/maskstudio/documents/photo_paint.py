"""What is painted over the photos of a scene: one soft mask each, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from maskengines.contract import MaskArray
from maskengines.masks.mask import Mask, MaskDelta
from maskengines.subjects.scene import ScenePhoto
from PySide6.QtCore import QObject, Signal

from maskstudio.documents.mask_session import MaskEditSession
from maskstudio.documents.undo import StudioCommand

if TYPE_CHECKING:
    from maskengines.masks.bag import Bag

    from maskstudio.documents.scene_document import SceneDocument


class PhotoSheet(QObject):
    """The mask over one photo. Tools paint on it as they do on a document, whose undo steps its changes are.

    Signals:
        mask_changed: a `Box` of it was written (also during a stroke).
    """

    mask_changed = Signal(object)

    def __init__(self, document: SceneDocument, photo: ScenePhoto) -> None:
        super().__init__(document)
        self.name = photo.name
        self.space = photo.space
        self.mask = Mask((photo.height, photo.width))
        self._document = document

    def begin_mask_edit(self, label: str) -> MaskEditSession:
        """Start a change that becomes one undo step; an edit that was left open is put back first."""
        self._document.drop_open_edit()
        session = MaskEditSession(self, label)
        self._document.hold_edit(session)
        return session

    def replace_mask(self, array: MaskArray, label: str) -> None:
        """Take over a whole mask, ``(H, W)`` uint8, as one undo step."""
        self._document.drop_open_edit()
        self._changed(self.mask.replace(array), label)

    def clear_mask(self, label: str) -> None:
        """Take all paint off this photo, as one undo step."""
        self._document.drop_open_edit()
        self._changed(self.mask.clear(), label)

    def push_mask_delta(self, delta: MaskDelta, label: str) -> None:
        """Make a change that the mask already shows undoable."""
        self._document.push(PhotoCommand(self._document, f"{label}, {self.name}", self, delta))

    def _changed(self, delta: MaskDelta | None, label: str) -> None:
        if delta is not None:
            self.push_mask_delta(delta, label)
            self.mask_changed.emit(delta.box)


class PhotoCommand(StudioCommand):
    """A photo was painted on."""

    def __init__(self, document: SceneDocument, label: str, sheet: PhotoSheet, delta: MaskDelta) -> None:
        super().__init__(document, label)
        self._sheet = sheet
        self._delta = delta

    @property
    def bags(self) -> tuple[Bag, ...]:
        return (self._delta.bag,)

    def swap(self, undoing: bool) -> None:
        self._sheet.mask_changed.emit(self._delta.swap(self._sheet.mask))


class PhotoPaint(QObject):
    """The sheets of a scene by the names of photos.

    Signals:
        changed: a `PhotoSheet` and the `Box` of it that was written.
    """

    changed = Signal(object, object)

    def __init__(self, document: SceneDocument) -> None:
        super().__init__(document)
        self._document = document
        self._sheets: dict[str, dict[tuple[int, ...], PhotoSheet]] = {}
        self._held: dict[PhotoSheet, tuple[int, MaskArray]] = {}

    def sheet(self, photo: ScenePhoto) -> PhotoSheet:
        """The sheet of a photo; empty at first. Where cameras were fitted to a copy of another size, the new
        sheet begins with what is painted on the old one."""
        of_name = self._sheets.setdefault(photo.name, {})
        sheet = of_name.get((photo.height, photo.width))
        if sheet is None:
            sheet = PhotoSheet(self._document, photo)
            for older in of_name.values():
                sheet.mask.replace(resized(older.mask.data, sheet.mask.shape))
            of_name[photo.height, photo.width] = made = sheet
            sheet.mask_changed.connect(lambda box: self.changed.emit(made, box))
        return sheet

    @property
    def _present(self) -> list[PhotoSheet]:
        """The sheets of the photos that the scene has now, as far as there are any."""
        return [self.sheet(photo) for photo in self._document.work.scene.photos if photo.name in self._sheets]

    @property
    def count(self) -> int:
        """How many photos are painted on."""
        return len(self.names)

    @property
    def names(self) -> set[str]:
        """The photos that are painted on."""
        return {sheet.name for sheet in self._present if sheet.mask.selected_count}

    def painted(self) -> dict[str, MaskArray]:
        """Copies of the masks that hold something, by space."""
        return {sheet.space: sheet.mask.snapshot() for sheet in self._present if sheet.mask.selected_count}

    def snapshots(self) -> dict[str, MaskArray]:
        """Like `painted`, by the names of photos; a mask that is what it was is the same object again."""
        return {
            sheet.name: self._snapshot(sheet)
            for sheet in self._present
            if sheet.mask.selected_count or sheet.mask.editing
        }

    def take_over(self, photos: Mapping[str, ScenePhoto], masks: Mapping[str, MaskArray]) -> None:
        """Begin with these masks by photo; no undo step."""
        for name, array in masks.items():
            self.sheet(photos[name]).mask.replace(array)

    def _snapshot(self, sheet: PhotoSheet) -> MaskArray:
        mask = sheet.mask
        if mask.editing:
            return mask.snapshot()
        if sheet not in self._held or self._held[sheet][0] != mask.revision:
            self._held[sheet] = mask.revision, mask.snapshot()
        return self._held[sheet][1]


def resized(mask: MaskArray, shape: tuple[int, ...]) -> MaskArray:
    """A mask ``(H, W)`` over a copy of the photo of another size, averaged."""
    import cv2

    return cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_AREA).astype(np.uint8)
