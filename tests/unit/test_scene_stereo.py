"""What photos tell of depth, and what only one of them shows."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from maskengines.scene import stereo as module
from maskengines.scene.initial import scattered_points
from maskengines.scene.segments import segments_of
from maskengines.scene.stereo import Stereo
from maskengines.scene.views import View
from maskengines.subjects.cameras import Camera

Array = np.ndarray[Any, Any]

WIDTH, HEIGHT, NEAR, FAR = 96, 64, 3.0, 9.0
CLUTTER = (slice(20, 36), slice(40, 60))


def wall(camera: Camera, depth: float, pattern: Array) -> tuple[Array, Array]:
    """A camera's picture of a plane ``depth`` in front of the first camera, and the places it shows there."""
    across, down = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    x = (across - camera.cx) / camera.fx * depth + camera.position[0]
    y = (down - camera.cy) / camera.fy * depth
    places = ((np.stack([x, y], 2) / depth * 0.5 + 0.5) * pattern.shape[0]).astype(np.float32)
    return cv2.remap(pattern, places[..., 0], places[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REFLECT), x


def photos(count: int = 5) -> tuple[list[View], Array]:
    """Two walls, the left half of the world near, seen from cameras side by side, with clutter in the middle
    photo, and sparse points on both walls."""
    rng = np.random.default_rng(0)
    patterns = [cv2.GaussianBlur(rng.random((160, 160, 3), np.float32), (0, 0), 2) for _ in range(2)]
    patterns = [(0.5 + 4 * (pattern - 0.5)).clip(0, 1) for pattern in patterns]
    points = np.concatenate(
        [
            np.stack(
                [rng.uniform(sides[0], sides[1], 60), rng.uniform(-0.3, 0.3, 60) * depth, np.full(60, depth)],
                1,
            )
            for depth, sides in ((NEAR, (-1.3, -0.1)), (FAR, (0.1, 4)))
        ]
    )
    views = []
    for number in range(count):
        place = np.eye(4)
        place[0, 3] = -0.25 * (number - count // 2)
        camera = Camera(WIDTH, HEIGHT, 90, 90, WIDTH / 2, HEIGHT / 2, place)
        near, x = wall(camera, NEAR, patterns[0])
        far, _ = wall(camera, FAR, patterns[1])
        photo = np.where((x < 0)[..., None], near, far)
        pixels, _ = camera.project(points)
        if number == count // 2:
            photo[CLUTTER] = rng.random(3)
            pixels = pixels[(pixels[:, 0] < 36) | (pixels[:, 0] > 64)]
        colour = torch.from_numpy(photo.astype(np.float32))
        views.append(View(str(number), f"photo/{number}", (HEIGHT, WIDTH), camera, colour, pixels))
    return views, points


def test_depths_are_found_and_clutter_has_none() -> None:
    views, points = photos()
    stereo = Stereo(views, points)
    found = stereo.sweeps["2"]
    np.testing.assert_allclose(np.median(found.depth[8:-8, 10:30]), NEAR, rtol=0.03)
    np.testing.assert_allclose(np.median(found.depth[8:-8, 70:-12]), FAR, rtol=0.05)
    shown = found.cost <= stereo.tolerance
    assert shown[CLUTTER].mean() < 0.1
    assert shown[8:-8, 10:30].mean() > 0.8
    assert shown[8:-8, 70:-12].mean() > 0.8


def test_sweeping_can_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    views, points = photos(15)
    begun = []
    real = module.sweep
    monkeypatch.setattr(module, "sweep", lambda *given: begun.append(given[1]) or real(*given))

    def told(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Stereo(views, points, told)
    assert 1 <= len(begun) < 8


def test_points_lie_on_what_other_photos_show_too() -> None:
    views, points = photos()
    stereo = Stereo(views, points)
    places, colours = scattered_points(stereo, 400, np.random.default_rng(0))
    on_near = np.abs(places[:, 2] / NEAR - 1) < 0.1
    on_far = np.abs(places[:, 2] / FAR - 1) < 0.1
    assert (on_near | on_far).mean() > 0.75
    assert on_near.sum() > 80
    assert on_far.sum() > 80
    assert colours.std() > 20


def test_without_sparse_points_nothing_is_known() -> None:
    views, points = photos()
    blind = [
        View(view.name, view.space, view.size, view.camera, view.colour, np.zeros((0, 2), np.float32))
        for view in views
    ]
    stereo = Stereo(blind, points)
    assert np.isnan(stereo.depths(views[0], np.array([0.2, 0.8]), np.array([0.5, 0.5]))).all()
    assert stereo.alone(blind[0]).all()


def test_only_what_no_other_photo_shows_may_be_clutter() -> None:
    """Flat patches without sparse points: one on the wall, in all photos, and the clutter in one."""
    views, points = photos()
    patch = (slice(28, 44), slice(8, 20))
    for number, view in enumerate(views):
        shift = round(0.25 * (number - 2) * 90 / NEAR)
        view.colour[patch[0], patch[1].start - shift : patch[1].stop - shift] = torch.tensor([0.9, 0.1, 0.1])
    stereo = Stereo(views, points)
    middle = views[2]
    alone = stereo.alone(middle)
    segments = segments_of(middle.colour.numpy(), np.array([[90, 60]]), alone)
    may_be = segments.allowed[0][segments.labels[0]]
    assert may_be[CLUTTER].mean() > 0.8
    assert may_be[patch].mean() < 0.2


@pytest.mark.parametrize("count", [1, 2])
def test_one_witness_is_not_enough(count: int) -> None:
    views, points = photos(count)
    assert np.isnan(Stereo(views, points).depths(views[0], np.array([0.2, 0.8]), np.array([0.5, 0.5]))).all()
