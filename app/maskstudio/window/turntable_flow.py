"""Exports pictures from once around the scene in front."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from maskengines.errors import StudioError
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

if TYPE_CHECKING:
    from maskstudio.jobs.turntable_job import TurntableJob
    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.scene_flow import SceneFlow
    from maskstudio.window.turntable_dialog import TurntableWish

ENGINE = "render-scene"
NOT_READY = "The engines are still loading"


class TurntableFlow:
    """One export after the other: each is a job of its own."""

    def __init__(self, window: MainWindow, scenes: SceneFlow) -> None:
        self._window = window
        self._scenes = scenes
        self._wish: TurntableWish | None = None
        self.running: list[TurntableJob] = []

    def ask(self) -> None:
        """Ask how and where to, and begin."""
        from maskstudio.window import dialogs

        front = self._scenes.front
        if front is None:
            return
        wish = dialogs.ask_turntable(self._window, self._proposed())
        if wish is None:
            return
        self._wish = wish
        target = self._ask_target(wish)
        if target is not None:
            self.begin(wish, target)

    def _proposed(self) -> TurntableWish:
        """As it was asked for last, from how high the scene is looked at now."""
        from maskstudio.turntables import STEEPEST, Turntable
        from maskstudio.window.turntable_dialog import TurntableWish

        assert self._scenes.front is not None
        orbit = self._scenes.front.view.eye.orbit
        last = self._wish or TurntableWish(Turntable())
        elevation = min(max(round(orbit.pitch), -STEEPEST), STEEPEST)
        return replace(last, table=replace(last.table, elevation=elevation, start=orbit.yaw))

    def _ask_target(self, wish: TurntableWish) -> Path | None:
        from maskstudio.window import dialogs

        window, document = self._window, self._scenes.document
        if not wish.film:
            return dialogs.ask_folder(window, "Folder for the pictures", window.settings.folder)
        title = document.title if document is not None else "scene"
        proposal = Path(window.settings.folder) / f"{Path(title).stem}-turn.mp4"
        return dialogs.ask_save(window, "Export turntable", proposal, "Film (*.mp4)")

    def begin(self, wish: TurntableWish, target: Path) -> None:
        """Render what shows of the scene in front, in the background."""
        from maskstudio.jobs.turntable_job import TurntableJob
        from maskstudio.picture_sequences import Film, PictureFolder, Sequence

        document, service, table = self._scenes.document, self._window.engines.service, wish.table
        if document is None or service is None or document.work.scene.gaussians is None:
            return
        work, scene = document.work, document.work.scene
        assert scene.gaussians is not None
        # The middle is that of the whole scene, and what is hidden is not in the pictures.
        records = [camera.to_record() for camera in table.cameras(scene)]
        shown = replace(scene, gaussians=scene.gaussians.take(work.shown), photos=())

        def open_target() -> Sequence:
            if wish.film:
                return Film(target, table.width, table.height)
            return PictureFolder(target, table.frames)

        item = service.submit(
            ENGINE, shown, {}, {"cameras": records, "background": wish.background}, count=table.frames
        )
        job = TurntableJob(item, table.frames, open_target, self._window)
        self.running.append(job)
        job.done.connect(lambda paths: self._done(job, paths))
        job.failed.connect(lambda error: self._failed(job, error))

    def close(self) -> None:
        """The window closes."""
        for job in self.running:
            job.close()
        self.running = []

    def _done(self, job: TurntableJob, paths: list[Path]) -> None:
        self.running.remove(job)
        folder = paths[0].parent
        said = f"Exported “{paths[0].name}”." if len(paths) == 1 else f"Exported {len(paths)} pictures."
        self._window.banner.offer(
            said, {"Show": lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))}
        )

    def _failed(self, job: TurntableJob, error: StudioError) -> None:
        self.running.remove(job)
        self._window.show_error(error)

    def needed(self) -> str | None:
        """Why a turntable cannot be exported."""
        service = self._window.engines.service
        ready = service is not None and service.ready
        return self._scenes.needs_gaussians() or (None if ready else NOT_READY)
