"""The typed messages between the studio and a worker, and how they look on the pipe.

A frame is the length of a JSON header (4 bytes, little endian), the header, and raw bytes. Arrays lie
either in those bytes or, when they are large, in a shared segment that the header names.
Nothing is pickled.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field, fields
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

INLINE_BYTES = 64 << 10

_LENGTH = struct.Struct("<I")


class ProtocolError(Exception):
    """The other side sent something that is no message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Base of all messages; ``blob`` travels as raw bytes."""

    blob: bytes | bytearray | memoryview = b""


# From the studio to a worker.


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSegment(Message):
    """A shared segment to map. Without ``name`` its file descriptor follows on the pipe."""

    segment: int
    size: int
    writable: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSubject(Message):
    """A subject whose arrays lie in ``segment``."""

    digest: str
    kind: str
    meta: dict[str, Any]
    layout: list[Any]
    names: list[str]
    segment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare(Message):
    """Load the engine and call its ``prepare`` if that has not happened yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Message):
    """Answer a request. Subjects and segments that are not listed to keep may be let go."""

    job: int
    subject: str
    params: dict[str, Any]
    count: int
    seed: int
    spaces: list[str]
    layout: list[Any]
    segment: int | None
    keep_subjects: list[str]
    keep_segments: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(Message):
    """News for a running job: rectangles ``[space, x, y, width, height, offset into blob]`` of its
    masks, ``shapes`` of those that were no part of the question, whole new parameters, single values."""

    job: int
    rectangles: list[Any] = field(default_factory=list)
    shapes: dict[str, list[int]] = field(default_factory=dict)
    params: dict[str, Any] | None = None
    values: dict[str, Any] | None = None
    layout: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Message):
    """End a live job well."""

    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Message):
    """Wake a job that waits; the shared flag was raised before."""

    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Free(Message):
    """The studio has read a slot; it may be written again."""

    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Message):
    """A slot has got memory: an added, writable segment."""

    slot: int
    segment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Message):
    """What another engine answered to `Asked`, or why it did not (``kind``, ``message``, ``log``)."""

    ask: int
    tree: Any = None
    layout: list[Any] = field(default_factory=list)
    segment: int | None = None
    kind: str = ""
    message: str = ""
    log: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quit(Message):
    """Exit."""


# From a worker to the studio.


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressMade(Message):
    job: int
    done: float
    total: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSlot(Message):
    """A slot has to hold ``size`` bytes."""

    slot: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewMade(Message):
    job: int
    slot: int
    tree: Any
    layout: list[Any]
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateMade(Message):
    """``tree`` holds the fields of a `Candidate`."""

    job: int
    slot: int
    tree: Any
    layout: list[Any]
    shared: bool
    seconds: float
    weights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Message):
    """A job wants another engine's answer; ``tree`` holds the request."""

    job: int
    ask: int
    engine: str
    slot: int
    tree: Any
    layout: list[Any]
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(Message):
    """The worker no longer reads the segment of an `Answer`."""

    segment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Message):
    """The job is over; without ``kind`` it went well. A failed warm-up has the job number 0."""

    job: int
    kind: str = ""
    message: str = ""
    log: str = ""


TYPES: dict[str, type[Message]] = {cls.__name__: cls for cls in Message.__subclasses__()}
_HINTS: dict[type[Message], dict[str, Any]] = {}

M = TypeVar("M", bound=Message)


def encode(message: Message) -> bytes:
    """The frame of a message.

    Raises:
        ValueError: a field holds something that JSON cannot say.
    """
    header = {item.name: getattr(message, item.name) for item in fields(message) if item.name != "blob"}
    text = json.dumps([type(message).__name__, header], separators=(",", ":")).encode()
    return b"".join((_LENGTH.pack(len(text)), text, message.blob))


def decode(frame: bytes) -> Message:
    """The message in a frame, its fields checked against their types.

    Raises:
        ProtocolError: it is none.
    """
    try:
        (length,) = _LENGTH.unpack_from(frame)
        name, values = json.loads(frame[_LENGTH.size : _LENGTH.size + length])
        cls = TYPES[name]
        hints = _HINTS.get(cls) or _HINTS.setdefault(cls, get_type_hints(cls))
        for key, value in values.items():
            if not _fits(value, hints[key]):
                raise ProtocolError(f"{name}.{key} is {type(value).__name__}")
        return cls(blob=memoryview(frame)[_LENGTH.size + length :], **values)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, struct.error) as error:
        raise ProtocolError(f"not a message: {error}") from error


def _fits(value: Any, hint: Any) -> bool:
    if hint is Any:
        return True
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, option) for option in get_args(hint))
    if hint is float:
        return isinstance(value, float | int) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is list:
        (item,) = get_args(hint)
        return isinstance(value, list) and (item is Any or all(_fits(element, item) for element in value))
    if origin is dict:
        return isinstance(value, dict)
    return isinstance(value, hint)
