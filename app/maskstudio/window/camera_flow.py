"""Where the photos of a scene were taken from: offered when a folder of photos is opened, found while one
goes on working."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from maskengines.errors import StudioError
from maskengines.results.tables import TableResult

if TYPE_CHECKING:
    from maskengines.contract import Candidate
    from maskengines.subjects.scene_formats.found import OpenedScene

    from maskstudio.documents.scene_document import SceneDocument
    from maskstudio.jobs.asking import Asker
    from maskstudio.jobs.item import JobItem
    from maskstudio.window.document_view import DocumentView
    from maskstudio.window.main_window import MainWindow

ENGINE = "find-cameras"
FIND = "Find the cameras"
NO_PHOTOS = "This scene has no photos: open a folder of photos"
KNOWN = "The cameras of these photos are known"
NOTE_SECONDS = 12.0


class CameraFlow:
    """Has the engine look for cameras, and gives a scene what it found, as one undo step."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._followed: JobItem | None = None

    def tie(self, view: DocumentView, asker: Asker) -> None:
        """Whenever cameras of a scene are found, by this command or by the engine's panel, it takes them."""
        document = _scene(view)
        if document is not None:
            asker.running_changed.connect(lambda: self._follow(document, asker.job))

    def offer(self, view: DocumentView, notes: Sequence[str]) -> bool:
        """Offer to find the cameras of a scene that was just opened, where none is known.

        Args:
            notes: sentences on the opening, told with it.
        """
        document = _scene(view)
        if document is None or _cannot(document) is not None:
            return False
        count = len(document.work.scene.photos)
        told = f"Where these {count} photos were taken from is not known yet. It takes some minutes to find."

        def find() -> None:
            if view in self._window.views:
                self._window.show_view(view)
                self._window.registry.run("scene.find-cameras")

        self._window.banner.offer(" ".join((*notes, told)), {FIND: find})
        return True

    def cannot_find(self) -> str | None:
        """Why cameras cannot be looked for."""
        from maskstudio.window.engine_flow import LOADING

        document = self._window.scenes.document
        if document is None:
            return self._window.scenes.needs_scene()
        reason = _cannot(document)
        if reason is None and (
            self._window.engines.service is None or not self._window.engines.service.ready
        ):
            return LOADING
        return reason or ("Already at work: Esc cancels" if self._window.engines.running else None)

    def find(self) -> None:
        """Look for the cameras of the scene in front."""
        asker = self._window.engines.asker
        if asker is not None:
            asker.run(ENGINE, {}, 1, 0)

    def _follow(self, document: SceneDocument, job: JobItem | None) -> None:
        if job is None or job is self._followed or job.engine_id != ENGINE:
            return
        self._followed, before = job, document.work.scene
        job.candidate.connect(lambda candidate: self._found(document, before, candidate))

    def _found(self, document: SceneDocument, before: object, candidate: Candidate) -> None:
        try:
            table = TableResult.read(candidate.result)
        except StudioError as error:
            self._window.show_error(error)
            return

        def read() -> OpenedScene:
            from maskengines.subjects.scene_files import load_scene

            return load_scene(Path(str(table.facts["folder"])))

        def done(opened: OpenedScene) -> None:
            open_still = any(view.document is document for view in self._window.views)
            if not open_still or document.work.scene is not before:
                return  # it was closed, or is another scene by now
            document.replace_scene(opened.subject.with_gaussians(document.work.scene.gaussians), FIND)
            told = [note.text for note in table.notes if note.role in ("good", "warning")]
            self._window.banner.tell(" ".join(told), seconds=NOTE_SECONDS)

        self._window.background.do(read, done, self._window.show_error)


def _scene(view: DocumentView) -> SceneDocument | None:
    from maskstudio.documents.scene_document import SceneDocument

    return view.document if isinstance(view.document, SceneDocument) else None


def _cannot(document: SceneDocument) -> str | None:
    scene = document.work.scene
    if not scene.photos:
        return NO_PHOTOS
    return KNOWN if scene.cameras else None
