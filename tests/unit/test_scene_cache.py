"""Scenes whose cameras were found are kept up to a size: those that were not used for longest go first."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from maskengines.scene.sfm.kept import keep, prune, report_of
from maskengines.scene.sfm.plan import Placed, Report
from maskengines.subjects.scene import ScenePhoto

SIZE = 100_000


def kept(place: Path, name: str, days_ago: float) -> Path:
    """A kept scene of about `SIZE` bytes that was used so long ago."""
    made = place / f".made-{name}"
    (made / "images").mkdir(parents=True)
    (made / "images" / "p.png").write_bytes(bytes(SIZE))
    (made / "scene.json").write_text("{}")
    np.savez(made / "points.npz", xyz=np.zeros((0, 3)))
    keep(made, Report([Placed("p", 10, 0.5)], 10), place / name)
    when = time.time() - 86400 * days_ago
    os.utime(place / name / "report.json", (when, when))
    return place / name


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for number, name in enumerate(("old", "middle", "new")):
        kept(tmp_path, name, 30 - 10 * number)
    return tmp_path


def names(place: Path) -> list[str]:
    return sorted(folder.name for folder in place.iterdir())


def test_what_was_not_used_for_longest_goes(place: Path) -> None:
    prune(place, 4 * SIZE)
    assert names(place) == ["middle", "new", "old"]
    prune(place, int(2.5 * SIZE))
    assert names(place) == ["middle", "new"]
    prune(place, 10)
    assert names(place) == ["new"], "the last one stays, however large it is"


def test_what_is_looked_at_again_counts_as_used(place: Path) -> None:
    photo = ScenePhoto("p", "/nowhere/p.png", "", 4, 4)
    assert report_of(place / "old", [photo]) is not None
    prune(place, int(1.5 * SIZE))
    assert names(place) == ["old"]


def test_what_is_no_kept_scene_is_left_alone(place: Path) -> None:
    (place / ".search-1").mkdir()
    (place / ".search-1" / "work").write_bytes(bytes(5 * SIZE))
    (place / "notes.txt").write_text("mine")
    prune(place, 10)
    assert names(place) == [".search-1", "new", "notes.txt"]
    prune(place / "nowhere", 10)
