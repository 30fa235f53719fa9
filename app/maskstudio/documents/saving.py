"""Saving and exporting from a snapshot, off the GUI thread."""

from __future__ import annotations

import logging
import os
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from maskengines.errors import BadInput, Cancelled, EngineFault, StudioError
from PySide6.QtCore import QObject, Qt, Signal

from maskstudio.documents.document import Document

if TYPE_CHECKING:
    from maskstudio.documents.photo_paint import PhotoSheet
    from maskstudio.documents.scene_document import SceneDocument

Work = Callable[[Callable[[float, float, str], None]], None]


class SaveTask(QObject):
    """One file being written.

    Signals (in the GUI thread):
        progress: done, total, text.
        done: the `Path` that was written.
        failed: a `StudioError`; nothing was written and an older file is as it was.
        ended: after either.
    """

    progress = Signal(float, float, str)
    done = Signal(object)
    failed = Signal(object)
    ended = Signal()

    _over = Signal()

    def __init__(self, path: Path, work: Work, after: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.path = path
        self.error: StudioError | None = None
        self._work = work
        self._after = after
        self._stop = threading.Event()
        self._delivered = False
        _running.add(self)
        self._over.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._future: Future[None] = _pool().submit(self._run)

    @property
    def running(self) -> bool:
        return not self._delivered

    def cancel(self) -> None:
        """Stop at the next step if it is not too late; then `failed` brings `Cancelled`."""
        self._stop.set()

    def wait(self) -> bool:
        """Block until the file is written (on quitting, in scripts); whether it went well.

        The signals are sent before this returns.
        """
        self._future.result()
        self._deliver()
        return self.error is None

    def _run(self) -> None:
        try:
            self._work(self._report)
        except StudioError as error:
            self.error = error
        except Exception as error:
            log = "".join(traceback.format_exception(error))
            logging.getLogger(__name__).error("%s", log)
            self.error = EngineFault(f"'{self.path.name}' could not be written. Your work is kept.", log=log)
        self._over.emit()

    def _report(self, done: float, total: float, text: str) -> None:
        if self._stop.is_set():
            raise Cancelled
        self.progress.emit(done, total, text)

    def _deliver(self) -> None:
        if self._delivered:
            return
        self._delivered = True
        _running.discard(self)
        if self.error is not None:
            self.failed.emit(self.error)
        else:
            if self._after is not None:
                self._after()
            self.done.emit(self.path)
        self.ended.emit()


def save_project(document: Document, path: str | os.PathLike[str]) -> SaveTask:
    """Save a document as it is now; the user may go on at once.

    When it is done the document has this path, and counts as saved if nothing was changed meanwhile.

    Raises:
        BadInput: the suffix is not ``.ora`` or the place cannot be written.
    """
    from maskengines.files import check_target
    from maskengines.projects.openraster import save_project as write

    target = Path(path).absolute()
    if target.suffix.lower() != ".ora":
        raise BadInput(f"A project is saved as OpenRaster. Name it '{target.stem or 'project'}.ora'.")
    check_target(target)
    state, position = document.state(), document.undo_position()
    return SaveTask(
        target,
        lambda report: write(state, target, report),
        lambda: document.mark_saved(target, position, state),
    )


def export_scene(document: SceneDocument, path: str | os.PathLike[str]) -> SaveTask:
    """Write the Gaussians of a scene that are not deleted, hidden ones too; the suffix decides the format.

    The document stays what it was: no file of Gaussians holds what is hidden, locked or selected, and some
    hold less of the Gaussians themselves.

    Raises:
        BadInput: there are none, the suffix is unknown, or the place cannot be written.
    """
    from maskengines.subjects.scene import need_gaussians
    from maskengines.subjects.splat_files import check_splat_target, save_gaussians

    target = check_splat_target(Path(path).absolute())
    work = document.work
    need_gaussians(work.scene)

    def write(report: Callable[[float, float, str], None]) -> None:
        report(0, 1, "Writing the scene")
        gaussians = work.kept
        assert gaussians is not None
        save_gaussians(gaussians, target)

    return SaveTask(target, write)


def save_scene_project(document: SceneDocument, path: str | os.PathLike[str]) -> SaveTask:
    """Write a scene as a project folder: Gaussians, those that are deleted in a file of their own, photos'
    paint, and where they are.

    When it is done the document has this path, and counts as saved if nothing was changed meanwhile.

    Raises:
        BadInput: there is something else already, or the name is that of a file of Gaussians.
    """
    from maskengines.projects.scene_reading import is_scene_project
    from maskengines.projects.scene_state import SUFFIX
    from maskengines.projects.scene_writing import SceneFolder
    from maskengines.subjects.splat_files import READABLE_SUFFIXES

    target = Path(path).absolute()
    suffix = target.suffix.lower()
    if suffix not in ("", SUFFIX) and not is_scene_project(target):
        name = target.stem if suffix in (*READABLE_SUFFIXES, ".ora") else target.name
        raise BadInput(
            f"A scene is saved as a project. Name it '{name}{SUFFIX}', or choose File, Export scene."
        )
    if target.exists() and not is_scene_project(target) and not _empty_folder(target):
        raise BadInput(f"There is something else at '{target}'. Choose another name.")
    scene, state, position = document.scene_state(), document.state(), document.undo_position()

    def write(report: Callable[[float, float, str], None]) -> None:
        report(0, 1, "Writing the scene")
        SceneFolder(target).write(scene.without_deleted(), scene.removed)

    return SaveTask(target, write, lambda: document.mark_saved(target, position, state))


def _empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def export_image(document: Document, path: str | os.PathLike[str]) -> SaveTask:
    """Write the picture as it is now, in the format of the suffix, at its own depth, with profile and EXIF
    and what else its file said.

    Raises:
        BadInput: unknown suffix, or the place cannot be written.
    """
    from maskengines.subjects.image_io import check_writable_target, save_image

    target = Path(path).absolute()
    check_writable_target(target)
    subject = document.subject

    def work(report: Callable[[float, float, str], None]) -> None:
        report(0, 1, "Exporting the picture")
        save_image(subject, target)

    return SaveTask(target, work)


def export_mask(document: Document | PhotoSheet, path: str | os.PathLike[str]) -> SaveTask:
    """Write the mask as it is now as an 8-bit grey PNG.

    Raises:
        BadInput: the suffix is not ``.png``, or the place cannot be written.
    """
    from maskengines.masks.files import check_mask_target, save_mask

    target = Path(path).absolute()
    check_mask_target(target)
    mask = document.mask.snapshot()

    def work(report: Callable[[float, float, str], None]) -> None:
        report(0, 1, "Exporting the mask")
        save_mask(mask, target)

    return SaveTask(target, work)


def wait_for_saves() -> None:
    """Block until every file that is being written is there; for quitting."""
    for task in list(_running):
        task.wait()


_running: set[SaveTask] = set()
_executor: ThreadPoolExecutor | None = None


def _pool() -> ThreadPoolExecutor:
    """One thread: two saves of one file never cross."""
    global _executor
    if _executor is None:
        _executor = ThreadPoolExecutor(1, "saving")
    return _executor
