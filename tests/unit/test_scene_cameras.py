"""Finding cameras: from photos alone to the cameras that took them, and a sentence where that cannot be."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.contract import Candidate, Request
from maskengines.errors import BadInput, Cancelled, NotReady
from maskengines.results.tables import TableResult
from maskengines.scene.info import FindParams
from maskengines.scene.paint import Paint, painted_files
from maskengines.scene.sfm import search as searching
from maskengines.scene.sfm.engine import FindCameras
from maskengines.scene.sfm.features import Features, find_features
from maskengines.scene.sfm.matching import PARTNERS, alike, pairs
from maskengines.scene.sfm.photos import by_lens, lens_of
from maskengines.scene.views import training_views
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import SceneSubject
from maskengines.subjects.scene_files import load_scene
from PIL import Image
from tiny_scene import HEIGHT, WIDTH, write_scene

Array = np.ndarray[Any, Any]


class Watching:
    """A context that notes what it is told, and cancels once ``until`` says so."""

    device = "cpu"
    log = logging.getLogger("test")

    def __init__(self, until: Callable[[str], bool] = lambda _: False) -> None:
        self.shares: list[float] = []
        self.texts: list[str] = []
        self.cancelled_at = 0.0
        self._until = until

    def progress(self, done: float, total: float, text: str = "") -> None:
        self.shares.append(done / total)
        self.texts.append(text)

    def checkpoint(self) -> None:
        if self.texts and self._until(self.texts[-1]):
            self.cancelled_at = time.monotonic()
            raise Cancelled


def ask(subject: SceneSubject, context: Watching | None = None, **params: Any) -> TableResult:
    request = Request(subject, {}, FindParams(**params))
    (answer,) = list(FindCameras().sample(request, context or Watching()))  # type: ignore[arg-type]
    assert isinstance(answer, Candidate)
    return TableResult.read(answer.result)


def photos_of(source: Path, folder: Path, names: list[str]) -> Path:
    """Copies of some photos, alone in a folder."""
    folder.mkdir(parents=True)
    for name in names:
        shutil.copy(source / name, folder)
    return folder


def difference(found: list[Camera], true: list[Camera]) -> tuple[Array, Array]:
    """Distances as shares of the extent of the true cameras, and angles in degrees, after the similarity that
    fits the places best (Umeyama 1991)."""
    here = np.array([camera.position for camera in found])
    there = np.array([camera.position for camera in true])
    mine, theirs = here - here.mean(0), there - there.mean(0)
    left, values, right = np.linalg.svd(theirs.T @ mine)
    sign = np.diag([1, 1, np.sign(np.linalg.det(left @ right))])
    turn = left @ sign @ right
    scale = (values * np.diag(sign)).sum() / (mine**2).sum()
    off = np.linalg.norm(scale * mine @ turn.T - theirs, axis=1) / np.linalg.norm(theirs, axis=1).max()
    cosines = [
        (np.trace(a.rotation @ turn.T @ b.rotation.T) - 1) / 2 for a, b in zip(found, true, strict=True)
    ]
    return off, np.degrees(np.arccos(np.clip(cosines, -1, 1)))


@pytest.fixture(scope="module")
def garden(data_dir: Path) -> Path:
    return data_dir / "scene" / "garden_occ"


@pytest.fixture(scope="module")
def orbit(garden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten photos, with clutter in, of an orbit."""
    names = [f"g{number:02d}.png" for number in range(10)]
    return photos_of(garden / "images", tmp_path_factory.mktemp("orbit") / "photos", names)


@pytest.fixture(scope="module")
def few(orbit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five of them."""
    names = [f"g{number:02d}.png" for number in range(5)]
    return photos_of(orbit, tmp_path_factory.mktemp("few") / "photos", names)


@pytest.fixture(scope="module")
def solved(orbit: Path) -> tuple[TableResult, Watching, SceneSubject]:
    """What was found of the orbit, what was told, and the scene as it opens."""
    pytest.importorskip("pycolmap")
    watching = Watching()
    table = ask(load_scene(orbit).subject, watching)
    return table, watching, load_scene(table.facts["folder"]).subject


Solved = tuple[TableResult, Watching, SceneSubject]


def test_the_cameras_are_those_that_took_the_photos(solved: Solved, garden: Path) -> None:
    table, _, scene = solved
    known = {photo.name: photo.camera for photo in load_scene(garden).subject.photos}
    true = [known[photo.name] for photo in scene.photos]
    assert len(true) == 10
    off, angles = difference(list(scene.cameras), [camera for camera in true if camera is not None])
    assert off.max() < 0.03
    assert angles.max() < 1.5
    for camera in scene.cameras:
        # A shot of a similar lens, without the bend that COLMAP believed to see.
        assert 0.95 < camera.fx / known["g00"].fx < 1.05  # type: ignore[union-attr]
        assert camera.fx == camera.fy
    assert table.facts["placed"] == 10
    assert table.facts["error"] < 1


def test_points_are_where_photos_see_them(solved: Solved) -> None:
    _, _, scene = solved
    assert len(scene.points) > 300
    for photo in scene.photos:
        assert photo.camera is not None
        assert len(photo.observed) > 50
        seen, _ = photo.camera.project(scene.points)
        near = [np.nanmin(np.linalg.norm(seen - place, axis=1)) for place in photo.observed]
        assert np.median(near) < 0.5
    # Colours are those of the photos there.
    photo = scene.photos[0]
    assert photo.camera is not None
    picture = cv2.imread(photo.path)[..., ::-1].astype(float)
    seen, _ = photo.camera.project(scene.points)
    match = [(place, int(np.nanargmin(np.linalg.norm(seen - place, axis=1)))) for place in photo.observed]
    there = np.array([picture[int(place[1]), int(place[0])] for place, _ in match])
    told = np.array([scene.colours[number] for _, number in match], float)
    assert np.abs(there - told).mean() < 25


def test_progress_runs_from_nothing_to_all_and_says_what_is_done(solved: Solved) -> None:
    _, watching, _ = solved
    assert watching.shares == sorted(watching.shares)
    assert watching.shares[0] == 0
    assert 0.9 <= watching.shares[-1] <= 1
    said = " ".join(watching.texts)
    for word in ("photo 10 of 10", "45 of 45 pairs", "10 of 10 photos placed", "writing"):
        assert word in said


def test_what_was_found_once_is_not_looked_for_again(
    solved: Solved, orbit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, _, _ = solved
    monkeypatch.setattr("maskengines.scene.sfm.engine.search", lambda *_: pytest.fail("it searched"))
    again = ask(load_scene(orbit).subject)
    assert again.rows == table.rows
    assert again.facts["folder"] == table.facts["folder"]


def test_the_folder_of_the_photos_stays_as_it_was(solved: Solved, orbit: Path) -> None:
    assert sorted(path.name for path in orbit.iterdir()) == [f"g{number:02d}.png" for number in range(10)]
    scenes = Path(solved[0].facts["folder"]).parent
    assert [path.name for path in scenes.iterdir() if path.name.startswith(".search")] == []


def test_photos_of_something_else_are_left_out_and_named_and_sizes_may_differ(
    garden: Path, data_dir: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pycolmap")
    folder = photos_of(garden / "clean", tmp_path / "photos", [f"g{number:02d}.png" for number in range(5)])
    larger = Image.open(garden / "clean" / "g05.png").resize((320, 240), Image.Resampling.LANCZOS)
    larger.save(folder / "g05.png")
    other = Image.open(data_dir / "scene" / "brighton_photos" / "DJI_0024.jpg").resize((256, 144))
    other.save(folder / "sea.jpg")
    table = ask(load_scene(folder).subject, folder=str(tmp_path / "scene"))
    assert (table.facts["photos"], table.facts["placed"]) == (7, 6)
    (warning,) = [note.text for note in table.notes if note.role == "warning"]
    assert "6 of 7" in warning
    assert "sea" in warning
    scene = load_scene(tmp_path / "scene").subject
    assert {photo.name: round(photo.width / 10) for photo in scene.photos}["g05"] == 32
    with pytest.raises(BadInput, match="there already"):
        ask(load_scene(folder).subject, folder=str(tmp_path / "scene"))


def test_cancelling_ends_the_process_within_a_second(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pycolmap")
    begun: list[subprocess.Popen[str]] = []
    start = subprocess.Popen

    def noted(*words: Any, **how: Any) -> subprocess.Popen[str]:
        begun.append(start(*words, **how))
        return begun[-1]

    monkeypatch.setattr(searching.subprocess, "Popen", noted)
    subject = load_scene(few).subject
    for when in ("photo 3", "photos placed"):
        watching = Watching(lambda text, when=when: when in text)  # type: ignore[misc]
        with pytest.raises(Cancelled):
            ask(subject, watching, folder=str(tmp_path / "scene"))
        assert time.monotonic() - watching.cancelled_at < 1
        assert begun.pop().poll() is not None
        assert list(tmp_path.iterdir()) == []


def test_the_process_ends_and_tidies_up_when_who_asked_for_it_dies(few: Path, tmp_path: Path) -> None:
    pytest.importorskip("pycolmap")
    script = f"""
import os, sys
sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}
from pathlib import Path
from test_scene_cameras import Watching, ask
from maskengines.subjects.scene_files import load_scene
class Dying(Watching):
    def progress(self, done, total, text=""):
        if "photos placed" in text:
            os._exit(9)
ask(load_scene(Path({str(few)!r})).subject, Dying(), folder={str(tmp_path / "scene")!r})
"""
    done = subprocess.run([sys.executable, "-c", script], env=dict(os.environ), timeout=120, check=False)
    assert done.returncode == 9
    end = time.monotonic() + 20
    while list(tmp_path.iterdir()) and time.monotonic() < end:
        time.sleep(0.1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_photos_are_told_before_anything_is_done(count: int, garden: Path, tmp_path: Path) -> None:
    names = [f"g{number:02d}.png" for number in range(count)]
    folder = photos_of(garden / "images", tmp_path / "photos", names)
    with pytest.raises(BadInput, match="at least 3 are needed"):
        ask(load_scene(folder).subject)


def test_one_picture_under_many_names_is_one_photo(garden: Path, tmp_path: Path) -> None:
    folder = photos_of(garden / "images", tmp_path / "photos", ["g00.png"])
    for number in range(5):
        shutil.copy(folder / "g00.png", folder / f"again{number}.png")
    opened = load_scene(folder)
    assert "same picture twice" in opened.warnings[0]
    with pytest.raises(BadInput, match="only one photo"):
        ask(opened.subject)


def test_photos_from_one_spot_and_photos_of_nothing_in_common_are_told_apart(
    garden: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pycolmap")
    picture = Image.open(garden / "clean" / "g00.png")
    same, apart = tmp_path / "same", tmp_path / "apart"
    same.mkdir()
    apart.mkdir()
    rng = np.random.default_rng(0)
    for number in range(4):
        picture.save(same / f"{number}.jpg", quality=90 + number)
        blots = cv2.GaussianBlur(rng.normal(128, 300, (192, 256, 3)), (0, 0), 3)
        Image.fromarray(np.clip(blots, 0, 255).astype(np.uint8)).save(apart / f"{number}.png")
    with pytest.raises(BadInput, match="Walk around"):
        ask(load_scene(same).subject)
    with pytest.raises(BadInput, match="overlapping"):
        ask(load_scene(apart).subject)


def test_a_photo_that_ends_too_early_is_named(garden: Path, tmp_path: Path) -> None:
    pytest.importorskip("pycolmap")
    folder = photos_of(garden / "clean", tmp_path / "photos", [f"g0{number}.png" for number in range(4)])
    opened = load_scene(folder).subject
    whole = (folder / "g02.png").read_bytes()
    (folder / "g02.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"g02\.png"):
        ask(opened)
    (folder / "g02.png").unlink()
    with pytest.raises(BadInput, match=r"g02\.png"):
        ask(opened)


def test_without_pycolmap_one_is_told_how_to_get_it(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NotReady, match="pip install 'pycolmap"):
        ask(load_scene(few).subject, folder=str(tmp_path / "scene"))


def test_many_photos_are_compared_with_their_neighbours_and_what_looks_alike_only() -> None:
    rng = np.random.default_rng(0)
    count, most = 3 * PARTNERS, 60
    signs = rng.random((count, most, 128)).astype(np.float32)
    # A ring: each shares half of its points with the next, the last with the first.
    for number in range(1, count):
        signs[number, : most // 2] = signs[number - 1, most // 2 :]
    signs[0, : most // 2] = signs[-1, most // 2 :]
    signs /= np.linalg.norm(signs, axis=2, keepdims=True)
    places = np.zeros((most, 4), np.float32)
    chosen = pairs([Features(places, each) for each in signs])
    assert {(number, number + 1) for number in range(count - 1)} <= set(chosen)
    assert (0, count - 1) in chosen
    assert len(chosen) == len(set(chosen)) < count * PARTNERS
    assert all(one < other for one, other in chosen)
    few = [Features(places, each) for each in signs[:5]]
    assert len(pairs(few)) == 10


def test_features_are_found_again_where_the_photo_moved(garden: Path) -> None:
    picture = cv2.imread(str(garden / "clean" / "g00.png"))[..., ::-1]
    large = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    one, other = find_features(large[:, :400].copy()), find_features(large[:, 37:437].copy())
    same = alike(one, other)
    assert len(same) > 100
    moved = one.places[same[:, 0], :2] - other.places[same[:, 1], :2]
    assert np.abs(np.median(moved, axis=0) - (37, 0)).max() < 0.05
    assert len(find_features(np.full((64, 64, 3), 90, np.uint8))) == 0


def test_photos_share_a_camera_where_size_and_lens_are_the_same(tmp_path: Path) -> None:
    lenses = []
    for number, (model, equivalent) in enumerate((("A", 28), ("A", 28), ("A", 56), (None, None))):
        exif = Image.Exif()
        if model:
            exif[0x0110] = model
            exif.get_ifd(0x8769)[0xA405] = equivalent
        file = tmp_path / f"{number}.jpg"
        Image.new("RGB", (40, 30)).save(file, exif=exif)
        lenses.append(lens_of(file, 40, 30))
    groups = by_lens(lenses)
    assert list(groups.values()) == [[0, 1], [2], [3]]
    assert lenses[0].focal == pytest.approx(28 * 50 / 43.27)
    assert lenses[2].focal == pytest.approx(2 * lenses[0].focal)
    assert lenses[3].focal == 0


def test_a_mask_painted_on_the_photo_fits_the_straightened_one_and_one_of_another_shape_does_not(
    tmp_path: Path,
) -> None:
    views = training_views(load_scene(write_scene(tmp_path / "scene")).subject, 1024)
    masks = tmp_path / "masks"
    masks.mkdir()
    drawn = np.zeros((4 * HEIGHT, 4 * WIDTH + 1), np.uint8)
    drawn[: 2 * HEIGHT] = 255
    assert cv2.imwrite(str(masks / f"{views[0].name}.png"), drawn)
    paint = Paint("exact")
    paint.put_all(views, painted_files(masks, views))
    static = paint.over(views[0], np.ones((HEIGHT, WIDTH), np.float32))
    assert static[: HEIGHT // 2 - 1].max() < 0.01
    assert static[HEIGHT // 2 + 1 :].min() > 0.99
    assert cv2.imwrite(str(masks / f"{views[0].name}.png"), drawn[: 3 * HEIGHT])
    with pytest.raises(BadInput, match="size"):
        painted_files(masks, views)
