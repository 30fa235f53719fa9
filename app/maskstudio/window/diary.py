"""The studio's log file: what was opened, asked, answered, kept, saved, and what went wrong.

It is what a user sends along with a report; `maskstudio doctor` says where it lies.
"""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from maskengines.errors import StudioError
from maskengines.runtime.paths import log_file
from PySide6.QtCore import QObject
from shiboken6 import isValid

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.jobs.item import JobItem
    from maskstudio.jobs.service import JobService

LARGEST = 1_000_000
"""Bytes after which the log is put aside; two older ones stay."""

log = logging.getLogger("maskstudio")


class _LogFile(RotatingFileHandler):
    """A log that stops without a word when the disk is full."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: telling of it would need a log."""


def open_log() -> None:
    """Begin to write `log_file()`. A folder that cannot be written to leaves the studio without a log."""
    if log.handlers:
        return
    try:
        handler = _LogFile(log_file(), maxBytes=LARGEST, backupCount=2, encoding="utf-8")
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False


class Diary(QObject):
    """Writes down what happens to documents and jobs."""

    def follow_document(self, document: Document) -> None:
        """Write down what a document goes through."""
        subject = document.subject
        if document.kind == "scene":
            log.info("opened %s: %s", document.title, document.size_told())
        else:
            log.info(
                "opened %s: %d x %d %s %d-bit",
                document.title, subject.width, subject.height, subject.mode, subject.depth,
            )  # fmt: skip
        document.undo_stack.indexChanged.connect(lambda index: self._stepped(document, index))

    def follow_jobs(self, service: JobService) -> None:
        """Write down every job that is listed."""
        service.job_added.connect(self._asked)
        service.engines_changed.connect(lambda: log.info("engines are ready"))
        service.start_failed.connect(self.wrong)

    def wrong(self, error: StudioError) -> None:
        """Write down an error with what the engine printed."""
        log.error("%s: %s%s", error.kind, error.message, f"\n{error.log}" if error.log else "")

    def _stepped(self, document: Document, index: int) -> None:
        stack = document.undo_stack
        # When the studio is ended from outside, Qt takes the stack down step by step.
        if isValid(stack):
            step = stack.text(index - 1) or "start"
            log.info("%s: step %d of %d, %s", document.title, index, stack.count(), step)

    def _asked(self, job: JobItem) -> None:
        log.info("asked %s", job.engine_id)
        job.candidate.connect(
            lambda candidate: log.info(
                "%s answered, seed %d, %.2f s", job.engine_id, candidate.seed, candidate.seconds
            )
        )
        job.ended.connect(lambda: self._ended(job))

    def _ended(self, job: JobItem) -> None:
        log.info("%s %s after %.2f s", job.engine_id, job.state, job.elapsed)
        if job.error is not None and job.state == "failed":
            self.wrong(job.error)
