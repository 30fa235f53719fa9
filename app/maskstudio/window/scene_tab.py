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

from maskstudio.canvas.scene_view import SceneView
from maskstudio.window.scene_photos import ScenePhotos

if TYPE_CHECKING:
    from maskengines.contract import Candidate, MaskArray
    from maskengines.subjects.cameras import Camera
    from maskengines.subjects.gaussians import Gaussians

    from maskstudio.documents.scene_document import SceneDocument, SceneWork
    from maskstudio.jobs.scene_link import SceneLink
    from maskstudio.jobs.service import JobService
    from maskstudio.window.main_window import MainWindow

Array = np.ndarray[Any, Any]

SHOW_WAIT_MS = 300
REACHES = ("visible", "band", "through")


class SceneTab(QObject):
    """One scene in one tab. While the tab is at the back its job rests, so that the worker is free for the
    scene in front."""

    def __init__(self, window: MainWindow, document: SceneDocument) -> None:
        super().__init__(document)
        self.document = document
        self.view = SceneView()
        self.photos = ScenePhotos(window, document, self.view)
        self.reach = "band"
        """How far paint reaches, one of `REACHES`."""
        self._window = window
        self._link: SceneLink | None = None
        self._shown: Gaussians | None = None
        self._tried: Gaussians | None = None
        self._asked: tuple[SceneWork, str] | None = None
        self._tint = QColor("red")
        self._late = QTimer(self, singleShot=True, interval=SHOW_WAIT_MS)
        self._late.timeout.connect(self._say_wait)
        self.view.set_scene(document.work.scene)
        self.view.wanted.connect(self._want)
        self.view.painted.connect(self._painted)
        self.view.awake_changed.connect(self._wake)
        self.view.rested.connect(self._rested)
        document.scene_changed.connect(self._work_changed)
        self._say_wait()

    # --- what the window calls ------------------------------------------------------------------

    def tie(self, service: JobService) -> None:
        """The engines are there: draw from now on; once."""
        from maskstudio.jobs.scene_link import SceneLink

        link = self._link = SceneLink(service, self)
        link.frame.connect(self._frame_came)
        link.answered.connect(self._answered)
        link.failed.connect(self._failed)
        link.busy_changed.connect(self._window.actions_changed)
        self._wake(self.view.isVisible())

    @property
    def asking(self) -> bool:
        """Paint waits to become a selection."""
        return self._link is not None and self._link.asking

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

    def neighbours(self, what: str, label: str) -> None:
        """Grow or shrink the selection by neighbours."""
        self._ask(what, label)

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
            self._link.tell(work.shown, work.selected, tint)

    def _want(self, camera: Camera) -> None:
        if self._link is not None:
            self.view.expect(self._link.look(camera))

    def _painted(self, mask: MaskArray, takes_away: bool) -> None:
        height, width = mask.shape
        self._ask(
            "paint",
            self.tr("Deselect by paint") if takes_away else self.tr("Select by paint"),
            camera=_record(self.view.eye.camera(width, height)),
            mask=mask,
            reach=self.reach,
            how="subtract" if takes_away else "add",
        )

    def _ask(self, what: str, label: str, **more: Any) -> None:
        work = self.document.work
        if self._tried is not None:
            self.view.hand.answered()
            self._window.banner.tell(
                self.tr("This is a candidate. Keep it first (Enter), then select in it.")
            )
            return
        if self._link is not None and self._link.ask(work.selected, what, **more):
            self._asked = work, label
        else:
            self.view.hand.answered()
            self._window.banner.tell(
                self.tr("The last stroke is still being looked at. Try again in a moment.")
            )

    # --- from the worker ------------------------------------------------------------------------

    def _frame_came(self, frame: Any) -> None:
        self._late.stop()
        if self._asked is None:
            self.view.hand.answered()
        self.view.show_frame(frame)

    def _answered(self, selected: Array) -> None:
        asked, self._asked = self._asked, None
        # Something else was selected, deleted or undone meanwhile: that was later, so it counts.
        if asked is None or asked[0] is not self.document.work:
            self.view.hand.answered()
            return
        if not self.document.change(asked[1], selected=selected):
            self.view.hand.answered()

    def _failed(self, error: Any) -> None:
        self._asked = None
        self._late.stop()
        self.view.hand.answered()
        self.view.show_message(self.tr("The scene cannot be drawn"), error.message)
        self._window.show_error(error)

    def _rested(self, image: QImage) -> None:
        opaque = image.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(opaque.constBits(), np.uint8).reshape(opaque.height(), opaque.bytesPerLine())
        pixels = rows[:, : 3 * opaque.width()].reshape(opaque.height(), opaque.width(), 3).copy()
        self.document.take_picture(ImageSubject(pixels))

    # --- showing --------------------------------------------------------------------------------

    def _work_changed(self) -> None:
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


def _record(camera: Camera) -> dict[str, Any]:
    return camera.to_record() | {"near": camera.near}
