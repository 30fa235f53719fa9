"""The autosave journal of a scene: a project folder of its own, a fraction of a second behind the user."""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maskengines.errors import BadInput
from maskengines.projects import records
from maskengines.projects.journal import FORMAT, Identity
from maskengines.projects.owner import Ownership, acquire, owned_folder
from maskengines.projects.scene_reading import is_scene_project, load_scene_project
from maskengines.projects.scene_state import PROJECT, SceneState
from maskengines.projects.scene_writing import SceneFolder

RETRY = 5.0
_PREFIX, _IDENTITY, _WORK = "scene-", "document.json", "work"
_log = logging.getLogger(__name__)


class SceneJournal:
    """One journal folder, held by this process. Every method may raise ``OSError`` or `BadInput`."""

    def __init__(self, folder: Path, ownership: Ownership) -> None:
        self.folder = folder
        self._ownership = ownership
        self._work = SceneFolder(folder / _WORK)
        self._described: Identity | None = None

    @classmethod
    def begin(cls, root: Path) -> SceneJournal:
        """An empty one under ``root``."""
        return cls(*owned_folder(root, _PREFIX))

    def write(self, identity: Identity, state: SceneState) -> None:
        """Hold ``state``; what has not changed since the last time costs nothing."""
        if identity != self._described:
            told = {
                "format": FORMAT,
                "title": identity.title,
                "path": str(identity.path) if identity.path else None,
                "source_path": str(identity.source_path) if identity.source_path else None,
            }
            step = self.folder / f"{_IDENTITY}.new"
            step.write_bytes(records.to_json(told))
            step.replace(self.folder / _IDENTITY)
            self._described = identity
        self._work.write(state)

    def discard(self) -> None:
        """Delete it: the scene is saved, or the user does not want it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._ownership.release()

    def close(self) -> None:
        """Let go of the folder and leave it for recovery."""
        self._ownership.release()


class SceneAutosave:
    """Tell it what the scene is, from the thread that edits; a thread of its own writes the newest.

    Args:
        journal: a recovered one to go on with.
    """

    def __init__(
        self, root: Path, identity: Callable[[], Identity], journal: SceneJournal | None = None
    ) -> None:
        self._root = root
        self._identity = identity
        self._journal = journal
        self._changed = threading.Condition()
        self._state: SceneState | None = None
        self._drop = self._busy = self._closing = False
        self._thread: threading.Thread | None = None
        self.trouble: str | None = None
        """Why the last attempt to write failed, or ``None``."""

    def changed(self, state: SceneState) -> None:
        """The scene is now this, and not as it is on the disk."""
        self._tell(state, drop=False)

    def saved(self) -> None:
        """The scene is on the disk as it is: the journal goes, and the next change begins another."""
        self._tell(None, drop=True)

    def flush(self) -> None:
        """Block until everything told so far is on the disk (or could not be written)."""
        with self._changed:
            self._changed.wait_for(
                lambda: not self._busy and not self._drop and (self._state is None or bool(self.trouble)), 60
            )

    def close(self) -> None:
        """End the thread and delete the journal: the user has closed the scene."""
        journal = self._end()
        if journal is not None:
            journal.discard()

    def abandon(self) -> None:
        """End the thread and leave the journal for recovery."""
        self.flush()
        journal = self._end()
        if journal is not None:
            journal.close()

    def _tell(self, state: SceneState | None, *, drop: bool) -> None:
        with self._changed:
            if self._closing:
                return
            self._state, self._drop = state, self._drop or drop
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="scene autosave", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _end(self) -> SceneJournal | None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        journal, self._journal = self._journal, None
        return journal

    def _run(self) -> None:
        while True:
            with self._changed:
                if self.trouble:
                    self._changed.wait(RETRY)
                self._changed.wait_for(lambda: self._closing or self._drop or self._state is not None)
                if self._closing:
                    return
                state, drop = self._state, self._drop
                self._state, self._drop, self._busy = None, False, True
            if drop and self._journal is not None:
                self._journal.discard()
                self._journal = None
            failed = state is not None and not self._write(state)
            with self._changed:
                if failed and self._state is None and not self._drop:
                    self._state = state
                self._busy = False
                self._changed.notify_all()

    def _write(self, state: SceneState) -> bool:
        try:
            if self._journal is None:
                self._journal = SceneJournal.begin(self._root)
            self._journal.write(self._identity(), state)
        except Exception as error:
            # Whatever it was, the thread must live to try again.
            _log.warning("autosave failed", exc_info=True)
            self.trouble = str(error) or "unknown"
            return False
        self.trouble = None
        return True


@dataclass(frozen=True)
class SceneLeftover:
    """A journal of a scene that nobody writes any more; ``changed`` in seconds since the epoch."""

    folder: Path
    identity: Identity
    changed: float

    def recover(self) -> tuple[SceneState, tuple[str, ...], SceneJournal]:
        """Take it over: the scene, sentences for the user, and the journal to go on with.

        Raises:
            BadInput: another studio took it, or it is damaged; it then stays where it is.
        """
        ownership = acquire(self.folder)
        if ownership is None:
            raise BadInput(f"'{self.identity.title}' is being recovered in another window already.")
        try:
            state, notes = load_scene_project(self.folder / _WORK)
        except BaseException:
            ownership.release()
            raise
        return state, notes, SceneJournal(self.folder, ownership)

    def discard(self) -> None:
        """Delete it for good, unless a living process has taken it."""
        ownership = acquire(self.folder)
        if ownership is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            ownership.release()


def scene_leftovers(root: Path) -> list[SceneLeftover]:
    """Journals of scenes under ``root`` of processes that are gone, newest first; empty ones are removed."""
    found = []
    for folder in sorted(root.glob(f"{_PREFIX}*")) if root.is_dir() else ():
        ownership = acquire(folder)
        if ownership is None:
            continue
        try:
            if not is_scene_project(folder / _WORK):
                shutil.rmtree(folder, ignore_errors=True)
                continue
            changed = (folder / _WORK / PROJECT).stat().st_mtime
            found.append(SceneLeftover(folder, _identity_of(folder), changed))
        finally:
            ownership.release()
    return sorted(found, key=lambda each: -each.changed)


def _identity_of(folder: Path) -> Identity:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        told = json.loads((folder / _IDENTITY).read_bytes())
        path, source = told["path"], told["source_path"]
        return Identity(str(told["title"]), Path(path) if path else None, Path(source) if source else None)
    return Identity(folder.name, None, None)
