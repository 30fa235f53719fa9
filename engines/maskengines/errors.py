"""The four ways a job can end without an answer.

Only the message of an error reaches a user: one sentence of what happened and one of what to do.
Each class fixes the name used in ``--json`` output and the exit code of the command line.
"""

from __future__ import annotations

from typing import ClassVar


class StudioError(Exception):
    """Base of every error whose message is meant for a person.

    Engines of others raise it with whatever they have at hand: what is no text becomes one, and where there
    is none `unsaid` stands in.
    """

    kind: ClassVar[str] = "engine-fault"
    exit_code: ClassVar[int] = 4
    unsaid: ClassVar[str] = "Something failed without a word. Ask whoever wrote the engine."

    def __init__(self, message: object = "", *, log: object = "") -> None:
        self.message = str(message).strip() or self.unsaid
        self.log = str(log or "")
        super().__init__(self.message)


class BadInput(StudioError):
    """The user can mend it; the message says how."""

    kind = "bad-input"
    exit_code = 2
    unsaid = "This cannot be used, and no reason was given. Ask whoever wrote the engine."


class NotReady(StudioError):
    """Weights, a device or the user's trust are missing; the message says what to do."""

    kind = "not-ready"
    exit_code = 3
    unsaid = "Something that is needed is missing, and was not named. Ask whoever wrote the engine."


class EngineFault(StudioError):
    """A bug or a crash in an engine; ``log`` carries the tail of what it printed."""

    kind = "engine-fault"
    exit_code = 4


class Cancelled(StudioError):
    """The job was asked to stop and did."""

    kind = "cancelled"
    exit_code = 130

    unsaid = "Cancelled."


ERRORS: dict[str, type[StudioError]] = {
    error.kind: error for error in (BadInput, NotReady, EngineFault, Cancelled)
}


def error_from_kind(kind: str, message: str, log: str = "") -> StudioError:
    """Rebuild an error that crossed a process boundary; an unknown ``kind`` is an `EngineFault`."""
    return ERRORS.get(kind, EngineFault)(message, log=log)
