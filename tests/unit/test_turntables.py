"""Turntables: cameras on a circle that look at the middle; pictures that appear all at once or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.subjects.scene import SceneSubject
from maskengines.subjects.scene_files import load_scene
from maskstudio import picture_sequences
from maskstudio.picture_sequences import Film, PictureFolder
from maskstudio.turntables import Turntable, turntable_from_words, usual_elevation
from some_scene import around, some_gaussians, write_scene_folder

Array = np.ndarray[Any, Any]


def shade(value: int, width: int = 64, height: int = 48) -> Array:
    return np.full((height, width, 3), value, np.uint8)


def test_cameras_stand_on_a_level_circle_and_look_at_the_middle() -> None:
    scene = SceneSubject(some_gaussians(500))
    cameras = Turntable(8, 100, 60, elevation=30).cameras(scene)
    assert scene.gaussians is not None
    middle = np.median(scene.gaussians.means, axis=0)
    ways = np.array([camera.position for camera in cameras]) - middle
    away = np.linalg.norm(ways, axis=1)
    assert np.allclose(away, away[0])
    # Without photos, y points down.
    assert np.allclose(-ways[:, 1] / away, np.sin(np.radians(30)), atol=1e-6)
    for camera, way in zip(cameras, ways, strict=True):
        assert (camera.width, camera.height) == (100, 60)
        assert np.allclose(camera.project(middle[None])[0], (50, 30), atol=1e-4)
        assert np.allclose(camera.forward, -way / np.linalg.norm(way), atol=1e-6)
    steps = np.degrees(np.diff(np.unwrap(np.arctan2(ways[:, 0], ways[:, 2]))))
    assert np.allclose(np.abs(steps), 45, atol=1e-4)


def test_photos_say_how_far_away_and_how_high(tmp_path: Path) -> None:
    write_scene_folder(tmp_path, around(8))
    scene = load_scene(tmp_path).subject.with_gaussians(some_gaussians(100))
    # `around`: 4 away and 1.2 above, so atan(0.3) up.
    assert usual_elevation(scene) == pytest.approx(np.degrees(np.arctan(0.3)), abs=0.5)
    (camera, *_) = Turntable(2, 60, 40).cameras(scene)
    assert np.linalg.norm(camera.position) == pytest.approx(4 * np.hypot(1, 0.3), rel=0.02)
    assert Turntable(2, elevation=-20).cameras(scene)[0].position[1] > 0, "below the level"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((1, None, None), "2 to 3600"),
        ((5000, None, None), "2 to 3600"),
        ((8, "big", None), "Write it like"),
        ((8, "640x", None), "Write it like"),
        ((8, "8x8", None), "16 to 4096"),
        ((8, None, 90.0), "-89 to 89"),
        ((8, None, float("nan")), "-89 to 89"),
    ],
)
def test_words_that_make_no_sense_are_refused(words: tuple[Any, ...], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        turntable_from_words(*words)


def test_words_give_a_turntable() -> None:
    assert turntable_from_words(8, "320X200", -10.0) == Turntable(8, 320, 200, -10.0)


def test_pictures_appear_at_the_end_and_a_dropped_folder_is_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "turn"
    pictures = PictureFolder(folder, 3)
    for value in (10, 20, 30):
        pictures.add(shade(value))
        assert not list(folder.glob("*.png"))
    written = pictures.finish()
    assert [path.name for path in written] == ["turn-0001.png", "turn-0002.png", "turn-0003.png"]
    assert [int(cv2.imread(str(path))[0, 0, 0]) for path in written] == [10, 20, 30]
    assert sorted(path.name for path in folder.iterdir()) == [path.name for path in written]
    with pytest.raises(BadInput, match="such pictures already"):
        PictureFolder(folder, 2)
    gone = PictureFolder(tmp_path / "other", 2)
    gone.add(shade(1))
    gone.drop()
    assert not (tmp_path / "other").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is a file"):
        PictureFolder(tmp_path / "file", 2)
    with pytest.raises(BadInput, match="Cannot make the folder"):
        PictureFolder(tmp_path / "none" / "folder", 2)


def test_a_film_holds_its_pictures_and_replaces_an_older_one_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "turn.mp4"
    path.write_text("older")
    film = Film(path, 65, 49)
    for value in range(0, 240, 20):
        film.add(shade(value, 65, 49))
    assert path.read_text() == "older"
    assert film.finish() == [path]
    held = cv2.VideoCapture(str(path))
    assert held.get(cv2.CAP_PROP_FRAME_COUNT) == 12
    assert held.get(cv2.CAP_PROP_FPS) == pytest.approx(24)
    pictures = [held.read()[1] for _ in range(12)]
    assert pictures[0].shape == (48, 64, 3)
    assert [abs(float(each.mean()) - 20 * n) < 8 for n, each in enumerate(pictures)] == [True] * 12
    assert list(tmp_path.iterdir()) == [path]


def test_red_stays_red_in_a_film(tmp_path: Path) -> None:
    film = Film(tmp_path / "red.mp4", 64, 48)
    red = shade(0)
    red[..., 0] = 220
    for _ in range(3):
        film.add(red)
    film.finish()
    blue, green, found = cv2.VideoCapture(str(tmp_path / "red.mp4")).read()[1][20, 20].tolist()
    assert found > 180
    assert max(blue, green) < 60


def test_a_film_that_was_not_written_whole_is_told_and_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = Film(tmp_path / "cut.mp4", 64, 48)
    for value in range(20):
        film.add(shade(value))
    real = cv2.VideoCapture

    def cut(name: str) -> Any:
        path = Path(name)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return real(name)

    monkeypatch.setattr(cv2, "VideoCapture", cut)
    with pytest.raises(BadInput, match="disk may be full"):
        film.finish()
    assert not list(tmp_path.iterdir())
    film.drop()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = PictureFolder(tmp_path / "turn", 3)
    pictures.add(shade(1))

    def full(*_: Any) -> None:
        raise BadInput("Cannot write 'turn-0002.png': the disk is full.")

    monkeypatch.setattr(picture_sequences, "save_image", full)
    with pytest.raises(BadInput, match="disk is full"):
        pictures.add(shade(2))
    pictures.drop()
    assert not (tmp_path / "turn").exists()
