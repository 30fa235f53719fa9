"""The engine that takes pictures of a scene: which camera, which background, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from maskengines.contract import Request
from maskengines.errors import BadInput
from maskengines.results.scenes import SceneResult, scene_from_candidate
from maskengines.runtime.local import run_here
from maskengines.scene.info import RenderParams
from maskengines.scene.rasteriser import render
from maskengines.scene.rasteriser.rendering import THUMBNAIL, thumbnail, to_pixels
from maskengines.scene.render import RenderScene
from maskengines.subjects.scene import SceneSubject
from maskengines.subjects.scene_files import load_scene
from some_scene import around, some_gaussians, write_scene_folder


@pytest.fixture
def scene(tmp_path: Path) -> SceneSubject:
    write_scene_folder(tmp_path, around(4))
    return load_scene(tmp_path).subject.with_gaussians(some_gaussians(300, 2))


def test_without_cameras_the_photos_own_are_taken_and_the_seed_is_the_first_ones_number(
    scene: SceneSubject,
) -> None:
    answers = run_here(RenderScene(), Request(scene, {}, RenderParams(), count=3, seed=1))
    assert [answer.label for answer in answers] == ["p01", "p02", "p03"]
    assert scene.gaussians is not None
    for answer, camera in zip(answers, scene.cameras[1:], strict=True):
        colour = render(scene.gaussians, camera).colour
        np.testing.assert_array_equal(answer.result.pixels, np.rint(np.clip(colour, 0, 1) * 255))


def test_cameras_and_background_can_be_given(scene: SceneSubject) -> None:
    far = around(1, 20, 10, distance=500)
    for background, shade in (("black", 0), ("white", 255)):
        params = RenderParams.read({"cameras": [far[0].to_record()], "background": background})
        (answer,) = run_here(RenderScene(), Request(scene, {}, params))
        assert answer.result.pixels.shape == (10, 20, 3)
        assert (answer.result.pixels[0, 0] == shade).all()


def test_cameras_may_be_text_as_the_command_line_has_it() -> None:
    assert RenderParams.read({"cameras": '[{"w": 3}]'}).cameras == [{"w": 3}]
    with pytest.raises(BadInput, match="a list of cameras"):
        RenderParams.read({"cameras": "[{"})


def test_what_cannot_be_photographed_says_so(scene: SceneSubject) -> None:
    for subject, params, count, words in (
        (scene.with_gaussians(None), RenderParams(), 1, "no Gaussians yet"),
        (SceneSubject(scene.gaussians), RenderParams(), 1, "no cameras of its own"),
        (scene, RenderParams(), 5, "none has the number 4"),
        (scene, RenderParams(cameras=[{"w": 3}]), 1, "lacks"),
    ):
        with pytest.raises(BadInput, match=words):
            run_here(RenderScene(), Request(subject, {}, params, count=count))


def test_a_picture_for_the_gallery_comes_with_a_scene_and_shows_what_the_first_camera_sees(
    scene: SceneSubject,
) -> None:
    assert scene.gaussians is not None
    camera = scene.cameras[0]
    small = thumbnail(scene.gaussians, camera.resized(10 * camera.width, 10 * camera.height))
    assert max(small.shape) == THUMBNAIL
    given = SceneResult(scene.gaussians, scene.cameras, picture=thumbnail(scene.gaussians, camera))
    back = SceneResult.read(given.to_plain())
    assert back.picture is not None
    np.testing.assert_array_equal(back.picture, to_pixels(render(scene.gaussians, camera).colour))
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(BadInput, match="picture"):
            SceneResult.read(given.to_plain() | {"picture": wrong})


def test_a_scene_comes_back_from_the_answer_that_holds_it(scene: SceneSubject) -> None:
    assert scene.gaussians is not None
    given = SceneResult(scene.gaussians, scene.cameras, {"photos": 4}, {"masks": {"p01": np.ones((2, 2))}})
    back = SceneResult.read(given.to_plain())
    np.testing.assert_array_equal(back.gaussians.harmonics, scene.gaussians.harmonics)
    assert [camera.name for camera in back.cameras] == ["p00", "p01", "p02", "p03"]
    assert back.facts == {"photos": 4}
    assert back.extra["masks"]["p01"].shape == (2, 2)
    assert back.picture is None
    (picture,) = run_here(RenderScene(), Request(scene, {}, RenderParams()))
    with pytest.raises(BadInput, match="holds no scene"):
        scene_from_candidate(picture)
