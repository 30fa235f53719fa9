"""What the start page says of work that a studio left when it ended unexpectedly, whatever it is of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from maskengines.projects.journal import Identity


class _Leftover(Protocol):
    @property
    def identity(self) -> Identity: ...

    @property
    def changed(self) -> float: ...


L = TypeVar("L", bound=_Leftover)


@dataclass(frozen=True)
class LeftBehind(Generic[L]):
    """A journal that nobody goes on with."""

    leftover: L

    @property
    def title(self) -> str:
        """Name of what it was made from."""
        return self.leftover.identity.title

    @property
    def path(self) -> Path | None:
        """The project, or else the file or folder, that it was made from."""
        return self.leftover.identity.path or self.leftover.identity.source_path

    @property
    def changed(self) -> datetime:
        """Local time of the last change that was kept."""
        return datetime.fromtimestamp(self.leftover.changed).astimezone()
