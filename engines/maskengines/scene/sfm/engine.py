"""The engine `find-cameras`: where photos were taken from, as a scene folder that all else goes by."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from maskengines.contract import Candidate, EngineInfo, Request, RunContext
from maskengines.errors import BadInput
from maskengines.results.tables import Column, TableNote, TableResult
from maskengines.scene.info import FIND_CAMERAS, FindParams
from maskengines.scene.sfm.kept import keep, prune, report_of, scene_place, workshop
from maskengines.scene.sfm.plan import FEW, Plan, Report
from maskengines.scene.sfm.search import need_colmap, search
from maskengines.subjects.scene import SceneSubject

_NAMED = 6
_THREADS = 4
"""At most; more gain little, and the window wants some."""


class FindCameras:
    """Answers with a table of the photos; its fact ``folder`` is the scene folder. Photos that were looked at
    before are answered from the cache."""

    info: EngineInfo = FIND_CAMERAS

    def prepare(self, context: RunContext) -> None:
        """Nothing: all is done in a process of its own."""

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Raises:
        BadInput: there are too few photos, one cannot be read, too few can be placed, or the folder cannot
            be written.
        NotReady: pycolmap is missing.
        Cancelled: within a second.
        """
        subject, params = cast(SceneSubject, request.subject), cast(FindParams, request.params)
        photos = subject.photos
        if len(photos) < FEW:
            raise BadInput(_too_few(len(photos)))
        begun = time.monotonic()
        scene = _place(params, subject)
        report = None if params.folder else report_of(scene, photos)
        if report is None:
            need_colmap()
            context.progress(0, 1, "Finding the cameras")
            with workshop(scene) as work:
                plan = Plan(photos, params.longest, work, work / "scene", _threads())
                report = search(plan, context)
                keep(plan.scene, report, scene)
            if not params.folder:
                prune(scene.parent)
        yield _answer(report, scene, request.seed, time.monotonic() - begun)


def _place(params: FindParams, subject: SceneSubject) -> Path:
    if not params.folder:
        return scene_place(subject.photos, params.longest)
    scene = Path(params.folder).expanduser().absolute()
    if scene.exists() and (not scene.is_dir() or any(scene.iterdir())):
        raise BadInput(f"'{scene}' is there already. Name a new folder for the scene.")
    return scene


def _answer(report: Report, scene: Path, seed: int, seconds: float) -> Candidate:
    count, placed = len(report.photos), len(report.photos) - len(report.lost)
    notes = [
        TableNote(
            f"The cameras of {placed} of {count} photos were found.", "good" if placed == count else "second"
        )
    ]
    if report.lost:
        notes = [TableNote(told_lost(report), "warning")]
    notes.append(TableNote(f"The scene is in {scene}."))
    facts: dict[str, float | int | str] = {
        "folder": str(scene),
        "photos": count,
        "placed": placed,
        "points": report.points,
        "error": round(report.error, 3),
        "seconds": round(seconds, 2),
    }
    table = TableResult(
        (
            Column("photo", "Photo"),
            Column("points", "Points", "number"),
            Column("error", "Error (px)", "number"),
        ),
        tuple(
            (photo.name, photo.points, round(photo.error, 3) if photo.points else None)
            for photo in report.photos
        ),
        "cameras",
        "per_photo",
        "Cameras",
        tuple(notes),
        facts,
    )
    return Candidate(
        "table", table.to_plain(), seed, label=f"{placed} cameras", metrics=facts, seconds=seconds
    )


def told_lost(report: Report) -> str:
    """Which photos could not be placed, in a sentence."""
    lost = report.lost
    more = len(lost) - _NAMED
    names = ", ".join(lost[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    placed = len(report.photos) - len(lost)
    return (
        f"The cameras of {placed} of {len(report.photos)} photos were found. These show too little of what "
        f"the others show and were left out: {names}."
    )


def _too_few(count: int) -> str:
    have = {0: "There is no photo", 1: "There is only one photo", 2: "There are only two photos"}[count]
    return (
        f"{have} to find cameras from, the same picture counted once, and at least {FEW} are needed. Take 20 "
        "to 50 from all sides."
    )


def _threads() -> int:
    given = os.environ.get("OMP_NUM_THREADS", "")
    allowed = int(given) if given.isdigit() and int(given) else os.cpu_count() or 1
    return min(allowed, _THREADS)
