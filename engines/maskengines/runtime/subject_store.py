"""Subjects in shared memory: uploaded once, shared by all workers, the least recently used let go."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from maskengines.runtime.plain import Packed
from maskengines.runtime.segments import Segment, SegmentPool
from maskengines.subjects.base import Subject


@dataclass(slots=True, eq=False)
class StoredSubject:
    """A subject whose arrays lie in ``segment``. ``serial`` tells uploads of equal subjects apart."""

    digest: str
    kind: str
    meta: dict[str, Any]
    names: list[str]
    layout: list[Any]
    segment: Segment
    serial: int
    users: int = 0


class SubjectStore:
    """Args:
    budget: bytes of subjects kept while no job uses them.
    """

    def __init__(self, pool: SegmentPool, budget: int) -> None:
        self._pool = pool
        self._budget = budget
        self._stored: OrderedDict[str, StoredSubject] = OrderedDict()
        self._serials = itertools.count(1)
        self._lock = threading.Lock()

    def acquire(self, subject: Subject) -> StoredSubject:
        """The stored subject, uploaded if it is not there yet. Give it back with `release`."""
        digest = subject.content_hash
        with self._lock:
            stored = self._stored.get(digest)
            if stored is None:
                stored = self._stored[digest] = self._upload(digest, subject)
            self._stored.move_to_end(digest)
            stored.users += 1
            self._let_go()
            return stored

    def release(self, stored: StoredSubject) -> None:
        with self._lock:
            stored.users -= 1
            self._let_go()

    @property
    def digests(self) -> set[str]:
        with self._lock:
            return set(self._stored)

    def close(self) -> None:
        with self._lock:
            stored, self._stored = list(self._stored.values()), OrderedDict()
        for one in stored:
            one.segment.close()

    def _upload(self, digest: str, subject: Subject) -> StoredSubject:
        meta, arrays = subject.to_arrays()
        packed = Packed(meta, list(arrays.values()))
        segment = self._pool.take(max(packed.nbytes, 1))
        packed.write_into(segment.buffer)
        return StoredSubject(
            digest, subject.kind, meta, list(arrays), packed.layout, segment, next(self._serials)
        )

    def _let_go(self) -> None:
        total = sum(one.segment.size for one in self._stored.values())
        for digest, stored in list(self._stored.items()):
            if total <= self._budget:
                return
            if not stored.users:
                total -= stored.segment.size
                del self._stored[digest]
                self._pool.give(stored.segment)
