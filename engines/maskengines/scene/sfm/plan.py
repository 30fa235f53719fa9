"""What the process that finds cameras is told, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from maskengines.subjects.scene import ScenePhoto

FEW = 3
"""Photos that a scene needs at least."""


@dataclass(frozen=True)
class Plan:
    """One search.

    Attributes:
        photos: whose cameras are looked for, in the order in which they were taken as far as names tell.
        longest: pixels of the longest side that is worked at.
        work: an empty folder for all that is written on the way.
        scene: where the scene folder goes; it does not exist yet.
        threads: that may be busy at once.
    """

    photos: Sequence[ScenePhoto]
    longest: int
    work: Path
    scene: Path
    threads: int

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes; inverse of `read`."""
        return {
            "photos": [
                [photo.name, photo.path, photo.digest, photo.width, photo.height] for photo in self.photos
            ],
            "longest": self.longest,
            "work": str(self.work),
            "scene": str(self.scene),
            "threads": self.threads,
        }

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        return cls(
            [ScenePhoto(*photo) for photo in told["photos"]],
            int(told["longest"]),
            Path(told["work"]),
            Path(told["scene"]),
            int(told["threads"]),
        )


@dataclass(frozen=True)
class Placed:
    """How well one photo fits.

    Attributes:
        points: sparse points that it sees; 0 where its camera was not found.
        error: mean distance in pixels between where these are seen and where the camera says.
    """

    name: str
    points: int
    error: float


@dataclass(frozen=True)
class Report:
    """What a search found; ``photos`` in the order of the plan, ``points`` of the whole scene."""

    photos: Sequence[Placed]
    points: int

    @property
    def lost(self) -> list[str]:
        """Photos whose cameras were not found."""
        return [photo.name for photo in self.photos if not photo.points]

    @property
    def error(self) -> float:
        """Pixels, over all that is seen."""
        seen = sum(photo.points for photo in self.photos)
        return sum(photo.error * photo.points for photo in self.photos) / max(seen, 1)

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes and is kept; inverse of `read`."""
        return asdict(self)

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Self:
        return cls([Placed(**photo) for photo in told["photos"]], int(told["points"]))
