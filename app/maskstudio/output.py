"""How a command speaks: events for scripts, one bar and plain lines for people."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from maskengines.errors import StudioError

BAR_WIDTH = 28


class Output(Protocol):
    """What `maskstudio run` tells while it works."""

    def progress(self, done: float, total: float, text: str) -> None:
        """How far the work is: ``done`` of ``total``; a total of 0 means nobody knows."""

    def candidate(self, path: Path, seed: int, seconds: float, metrics: Mapping[str, Any]) -> None:
        """A result is on disk under ``path`` (absolute)."""

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

    def error(self, error: StudioError) -> None:
        event = {"event": "error", "kind": error.kind, "message": error.message}
        print_json({**event, "log": error.log} if error.log else event)

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
        sys.stderr.write("\r" + line.ljust(self._drawn))
        sys.stderr.flush()
        self._drawn = len(line)

    def candidate(self, path: Path, seed: int, seconds: float, metrics: Mapping[str, Any]) -> None:
        self.close()
        print_path(path)

    def error(self, error: StudioError) -> None:
        self.close()
        kept = _keep_log(error)
        details = f" Details: {kept}" if kept else ""
        sys.stderr.write(f"maskstudio: {' '.join(error.message.split())}{details}\n")
        sys.stderr.flush()

    def close(self) -> None:
        if self._drawn:
            sys.stderr.write("\r" + " " * self._drawn + "\r")
            sys.stderr.flush()
            self._drawn = 0


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
    """One object on one line, ASCII only, readable by strict parsers (no NaN), flushed."""
    sys.stdout.write(json.dumps(_strict(value), allow_nan=False) + "\n")
    sys.stdout.flush()


def print_path(path: Path) -> None:
    """One path on one line, in the bytes the file system knows it by, flushed."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="surrogateescape")
    sys.stdout.write(f"{path}\n")
    sys.stdout.flush()


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
