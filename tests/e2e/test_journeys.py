"""Journeys: a real window under Xvfb, a real mouse and keyboard, real photos.

Each test reads as what a person does. What it checks is what that person would find: pixels on the
screen, files on the disk, lines in the log. Screenshots land in ``MASKSTUDIO_SHOTS`` when that is set.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from desktop_driver import Desktop, Studio, desktop, missing_tools, wait_until
from maskengines.projects.openraster_reading import load_project
from maskengines.subjects.image_io import load_image
from maskengines.subjects.pose_skeleton import INDEX
from PIL import Image
from somebody import coco_file

pytestmark = pytest.mark.journey

CANVAS = (500, 400)
"""A point of the screen that lies on the photo in a 1280x720 window with the view fitted."""
ENGINE_CHOOSER = (1100, 98)


@pytest.fixture(scope="module")
def screen() -> Iterator[Desktop]:
    if missing := missing_tools():
        message = f"journeys need {', '.join(missing)}; 'make setup' installs them"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with desktop() as started:
        yield started


class Person:
    """Starts studios and looks at the screen; tidies up afterwards."""

    def __init__(self, screen: Desktop, folder: Path) -> None:
        self.screen = screen
        self.folder = folder
        self.studios: list[Studio] = []

    def opens(self, *arguments: object) -> Studio:
        studio = Studio(self.screen, self.folder / "home", arguments)
        self.studios.append(studio)
        return studio

    def sees(self, name: str) -> np.ndarray:
        picture = self.screen.screenshot()
        if shots := os.environ.get("MASKSTUDIO_SHOTS"):
            Path(shots).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(Path(shots) / f"{name}.png")
        return picture


@pytest.fixture
def person(screen: Desktop, tmp_path: Path) -> Iterator[Person]:
    who = Person(screen, tmp_path)
    yield who
    for studio in who.studios:
        studio.stop()


@pytest.fixture
def photo(data_dir: Path, tmp_path: Path) -> Path:
    """A real photo under a name with spaces and non-Latin letters."""
    folder = tmp_path / "My photos, été"
    folder.mkdir()
    return Path(shutil.copy(data_dir / "photos/test/immichapp_006.jpg", folder / "花 garden.jpg"))


@pytest.fixture
def joints(tmp_path: Path) -> Path:
    return coco_file(tmp_path / "somebody.json")


def on_screen(x: float, y: float) -> tuple[int, int]:
    """Where a 400 x 300 picture that fills the left half of the window shows a point of it."""
    return round(273 + 1.05 * (x - 200)), round(350 + 1.05 * (y - 150))


def asks(studio: Studio, engine: str, *, choosing: bool = False) -> None:
    """Choose the engine if it has to be, press Run, and once more, with a warning, where it did not begin."""
    for attempt in range(3):
        if attempt:
            warnings.warn(f"{engine} did not begin; asked again\n{studio.log()[-1000:]}", stacklevel=2)
        if choosing:
            studio.click(*ENGINE_CHOOSER)
            studio.write(engine)
            studio.key("Return")
        studio.key("ctrl+Return")
        with contextlib.suppress(AssertionError):
            studio.wait_for_log(f"asked {engine}", seconds=8)
            return
    studio.wait_for_log(f"asked {engine}", seconds=30)


def stroke_over_something(studio: Studio) -> None:
    x, y = CANVAS
    studio.stroke([(x - 40, y - 20), (x, y), (x + 50, y + 10)])


def save_as(studio: Studio, path: Path) -> None:
    studio.key("ctrl+shift+s")
    wait_until(lambda: studio.screen.windows("Save project"), "the save dialog")
    studio.key("ctrl+a")
    studio.write(str(path))
    studio.key("Return")
    wait_until(path.exists, f"{path} to be saved")


def opened(person: Person, photo: Path) -> Studio:
    studio = person.opens("--open", photo)
    studio.wait_for_log("opened .*garden")
    studio.wait_for_log("engines are ready")
    studio.key("b")
    return studio


def test_a_pose_is_painted_asked_kept_dragged_saved_and_reopened(
    person: Person, joints: Path, tmp_path: Path
) -> None:
    studio = person.opens("--open", joints)
    studio.wait_for_log("opened somebody.json")
    studio.wait_for_log("engines are ready")
    studio.key("b")
    x, y = on_screen(140, 138)
    studio.stroke([(x - 6, y), (x + 6, y)])
    studio.wait_for_log("step 1 of 1, ")
    person.sees("pose-1-painted")

    studio.key("ctrl+Return")
    studio.wait_for_log("diffpose done", seconds=90)
    studio.key("Return")
    studio.wait_for_log("step 2 of 2, Keep body")
    person.sees("pose-2-kept")

    studio.key("j")
    studio.stroke([on_screen(260, 138), on_screen(290, 100)])
    studio.wait_for_log("step 3 of 3, Move LWrist")
    dragged = person.sees("pose-3-dragged")

    project = tmp_path / "somebody.ora"
    save_as(studio, project)
    studio.wait_for_title("somebody.ora")
    studio.stop()
    work = load_project(project).pose
    assert work is not None
    assert np.allclose(work.pose.joints[INDEX["LWrist"]], (290, 100), atol=4)
    assert work.body is not None
    assert np.ptp(work.body[:, 1]) > 1000, "a whole body, in millimetres"

    again = person.opens(project)
    again.wait_for_log(r"opened somebody\.ora")
    again.wait_for_log("engines are ready", times=2)
    assert difference(person.sees("pose-4-reopened"), dragged) < 12, "it looks as it was left"


def test_paint_run_keep_undo_save_and_reopen(person: Person, photo: Path, tmp_path: Path) -> None:
    studio = opened(person, photo)
    before = person.sees("1-opened")
    stroke_over_something(studio)
    painted = person.sees("2-painted")
    assert difference(painted, before) > 4, "the stroke is to be seen"

    studio.key("ctrl+Return")
    studio.wait_for_log("asked exemplar")
    studio.stroke([(CANVAS[0] - 160, CANVAS[1] + 80), (CANVAS[0] - 150, CANVAS[1] + 120)])
    studio.wait_for_log("exemplar answered", times=4)
    studio.wait_for_log("exemplar done")
    person.sees("3-answers")
    studio.wait_for_log("step 2 of 2, ")

    studio.key("ctrl+Right")
    person.sees("4-candidate-in-place")
    studio.key("Return")
    studio.wait_for_log("step 3 of 3, Keep")
    kept = person.sees("5-kept")
    assert difference(kept, before) > 4, "the fill is to be seen"

    studio.key("ctrl+z")
    studio.wait_for_log("step 2 of 3")
    studio.key("ctrl+shift+z")
    studio.wait_for_log("step 3 of 3", times=2)

    project = tmp_path / "my work.ora"
    save_as(studio, project)
    studio.wait_for_title("my work.ora")
    state = load_project(project)
    original = load_image(photo)
    assert np.array_equal(state.original.pixels, original.pixels)
    assert len(state.layers) == 1
    changed = (state.subject.pixels != original.pixels).any(axis=2)
    assert changed.any()
    assert changed.mean() < 0.2, "only what was painted may change"
    left = state.masks["pixels"] > 0
    assert left.any(), "what was painted while the job ran is still to be asked"
    assert not (left & changed).any(), "what was asked is not"

    studio.key("ctrl+q")
    wait_until(lambda: studio.process.poll() is not None, "the studio to close")
    person.opens("--open", project)
    wait_until(lambda: difference(person.sees("6-reopened"), kept) < 6, "the kept picture to be back")


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of two screenshots around the place where the strokes go, in blocks of 10 pixels:
    a view that lies a pixel aside still counts as the same."""
    x, y = CANVAS
    crops = [each[y - 40 : y + 40, x - 60 : x + 60].reshape(8, 10, 12, 10, 3) for each in (one, other)]
    blocks = [crop.mean(axis=(1, 3)) for crop in crops]
    return float(np.abs(blocks[0] - blocks[1]).mean())


def test_escape_cancels_and_painting_goes_on(person: Person, photo: Path) -> None:
    studio = opened(person, photo)
    studio.key("ctrl+shift+i")  # everything masked
    studio.stroke(
        [(CANVAS[0] - 100, CANVAS[1]), (CANVAS[0] + 100, CANVAS[1])], button=3
    )  # right button erases
    studio.key("ctrl+Return")
    studio.wait_for_log("asked exemplar")
    studio.key("Escape")
    studio.wait_for_log("exemplar cancelled", seconds=60)
    stroke_over_something(studio)
    studio.wait_for_log("step 3 of 3")
    person.sees("cancelled")


def test_a_killed_worker_costs_nothing_but_its_job(person: Person, photo: Path) -> None:
    studio = opened(person, photo)
    stroke_over_something(studio)
    studio.key("ctrl+Return")
    studio.wait_for_log("asked exemplar")

    def killed() -> bool:
        for worker in studio.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        return "exemplar failed" in studio.log()

    wait_until(killed, "the job to fail", 60)
    person.sees("worker-killed")
    studio.key("ctrl+Return")
    studio.wait_for_log("exemplar done")
    assert "Traceback" not in studio.log()


def test_kill_minus_nine_then_recover(person: Person, photo: Path) -> None:
    studio = opened(person, photo)
    before = person.sees("before-the-power-cut")
    stroke_over_something(studio)
    time.sleep(1.2)  # a crash may cost the last second
    workers = studio.workers()
    studio.kill()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in workers), "the workers to end")
    again = person.opens()
    wait_until(lambda: again.screen.windows("Recover") or "recoverable" in again.log(), "an offer to recover")
    person.sees("recovery-offered")
    again.key("Return")
    again.wait_for_log("opened .*garden", times=2)
    wait_until(lambda: difference(person.sees("recovered"), before) > 4, "the stroke to be back")


MANIFEST = """\
id = "{name}"
title = "{name}"
summary = "Misbehaves."
version = "1"
module = "plugin"
class = "Misbehaving"
subject_kinds = ["image"]
"""

CODE = """\
import ctypes, time

class Misbehaving:
    def prepare(self, context):
        pass

    def sample(self, request, context):
        {body}
        yield None
"""

MISBEHAVIOURS = {
    "zz-raises": "raise ValueError('deliberately')",
    "zz-segfaults": "ctypes.string_at(0)",
    "zz-floods": "[context.progress(i, 10**6, 'x' * 1000) for i in range(100_000)]",
    "zz-hangs": "time.sleep(600)",
}


@pytest.fixture
def bad_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "plugins"
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(folder))
    environment = {**os.environ, "MASKSTUDIO_HOME": str(tmp_path / "home")}
    for name, body in MISBEHAVIOURS.items():
        plugin = folder / name
        plugin.mkdir(parents=True)
        (plugin / "engine.toml").write_text(MANIFEST.format(name=name))
        (plugin / "plugin.py").write_text(CODE.format(body=body))
        subprocess.run(
            [sys.executable, "-m", "maskstudio", "plugins", "trust", name], check=True, env=environment
        )


@pytest.mark.usefixtures("bad_plugins")
def test_hostile_plugins_cost_nothing(screen: Desktop, person: Person, photo: Path) -> None:
    screen.environment["MASKSTUDIO_PLUGINS"] = os.environ["MASKSTUDIO_PLUGINS"]
    studio = opened(person, photo)
    stroke_over_something(studio)
    for name in ("zz-raises", "zz-segfaults", "zz-floods"):
        asks(studio, name, choosing=True)
        studio.wait_for_log(f"{name} failed")
        person.sees(name)
    asks(studio, "zz-hangs", choosing=True)
    studio.stroke([(CANVAS[0] - 160, CANVAS[1] + 80), (CANVAS[0] - 150, CANVAS[1] + 120)])
    studio.key("Escape")
    studio.wait_for_log("zz-hangs cancelled", seconds=60)
    asks(studio, "exemplar", choosing=True)
    studio.wait_for_log("exemplar done")
    studio.wait_for_log("step 2 of 2")


def test_what_a_network_goes_by_becomes_the_next_mask(person: Person) -> None:
    studio = person.opens()
    studio.wait_for_log("engines are ready")
    studio.key("ctrl+shift+p")
    studio.write("shapes")
    studio.key("Return")
    studio.wait_for_log(r"opened shapes\.png")
    plain = person.sees("shapes")
    asks(studio, "layer-masking")
    studio.wait_for_log("layer-masking answered", 120)
    studio.wait_for_log("layer-masking done")
    wait_until(lambda: (person.sees("map") != plain)[200:500, 300:600].mean() > 0.3, "the map over the photo")
    studio.key("shift+m")
    studio.wait_for_log("step 1 of 1, Mask from map")
    studio.key("ctrl+z")
    studio.wait_for_log("step 0 of 1")
    studio.stroke([CANVAS, (CANVAS[0] + 60, CANVAS[1])])
    studio.wait_for_log("step 1 of 1, Brush stroke")
    assert studio.process.poll() is None
