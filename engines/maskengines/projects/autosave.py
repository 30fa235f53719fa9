"""Keeps a journal of a document in a thread of its own, a fraction of a second behind the user."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from maskengines.contract import Box
from maskengines.masks.mask import Mask, MaskArray
from maskengines.masks.tiles import Key
from maskengines.projects.journal import Identity, Journal, Origin, Work
from maskengines.projects.state import ProjectState

DELAY = 0.3
RETRY = 5.0
COMPACT_ABOVE = 256 << 20
SETTLE = 0.002
"""Seconds after which whoever was writing to the mask while it was read has told of it."""
_READS = 5
_AT_ONCE = 64 << 20
"""Bytes of tiles that are copied to be of one moment; a larger change is read as it is packed."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Start:
    """Where a journal starts: ``base`` is the document just as ``origin`` holds it; ``journal`` is a
    recovered one to go on with."""

    base: ProjectState
    origin: Origin | None = None
    journal: Journal | None = None


class Autosave:
    """Tell it what changed, from the thread that edits; it costs that thread next to nothing.

    The mask is read while the user goes on. What was written meanwhile is told afterwards; then all that has
    changed is read again, so that a crash does not leave half of a stroke. Somebody who never pauses gets
    what the last of a few readings saw, and the rest with the next batch.
    """

    def __init__(self, root: Path, mask: Mask, identity: Callable[[], Identity], start: Start) -> None:
        self._root = root
        self._mask = mask
        self._identity = identity
        self._base = start.base
        self._origin = start.origin
        self._journal = start.journal
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._boxes: list[Box] = []
        self._work: Work | None = None
        self._latest = _work_of(start.base)
        self._restart: Start | None = None
        self._unwritten: set[Key] = set()
        self._unwritten_work: Work | None = None
        self._compact_above = COMPACT_ABOVE
        self._busy = False
        self._closing = False
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble: str | None = None
        """Why the last attempt to write failed, or ``None``."""

    @property
    def base(self) -> ProjectState:
        """The document as it was opened or saved last: what is on the disk for good."""
        with self._lock:
            return self._base if self._restart is None else self._restart.base

    def mask_changed(self, box: Box) -> None:
        """Elements of ``box`` were written."""
        with self._lock:
            self._boxes.append(box)
        self._start()

    def work_changed(self, work: Work) -> None:
        """Layers, candidates, settings or the pose are now these."""
        with self._lock:
            self._work = work
        self._start()

    def flush(self) -> None:
        """Block until everything told so far is on the disk (or could not be written)."""
        self._hurry.set()
        with self._idle:
            self._idle.wait_for(lambda: not self._pending(), timeout=60)
        self._hurry.clear()

    def saved(self, start: Start) -> None:
        """The document is on disk just as it is now: the journal so far goes, soon, and a new one
        begins with the next change."""
        with self._lock:
            self._boxes, self._work, self._restart = [], None, start
        self._start()

    def close(self) -> None:
        """End the thread and delete the journal: the user has closed the document."""
        journal = self._end()
        if journal is not None:
            journal.discard()

    def abandon(self) -> None:
        """End the thread and leave the journal for recovery."""
        self.flush()
        journal = self._end()
        if journal is not None:
            journal.close()

    def _end(self) -> Journal | None:
        self._closing = True
        self._wake.set()
        self._hurry.set()
        if self._thread is not None:
            self._thread.join()
        journal, self._journal = self._journal, None
        return journal

    def _pending(self) -> bool:
        return self._busy or bool(self._boxes) or self._work is not None or self._restart is not None

    def _start(self) -> None:
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._run, name="autosave", daemon=True)
            self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(RETRY if self.trouble else None)
            self._hurry.wait(DELAY)
            self._wake.clear()
            if self._closing:
                return
            with self._lock:
                boxes, self._boxes = self._boxes, []
                work, self._work = self._work, None
                restart, self._restart = self._restart, None
                self._busy = True
            if restart is not None:
                self._begin_anew(restart)
            if (boxes or work is not None or self.trouble) and not self._closing:
                self._write(boxes, work)
            with self._idle:
                self._busy = False
                self._idle.notify_all()

    def _begin_anew(self, start: Start) -> None:
        if self._journal is not None:
            self._journal.discard()
        self._journal, self._base, self._origin = start.journal, start.base, start.origin
        self._latest, self.trouble = _work_of(start.base), None
        self._unwritten, self._unwritten_work = set(), None
        self._compact_above = COMPACT_ABOVE

    def _write(self, boxes: list[Box], work: Work | None) -> None:
        keys = self._unwritten.union(*(self._mask.grid.keys(box) for box in boxes))
        tiles, keys, work = self._settled(keys, work)
        before = self._latest
        if work is not None:
            self._latest = work
        work = work or self._unwritten_work
        if self._journal is None and not keys and not self._worth_keeping(self._latest):
            return
        try:
            identity = self._identity()
            if self._journal is None:
                self._journal = Journal.begin(self._root, identity, self._origin, self._base)
                # Apart from the tiles: what comes after the state is news to it.
                self._journal.write(self._mask, (), before)
            self._journal.describe(identity)
            self._journal.write(tiles, sorted(keys), work)
            if self._journal.size > self._compact_above:
                self._journal.compact(self._mask, self._latest)
                self._compact_above = max(COMPACT_ABOVE, 2 * self._journal.size)
            self._unwritten, self._unwritten_work, self.trouble = set(), None, None
        except Exception as error:
            # Whatever it was, the thread must live to try again.
            _log.warning("autosave failed", exc_info=True)
            self._unwritten, self._unwritten_work = keys, work
            self.trouble = (error.strerror if isinstance(error, OSError) else None) or str(error) or "unknown"

    def _settled(self, keys: set[Key], work: Work | None) -> tuple[_Moment, set[Key], Work | None]:
        """The tiles that changed as they are at one moment, with what else is told up to it."""
        for left in reversed(range(_READS)):
            small = len(keys) * self._mask.grid.tile_size <= _AT_ONCE
            try:
                tiles = {key: self._mask.tile(key).copy() for key in keys} if small else {}
            except MemoryError:
                # The thread must live; they are read as they are packed, then.
                tiles = {}
            time.sleep(SETTLE)
            with self._lock:
                quiet = not self._boxes and self._work is None
                if quiet or not left or self._restart is not None:
                    break
                boxes, self._boxes = self._boxes, []
                work, self._work = self._work or work, None
            keys = keys.union(*(self._mask.grid.keys(box) for box in boxes))
        return _Moment(self._mask, tiles), keys, work

    def _worth_keeping(self, work: Work) -> bool:
        """Looking at a picture is no work that could be lost; candidates took minutes to make."""
        return work.modified or work.candidates != self._base.candidates


class _Moment:
    """A mask some of whose tiles are as they were at one moment."""

    def __init__(self, mask: Mask, tiles: Mapping[Key, MaskArray]) -> None:
        self.grid = mask.grid
        self._mask = mask
        self._tiles = tiles

    def tile(self, key: Key) -> MaskArray:
        held = self._tiles.get(key)
        return self._mask.tile(key) if held is None else held


def _work_of(state: ProjectState) -> Work:
    return Work(state.layers, state.candidates, state.settings, pose=state.pose)
