"""Which plugins the user trusts, by the hash of their content.

A worker isolates crashes, it is no sandbox: a plugin can do whatever its user can. So none runs before the
user has trusted it once, and a plugin that changed has to be trusted again.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from maskengines.errors import BadInput, NotReady
from maskengines.runtime.paths import config_folder

Status = Literal["trusted", "untrusted", "changed"]

_CACHES = "__pycache__"
_BLOCK = 1 << 20


def content_hash(folder: Path) -> str:
    """Hex digest over the name and the bytes of every file below ``folder``. Compiled files in
    ``__pycache__`` are left out; they are never loaded from a plugin.

    Raises:
        BadInput: the folder holds a link or something that is no file, or cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for path in sorted(_files(folder), key=lambda path: path.relative_to(folder).as_posix()):
            name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
            digest.update(f"{len(name)} {path.stat().st_size} ".encode() + name)
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
    except OSError as error:
        raise BadInput(f"The plugin in {folder} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for entry in os.scandir(folder):
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            if entry.name != _CACHES:
                yield from _files(Path(entry.path))
        elif stat.S_ISREG(mode):
            yield Path(entry.path)
        else:
            raise BadInput(
                f"The plugin holds '{entry.name}', which is a link or no plain file. "
                "Put the file itself there."
            )


def require_hash(folder: Path, trusted: str) -> None:
    """Raises:
    NotReady: the content is no longer what the user trusted.
    """
    if content_hash(folder) != trusted:
        raise NotReady(changed_sentence(folder.name))


def untrusted_sentence(name: str) -> str:
    return (
        f"The plugin '{name}' has not been trusted yet. Read its code, then trust it with "
        f"'maskstudio plugins trust {name}'."
    )


def changed_sentence(name: str) -> str:
    return (
        f"The plugin '{name}' has changed since it was trusted. Read its code, then trust it again with "
        f"'maskstudio plugins trust {name}'."
    )


class TrustStore:
    """The hashes that the user trusted, by the name of the plugin's folder; kept in ``plugins.json``."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or config_folder() / "plugins.json"

    def trusted_hash(self, name: str) -> str:
        """The hash trusted for a plugin, or an empty text."""
        return self._read().get(name, "")

    def status(self, name: str, content: str) -> Status:
        trusted = self.trusted_hash(name)
        if not trusted:
            return "untrusted"
        return "trusted" if trusted == content else "changed"

    def trust(self, name: str, content: str) -> None:
        self._write({**self._read(), name: content})

    def forget(self, name: str) -> bool:
        """Whether it was trusted before."""
        known = self._read()
        if known.pop(name, None) is None:
            return False
        self._write(known)
        return True

    def _read(self) -> dict[str, str]:
        # A damaged file means that nothing is trusted, which asks the user again.
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(values, dict):
            return {}
        return {key: value for key, value in values.items() if isinstance(value, str)}

    def _write(self, known: dict[str, str]) -> None:
        try:
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".plugins-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(known, file, indent=1, sort_keys=True)
            Path(temporary).replace(self._path)
        except OSError as error:
            raise BadInput(f"The list of trusted plugins cannot be saved: {error.strerror}.") from error
