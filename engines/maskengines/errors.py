"""The four ways a job can end without an answer.

Only the message of an error reaches a user: one sentence of what happened and one of what to do.
Each class fixes the name used in ``--json`` output and the exit code of the command line.
"""

from __future__ import annotations

from typing import ClassVar


class StudioError(Exception):
    """Base of every error whose message is meant for a person."""

    kind: ClassVar[str] = "engine-fault"
    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.log = log


class BadInput(StudioError):
    """The user can mend it; the message says how."""

    kind = "bad-input"
    exit_code = 2


class NotReady(StudioError):
    """Weights, a device or the user's trust are missing; the message says what to do."""

    kind = "not-ready"
    exit_code = 3


class EngineFault(StudioError):
    """A bug or a crash in an engine; ``log`` carries the tail of what it printed."""

    kind = "engine-fault"
    exit_code = 4


class Cancelled(StudioError):
    """The job was asked to stop and did."""

    kind = "cancelled"
    exit_code = 130

    def __init__(self, message: str = "Cancelled.", *, log: str = "") -> None:
        super().__init__(message, log=log)


ERRORS: dict[str, type[StudioError]] = {
    error.kind: error for error in (BadInput, NotReady, EngineFault, Cancelled)
}


def error_from_kind(kind: str, message: str, log: str = "") -> StudioError:
    """Rebuild an error that crossed a process boundary; an unknown ``kind`` is an `EngineFault`."""
    return ERRORS.get(kind, EngineFault)(message, log=log)
