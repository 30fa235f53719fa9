"""What the user last set for each engine, kept between sessions."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskengines.errors import StudioError

FILE = "engine-values.json"


class RememberedValues:
    """Values by engine id, in a small JSON file; a file that cannot be read counts as empty."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._values: dict[str, dict[str, Any]] | None = None

    def get(self, engine_id: str) -> dict[str, Any]:
        """What was remembered for an engine; empty if nothing was."""
        return dict(self._load().get(engine_id, {}))

    def put(self, engine_id: str, values: Mapping[str, Any]) -> None:
        """Remember and write. A disk that refuses costs the memory of it, nothing else."""
        known = self._load()
        if known.get(engine_id) == dict(values):
            return
        known[engine_id] = dict(values)
        from maskengines.files import atomic_write

        with contextlib.suppress(StudioError, OSError), atomic_write(self._file()) as file:
            file.write(json.dumps(known, indent=1).encode())

    def _file(self) -> Path:
        if self._path is None:
            from maskengines.runtime.paths import config_folder

            self._path = config_folder() / FILE
        return self._path

    def _load(self) -> dict[str, dict[str, Any]]:
        if self._values is None:
            self._values = {}
            with contextlib.suppress(OSError, ValueError):
                read = json.loads(self._file().read_text("utf-8"))
                if isinstance(read, dict):
                    self._values = {str(k): v for k, v in read.items() if isinstance(v, dict)}
        return self._values
