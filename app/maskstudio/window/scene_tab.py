"""What a tab with a scene shows, and what ties the viewport to the document and to its engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.errors import BadInput
from maskengines.results.scenes import learned_masks, scene_from_candidate
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.scene import SceneSubject
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from maskstudio.canvas.scene_eye import MOVING_SHARE
from maskstudio.canvas.scene_view import SceneView
from maskstudio.window.scene_asking import SceneAsking
from maskstudio.window.scene_edits import SceneEdits
from maskstudio.window.scene_photos import ScenePhotos

if TYPE_CHECKING:
    from maskengines.contract import Candidate
    from maskengines.subjects.cameras import Camera
    from maskengines.subjects.gaussians import Gaussians

    from maskstudio.documents.scene_document import SceneDocument
    from maskstudio.jobs.scene_link import SceneLink
    from maskstudio.jobs.service import JobService
    from maskstudio.window.main_window import MainWindow

Array = np.ndarray[Any, Any]

SHOW_WAIT_MS = 300


class SceneTab(QObject):
    """One scene in one tab. While the tab is at the back its job rests, so that the worker is free for the
    scene in front."""

    def __init__(self, window: MainWindow, document: SceneDocument) -> None:
        super().__init__(document)
        self.document = document
        self.view = SceneView()
        self.photos = ScenePhotos(window, document, self.view)
        self.widget = _stacked(self.view, self.photos.strip)
        """What the tab holds."""
        self.photos.strip.setVisible(bool(document.work.scene.photos))
        self.asking = SceneAsking(window, self)
        self.edits = SceneEdits(window, self)
        self._window = window
        self._link: SceneLink | None = None
        self._shown: Gaussians | None = None
        self._tried: Gaussians | None = None
        self._preview: Array | None = None
        self._tint = QColor("red")
        self._late = QTimer(self, singleShot=True, interval=SHOW_WAIT_MS)
        self._late.timeout.connect(self._say_wait)
        self.view.set_scene(document.work.scene)
        self.view.wanted.connect(self._want)
        self.view.awake_changed.connect(self._wake)
        self.view.rested.connect(self._rested)
        document.scene_changed.connect(self._work_changed)
        self._say_wait()

    # --- what the window calls ------------------------------------------------------------------

    def tie(self, service: JobService) -> None:
        """The engines are there: draw from now on; once."""
        from maskstudio.jobs.scene_link import SceneLink
        from maskstudio.window.card_frames import CardFrames

        link = self._link = SceneLink(service, CardFrames(self._window.scenes.card, self), self)
        link.frame.connect(self._frame_came)
        link.failed.connect(self._failed)
        self.asking.tie(link)
        self.edits.tie(link)
        self._wake(self.view.isVisible())

    @property
    def trying(self) -> bool:
        """A candidate shows in place of the document's Gaussians."""
        return self._tried is not None

    def set_overlay(self, colour: QColor, opacity: float) -> None:
        """Colour of paint and of what is selected."""
        self.view.hand.set_overlay(colour, opacity)
        self.photos.set_overlay(colour, opacity)
        if colour != self._tint:
            self._tint = colour
            self._tell()

    def try_on(self, candidate: Candidate | None) -> None:
        """Show the Gaussians of a candidate in place of the document's, or these again."""
        tried = None
        learned: Mapping[str, Array] = self.document.work.learned
        if candidate is not None and candidate.kind == "scene":
            try:
                result = scene_from_candidate(candidate)
                tried, learned = result.gaussians, learned_masks(result) or learned
            except BadInput:
                tried = None  # told where it is kept in earnest
        self.photos.set_learned(learned)
        if tried is not self._tried:
            self._tried = tried
            self._show_scene()
            self._say_wait()

    @property
    def gaussians(self) -> Gaussians | None:
        """What the viewport shows: those of a candidate that is tried on, else the document's."""
        return self._tried if self._tried is not None else self.document.work.scene.gaussians

    def preview_selection(self, selected: Array | None) -> None:
        """Tint this, ``(N,)`` bool, as if it were selected; None for what is."""
        self._preview = selected
        self._tell()

    def close(self) -> None:
        """The tab is being closed."""
        if self._link is not None:
            self._link.close()

    # --- to the worker --------------------------------------------------------------------------

    def _wake(self, awake: bool) -> None:
        if self._link is None:
            return
        if awake:
            self._show_scene()
        else:
            self._link.close()
            self._shown = None

    def _show_scene(self) -> None:
        gaussians = self.gaussians
        if self._link is None or gaussians is self._shown or not self.view.isVisible():
            return
        self._shown = gaussians
        if gaussians is None:
            self.view.clear_frame()
            self._link.show(None)
            return
        # Photos are of no use to the worker that draws.
        self._link.show(SceneSubject(gaussians))
        self._tell()
        self.view.eye.refresh()
        self._late.start()

    def _tell(self) -> None:
        work = self.document.work
        if self._link is not None and len(work) and work.scene.gaussians is self._shown:
            tint = self._tint.redF(), self._tint.greenF(), self._tint.blueF()
            selected = work.selected if self._preview is None else self._preview
            self._link.tell(work.shown, selected, work.locked, tint)

    def _want(self, camera: Camera) -> None:
        if self._link is not None:
            self.view.expect(self._link.look(camera))

    # --- from the worker ------------------------------------------------------------------------

    def _frame_came(self, frame: Any) -> None:
        self._late.stop()
        assert self._link is not None
        self.view.eye.moving_share = 1.0 if self._link.by_card else MOVING_SHARE
        if not self.asking.open:
            self.view.hand.answered()
        self.view.show_frame(frame)

    def _failed(self, error: Any) -> None:
        self._late.stop()
        self.view.show_message(self.tr("The scene cannot be drawn"), error.message)
        self._window.show_error(error)

    def _rested(self, image: QImage) -> None:
        opaque = image.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(opaque.constBits(), np.uint8).reshape(opaque.height(), opaque.bytesPerLine())
        pixels = rows[:, : 3 * opaque.width()].reshape(opaque.height(), opaque.width(), 3).copy()
        self.document.take_picture(ImageSubject(pixels))

    # --- showing --------------------------------------------------------------------------------

    def _work_changed(self) -> None:
        self._preview = None
        if self.document.work.scene.cameras != self.view.cameras:
            # They were found, or that was undone.
            self.view.set_scene(self.document.work.scene)
        if self._tried is None:
            self.photos.set_learned(self.document.work.learned)
        if self.gaussians is not self._shown:
            self._show_scene()
        else:
            self._tell()
        self._window.actions_changed()
        self._window.status.show_document(self._window.document)
        self._say_wait()

    def _say_wait(self) -> None:
        scene = self.document.work.scene
        if self.gaussians is None and scene.photos and not scene.cameras:
            self.view.show_message(
                self.tr("No cameras yet"),
                self.tr("Choose Scene, Find the cameras: then it is known where the photos were taken from."),
            )
        elif self.gaussians is None:
            self.view.show_message(
                self.tr("No Gaussians yet"),
                self.tr(
                    "Choose “Clean scene” at the right and press Run: the scene appears here while it trains."
                ),
            )
        else:
            self.view.show_message(
                self.tr("Getting the renderer ready…"), self.tr("The first time takes longer.")
            )


def _stacked(view: QWidget, strip: QWidget) -> QWidget:
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(view, 1)
    column.addWidget(strip)
    return whole
