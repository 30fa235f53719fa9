"""Who may start: heavy jobs one after the other, light and live ones at once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskengines.runtime.job import Job


class JobQueue:
    """The order of jobs. Not thread-safe; its owner locks."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._running: set[Job] = set()

    def add(self, job: Job) -> None:
        self._waiting.append(job)

    def remove(self, job: Job) -> bool:
        """Take a job out that has not started; whether it was there."""
        if job not in self._waiting:
            return False
        self._waiting.remove(job)
        return True

    def done(self, job: Job) -> None:
        self._running.discard(job)

    def startable(self) -> list[Job]:
        """Jobs that may start now, which from now on count as running: the first heavy job if none
        runs, and every light or live one."""
        busy = any(is_heavy(job) for job in self._running)
        chosen = []
        for job in self._waiting:
            if not is_heavy(job):
                chosen.append(job)
            elif not busy:
                busy = True
                chosen.append(job)
        for job in chosen:
            self._waiting.remove(job)
        self._running.update(chosen)
        return chosen

    @property
    def jobs(self) -> list[Job]:
        """All that wait or run."""
        return [*self._running, *self._waiting]


def is_heavy(job: Job) -> bool:
    """Live jobs answer to a hand that moves, so they never wait behind a heavy one."""
    return job.info.weight == "heavy" and not job.info.live
