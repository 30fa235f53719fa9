"""How a command speaks: events for scripts, one bar and plain lines for people."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from maskengines.errors import BadInput, StudioError

if TYPE_CHECKING:
    from maskengines.results.tables import TableResult

BAR_WIDTH = 28


class Output(Protocol):
    """What `maskstudio run` tells while it works."""

    def progress(self, done: float, total: float, text: str) -> None:
        """How far the work is: ``done`` of ``total``; a total of 0 means nobody knows."""

    def candidate(self, path: Path, seed: int, seconds: float, metrics: Mapping[str, Any]) -> None:
        """A result is on disk under ``path`` (absolute)."""

    def table(self, table: TableResult) -> None:
        """An answer that is a table."""

    def fact(self, event: str, told: Mapping[str, Any], line: str) -> None:
        """Anything else that a command has to say: ``told`` for scripts, ``line`` for people."""

    def warning(self, sentence: str) -> None:
        """Something that a user should know of; the work goes on."""

    def error(self, error: StudioError) -> None:
        """The command ends without its answer."""

    def close(self) -> None:
        """Nothing more comes; leave the terminal tidy."""


class JsonOutput:
    """One JSON object a line on stdout, its kind under ``event``."""

    def progress(self, done: float, total: float, text: str) -> None:
        print_json({"event": "progress", "done": done, "total": total, "text": text})

    def candidate(self, path: Path, seed: int, seconds: float, metrics: Mapping[str, Any]) -> None:
        event = {"event": "candidate", "path": str(path), "seed": seed, "seconds": round(seconds, 3)}
        print_json({**event, **{key: value for key, value in metrics.items() if key not in event}})

    def table(self, table: TableResult) -> None:
        print_json(table.event())

    def fact(self, event: str, told: Mapping[str, Any], line: str) -> None:
        print_json({"event": event, **told})

    def warning(self, sentence: str) -> None:
        print_json({"event": "warning", "message": sentence})

    def error(self, error: StudioError) -> None:
        print_json({"event": "error", "kind": error.kind, "message": _told(error)})

    def close(self) -> None:
        """An event stream needs no tidying."""


class TextOutput:
    """Result paths on stdout; on stderr one bar while a person is watching, and one line of error."""

    def __init__(self) -> None:
        self._drawn = 0

    def progress(self, done: float, total: float, text: str) -> None:
        if not sys.stderr.isatty():
            return
        share = min(1.0, max(0.0, done / total)) if total > 0 else 0.0
        filled = round(share * BAR_WIDTH)
        line = f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {share:4.0%}  {text[:44]}"
        _mutter("\r" + line.ljust(self._drawn))
        self._drawn = len(line)

    def candidate(self, path: Path, seed: int, seconds: float, metrics: Mapping[str, Any]) -> None:
        self.close()
        say(str(path))

    def table(self, table: TableResult) -> None:
        self.close()
        for line in table.lines():
            say(line)

    def fact(self, event: str, told: Mapping[str, Any], line: str) -> None:
        self.close()
        say(line)

    def warning(self, sentence: str) -> None:
        self.close()
        _mutter(f"maskstudio: {' '.join(sentence.split())}\n")

    def error(self, error: StudioError) -> None:
        self.close()
        _mutter(f"maskstudio: {' '.join(_told(error).split())}\n")

    def close(self) -> None:
        if self._drawn:
            _mutter("\r" + " " * self._drawn + "\r")
            self._drawn = 0


def _told(error: StudioError) -> str:
    """The sentence, and where the words are that have no room in it."""
    kept = _keep_log(error)
    return f"{error.message} Details: {kept}" if kept else error.message


def _keep_log(error: StudioError) -> Path | None:
    """Put what an engine printed last into the studio's log, which has room for more than a line."""
    if not error.log:
        return None
    from maskengines.runtime.paths import log_file

    try:
        path = log_file()
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{error.message}\n{error.log.rstrip()}\n")
    except OSError:
        return None
    return path


def print_json(value: Mapping[str, Any]) -> None:
    """One object on one line, ASCII only, readable by strict parsers (no NaN), flushed; fails as `say`."""
    say(json.dumps(_strict(value), allow_nan=False))


def say(line: str) -> None:
    """One line on stdout, flushed; a path is in the bytes that the file system knows it by.

    Raises:
        BadInput: nothing can be written there.
        BrokenPipeError: the reader has gone.
    """
    try:
        _put(sys.stdout, f"{line}\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadInput(f"Cannot write to stdout: {error.strerror}. Send it somewhere else.") from error


def open_standard_streams() -> None:
    """Whoever started this process may have closed its stdin, stdout or stderr. What is opened next would
    get their numbers, and a library's warning would then be written into a picture."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            silent = Path(os.devnull).open("w" if descriptor else "r", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, silent)


def drop_what_nobody_takes() -> None:
    """Throw away what a full or closed stdout or stderr did not take: Python tries once more at exit,
    complains, and changes the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _mutter(text: str) -> None:
    # Nobody can be told that stderr takes nothing.
    with contextlib.suppress(OSError):
        _put(sys.stderr, text)


def _put(stream: TextIO, text: str) -> None:
    buffer = getattr(stream, "buffer", None)
    if buffer is None:
        stream.write(text)
    else:
        stream.flush()
        buffer.write(_encoded(text, stream.encoding))
    stream.flush()


def _encoded(text: str, encoding: str) -> bytes:
    """As the terminal wants it; what it has no letters for, as the file system names it."""
    with contextlib.suppress(UnicodeEncodeError):
        return text.encode(encoding, "surrogateescape")
    with contextlib.suppress(UnicodeEncodeError):
        return os.fsencode(text)
    return text.encode(encoding, "backslashreplace")


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int | str | bool) or value is None:
        return value
    number = getattr(value, "item", None)  # a numpy scalar
    return _strict(number()) if callable(number) else str(value)
