"""How soon bodies follow the hand: from a joint that moves to the 3D view that shows what `diffpose-live`
answers, in a real window with its worker.

A joint pinned in 3D is dragged, because every answer then tells by itself which place of the hand it belongs
to. *One move* waits for its answer before the next; *a drag* moves 60 times a second, and what is measured is
how old the hand's place in the picture is when it is painted.

Run ``python -m tests.benchmarks following [--quick]``. What else the machine does falls on all figures, so
compare two versions only in turns.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from maskengines.subjects.pose_formats.keypoints import FORMATS
from maskengines.subjects.pose_skeleton import INDEX
from maskstudio.window.app import make_app
from maskstudio.window.main_window import MainWindow
from maskstudio.window.pose_view import PoseView
from PySide6.QtCore import QEvent, QEventLoop, QObject
from PySide6.QtWidgets import QApplication

JOINT = "LWrist"
SIZE = (1600, 1200)
RATE = 60.0
WAIT_SECONDS = 120
STANDING = {
    "nose": (50, 15), "left_eye": (51, 14), "right_eye": (49, 14), "left_ear": (53, 15),
    "right_ear": (47, 15), "left_shoulder": (55, 24), "right_shoulder": (45, 24),
    "left_elbow": (60, 34), "right_elbow": (40, 34),
    "left_wrist": (65, 44), "right_wrist": (35, 44), "left_hip": (53, 47), "right_hip": (47, 47),
    "left_knee": (53, 65), "right_knee": (47, 65), "left_ankle": (53, 84), "right_ankle": (47, 84),
}  # fmt: skip
"""Percent of the picture's height, from the left and from the top."""


class _Painted(QObject):
    """Counts what a widget paints."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


class _Hand:
    """Drags a joint of the pose in front, and sees which of its places the 3D view shows."""

    def __init__(self, posed: PoseView) -> None:
        self._posed = posed
        self._moved: list[tuple[float, tuple[float, float, float]]] = []
        self._answered = -1
        self._painted = _Painted()
        self._seen = 0
        self.ages: list[float] = []
        posed.fan.installEventFilter(self._painted)

    def move(self) -> None:
        """Along an arc, never to the same place twice."""
        turn = 0.7 * len(self._moved)
        place = (320 + 60 * np.cos(turn / 9), -150 + 60 * np.sin(turn / 9), -40 + 0.01 * len(self._moved))
        self._moved.append((time.perf_counter(), place))
        self._posed.fan.joint_dragged.emit(JOINT, place)

    def look(self) -> bool:
        """Let the window work for a moment; whether it painted an answer that is new."""
        _work()
        if self._painted.count == self._seen:
            return False
        self._seen = self._painted.count
        shown = self._shown()
        if shown <= self._answered:
            return False
        self._answered = shown
        self.ages.append(1000 * (time.perf_counter() - self._moved[shown][0]))
        return True

    def let_go(self) -> list[float]:
        """End the drag; the ages in milliseconds."""
        self._posed.fan.removeEventFilter(self._painted)
        self._posed.fan.drag_cancelled.emit(JOINT)
        return self.ages

    def _shown(self) -> int:
        """The number of the move that the shown bodies answer; -1 for one seen before, or none."""
        body = self._posed.fan.strong
        if body is None:
            return -1
        # From the newest backwards: to look through all of a long drag takes milliseconds of the window's.
        for number in range(len(self._moved) - 1, self._answered, -1):
            if np.abs(body[INDEX[JOINT]] - self._moved[number][1]).max() < 1e-3:
                return number
        return -1


def table(quick: bool) -> str:
    """Heading, method and a Markdown table; ``quick`` drags for a shorter time."""
    moves, seconds = (30, 4.0) if quick else (120, 15.0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MASKSTUDIO_HOME"] = folder
        make_app()
        window = MainWindow()
        window.resize(1280, 800)
        window.show()
        try:
            posed = _opened(window, Path(folder))
            single = _single(posed, moves)
            before = time.process_time()
            dragged = _dragged(posed, seconds)
            cpu = 1000 * (time.process_time() - before) / max(1, len(dragged))
        finally:
            window.engines.close()
            window.deleteLater()
    rows = [_row("one move", single), _row(f"a drag, {RATE:.0f} moves a second", dragged)]
    return (
        "## Bodies that follow the hand\n\nMilliseconds from a joint that moves to 20 bodies in the 3D view, "
        f"{posed.fan.width()} x {posed.fan.height()} pixels, offscreen, over a picture of "
        f"{SIZE[0]} x {SIZE[1]} (to stay below 100). "
        f"During the drag {len(dragged) / seconds:.1f} answers a second came, "
        f"{cpu:.0f} ms of the window's CPU each, the moves included.\n\n"
        "| | p50 | p90 | max | answers |\n|---|---:|---:|---:|---:|\n" + "\n".join(rows)
    )


def _opened(window: MainWindow, folder: Path) -> PoseView:
    """The pose in front once bodies follow it."""
    height = SIZE[1]
    keypoints = [v for name in FORMATS["coco"] for v in (*(height / 100 * x for x in STANDING[name]), 2)]
    held: dict[str, Any] = {
        "images": [{"id": 1, "width": SIZE[0], "height": height}],
        "annotations": [{"image_id": 1, "keypoints": keypoints}],
    }
    file = folder / "somebody.json"
    file.write_text(json.dumps(held))
    window.opening.open_paths([file])
    window.after_first_paint()
    _until(lambda: window.poses.front is not None, "the pose")
    posed = window.poses.front
    assert posed is not None
    _until(lambda: posed.shown_body is not None, "the first bodies")
    return posed


def _single(posed: PoseView, moves: int) -> list[float]:
    hand = _Hand(posed)
    for _ in range(moves):
        hand.move()
        _until(hand.look, "an answer")
        resting = time.perf_counter() + 0.12
        _until(lambda until=resting: time.perf_counter() > until, "a rest")  # type: ignore[misc]
    return hand.let_go()


def _dragged(posed: PoseView, seconds: float) -> list[float]:
    hand = _Hand(posed)
    began = time.perf_counter()
    moved = 0
    while (now := time.perf_counter() - began) < seconds:
        if now * RATE >= moved:
            hand.move()
            moved += 1
        hand.look()
    return hand.let_go()


def _row(name: str, ages: list[float]) -> str:
    p50, p90 = np.percentile(ages, (50, 90))
    return f"| {name} | {p50:.0f} | {p90:.0f} | {max(ages):.0f} | {len(ages)} |"


def _work() -> None:
    QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
    time.sleep(0.001)


def _until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited in vain for {what}")
        _work()
