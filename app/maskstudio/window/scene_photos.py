"""The photos of a scene in its viewport: which one lies over the render, and what is painted on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.contract import Box
from maskengines.subjects.scene import TEST, TRAIN, ScenePhoto
from maskengines.subjects.scene_photos import read_photo
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QColor

from maskstudio.canvas.scene_photo import PhotoGround
from maskstudio.panels.photo_bar import PhotoBar
from maskstudio.panels.photo_strip import PhotoStrip

if TYPE_CHECKING:
    from maskstudio.canvas.scene_view import SceneView
    from maskstudio.documents.photo_paint import PhotoSheet
    from maskstudio.documents.scene_document import SceneDocument
    from maskstudio.window.main_window import MainWindow

Array = np.ndarray[Any, Any]

_HALF = 0.5
_DOTS_MS = 200


class ScenePhotos(QObject):
    """While a photo shows, tools paint on it. It is seen from its own camera, so moving the eye leaves it."""

    def __init__(self, window: MainWindow, document: SceneDocument, view: SceneView) -> None:
        super().__init__(view)
        self.learned_shown = True
        self._window = window
        self._document = document
        self._view = view
        self._ground: PhotoGround | None = None
        self._wipe = _HALF
        self._learned: Mapping[str, Array] = document.work.learned
        self._overlay = QColor("red"), 0.5
        self._painted_later = QTimer(self, singleShot=True, interval=_DOTS_MS)
        self._painted_later.timeout.connect(self._tell_painted)
        self.strip = PhotoStrip()
        """The photos as small pictures, below the viewport."""
        self.strip_shown = True
        self.strip.chosen.connect(self.show)
        self._bar = PhotoBar(view)
        self._bar.stepped.connect(self.step)
        self._bar.closed.connect(self.leave)
        self._bar.learned_toggled.connect(self.show_learned)
        view.camera_clicked.connect(self._clicked)
        view.photo_left.connect(self._left)
        document.paint.changed.connect(self._painted)
        document.scene_changed.connect(self._scene_changed)
        self._fill_strip()

    @property
    def photos(self) -> tuple[ScenePhoto, ...]:
        """All photos, in their order."""
        return self._document.work.scene.photos

    @property
    def shown(self) -> ScenePhoto | None:
        """The photo that shows."""
        return self._ground.photo if self._ground is not None else None

    @property
    def sheet(self) -> PhotoSheet | None:
        """The mask of the photo that shows."""
        return self._document.paint.sheet(self._ground.photo) if self._ground is not None else None

    # --- coming and going -----------------------------------------------------------------------

    def show(self, photo: ScenePhoto) -> None:
        """Look at a photo: from its camera, or where that is not known, at the photo alone."""
        if self._ground is not None:
            self._wipe = self._ground.wipe
        ground = PhotoGround(photo, self._document.paint.sheet(photo), self._wipe)
        ground.set_overlay(*self._overlay)
        ground.learned = self._mask_of(photo)
        self._ground = ground
        self._view.show_photo(ground)
        numbers = [each.name for each in self.photos]
        self._bar.show()
        self._bar.tell(photo.name, numbers.index(photo.name) + 1, len(numbers), photo.split)
        self._tell_learned()
        self.strip.show_current(photo)
        self._window.background.do(
            lambda: read_photo(photo), lambda pixels: self._read(ground, pixels), self._window.show_error
        )
        self._equip()

    def show_nearest(self) -> None:
        """Look at the photo that was taken nearest to where the eye is, one that is learned from if there is
        any; without cameras, at the first."""
        scene = self._document.work.scene
        placed = scene.placed(TRAIN) or scene.placed(TEST)
        eye = self._view.eye.camera(1, 1).position
        if placed:
            self.show(min(placed, key=lambda photo: float(np.linalg.norm(_place(photo) - eye))))
        elif self.photos:
            self.show(self.photos[0])

    def step(self, by: int) -> None:
        """Look at the photo so many further on, around the end; at the nearest where none shows."""
        if self._ground is None:
            self.show_nearest()
            return
        names = [photo.name for photo in self.photos]
        self.show(self.photos[(names.index(self._ground.photo.name) + by) % len(names)])

    def leave(self) -> None:
        """Back to the scene; the eye stays where it is."""
        self._view.leave_photo()

    def _clicked(self, number: int) -> None:
        self.show([photo for photo in self.photos if photo.camera is not None][number])

    def _left(self) -> None:
        if self._ground is not None:
            self._wipe = self._ground.wipe
            self._ground = None
            self._bar.hide()
            self.strip.show_current(None)
            self._equip()

    def _read(self, ground: PhotoGround, pixels: Array) -> None:
        ground.set_pixels(pixels)
        self._view.update()

    def _equip(self) -> None:
        tools = self._window.tools
        if self._window.scenes.front is not None and self._window.scenes.front.view is self._view:
            tools.equip_scene(self._view)
        self._window.actions_changed()

    # --- what lies over it ----------------------------------------------------------------------

    def set_overlay(self, colour: QColor, opacity: float) -> None:
        """Colour of paint, and its opacity in 0..1."""
        self._overlay = colour, opacity
        self._tell_painted()
        if self._ground is not None:
            self._ground.set_overlay(colour, opacity)
            self._view.update()

    def set_learned(self, masks: Mapping[str, Array]) -> None:
        """What a training takes for clutter, by the names of photos; ``(h, w)`` uint8 of any size."""
        self._learned = masks
        self._relay()

    def show_learned(self, shown: bool) -> None:
        """Draw what a training takes for clutter over the photo, or not."""
        self.learned_shown = shown
        self._relay()
        self._window.actions_changed()

    @property
    def has_learned(self) -> bool:
        """A training has said what of the photo that shows is clutter."""
        return self._ground is not None and self._ground.photo.name in self._learned

    def _relay(self) -> None:
        if self._ground is not None:
            self._ground.learned = self._mask_of(self._ground.photo)
            self._tell_learned()
            self._view.update()

    def _tell_learned(self) -> None:
        self._bar.tell_learned(self.has_learned, self.learned_shown)

    def _mask_of(self, photo: ScenePhoto) -> Array | None:
        return self._learned.get(photo.name) if self.learned_shown else None

    # --- from the document ----------------------------------------------------------------------

    def _painted(self, sheet: PhotoSheet, box: Box) -> None:
        if self._ground is not None and self._ground.sheet is sheet:
            self._view.update(self._ground.box(box))
        self._painted_later.start()
        if self._window.document is self._document:
            self._window.status.show_mask(self._document)
        self._window.actions_changed()

    def _scene_changed(self) -> None:
        self._fill_strip()
        if self._ground is not None and self._ground.photo not in self.photos:
            self.leave()

    # --- the strip ------------------------------------------------------------------------------

    def show_strip(self, shown: bool) -> None:
        """Show the strip below the viewport where there are photos, or not."""
        self.strip_shown = shown
        self._fill_strip()
        self._window.actions_changed()

    def _fill_strip(self) -> None:
        self.strip.set_photos(self.photos)
        self.strip.show_current(self.shown)
        # Without a parent yet it would be a window of its own.
        if self.strip.parentWidget() is not None:
            self.strip.setVisible(self.strip_shown and bool(self.photos))
        self._tell_painted()

    def _tell_painted(self) -> None:
        self.strip.show_painted(self._document.paint.names, self._overlay[0])


def _place(photo: ScenePhoto) -> Array:
    assert photo.camera is not None
    return photo.camera.position
