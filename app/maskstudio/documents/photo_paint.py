"""What is painted over the photos of a scene: one soft mask each, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from maskengines.contract import Box, MaskArray
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
        self._sheets: dict[str, PhotoSheet] = {}
        self._held: dict[str, tuple[int, MaskArray]] = {}

    def sheet(self, photo: ScenePhoto) -> PhotoSheet:
        """The sheet of a photo; empty at first."""
        sheet = self._sheets.get(photo.name)
        if sheet is None:
            sheet = self._sheets[photo.name] = PhotoSheet(self._document, photo)
            made = sheet
            sheet.mask_changed.connect(lambda box: self._tell(made, box))
        return sheet

    def painted(self) -> dict[str, MaskArray]:
        """Copies of the masks that hold something, by space."""
        return {
            sheet.space: sheet.mask.snapshot() for sheet in self._sheets.values() if sheet.mask.selected_count
        }

    @property
    def count(self) -> int:
        """How many photos are painted on."""
        return sum(sheet.mask.selected_count > 0 for sheet in self._sheets.values())

    def snapshots(self) -> dict[str, MaskArray]:
        """Like `painted`, by the names of photos; a mask that is what it was is the same object again."""
        found = {}
        for sheet in self._sheets.values():
            if sheet.mask.selected_count or sheet.mask.editing:
                revision, array = self._held.get(sheet.name, (-1, None))
                if array is None or sheet.mask.editing or revision != sheet.mask.revision:
                    array = sheet.mask.snapshot()
                    self._held[sheet.name] = -1 if sheet.mask.editing else sheet.mask.revision, array
                found[sheet.name] = array
        return found

    def take_over(self, photos: Mapping[str, ScenePhoto], masks: Mapping[str, MaskArray]) -> None:
        """Begin with these masks by photo; no undo step."""
        for name, array in masks.items():
            self.sheet(photos[name]).mask.replace(array)

    def _tell(self, sheet: PhotoSheet, box: Box) -> None:
        self.changed.emit(sheet, box)
