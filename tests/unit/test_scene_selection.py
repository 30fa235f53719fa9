"""Paint on a render of known objects: who is selected, and how well that fits the object."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.scene.contributions import View, contributions
from maskengines.scene.rasteriser import render
from maskengines.scene.selection import (
    Neighbours,
    by_colour,
    by_opacity,
    by_size,
    combined,
    depth_band,
    inverted,
    through,
    visible,
)
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import SH_C0, Gaussians
from maskengines.subjects.scene_files import load_scene
from scipy.spatial import cKDTree
from some_scene import around, some_gaussians

Array = np.ndarray[Any, Any]


def splats_at(means: Array, seed: int = 0) -> Gaussians:
    """Gaussians as large as they are apart, of all opacities, as a training leaves them."""
    rng = np.random.default_rng(seed)
    count = len(means)
    apart = cKDTree(means).query(means, 4)[0][:, 1:].mean(axis=1)
    return Gaussians(
        means, np.log(np.maximum(apart, 1e-4) * 0.9)[:, None] + rng.normal(0, 0.3, (count, 3)),
        rng.normal(size=(count, 4)), rng.normal(1.5, 1.5, count), np.zeros((count, 1, 3)),
    )  # fmt: skip


def painted(gaussians: Gaussians, thing: Array, camera: Camera) -> Array:
    """A perfect stroke: where the object is more than half of what is seen."""
    dc = (np.repeat(thing[:, None, None], 3, axis=2) - 0.5) / SH_C0
    shown = Gaussians(gaussians.means, gaussians.scales, gaussians.rotations, gaussians.opacities, dc)
    return np.where(render(shown, camera).colour[..., 0] > 0.5, 255, 0).astype(np.uint8)


def iou(one: Array, two: Array) -> float:
    return float((one & two).sum() / (one | two).sum())


def shell(centre: tuple[float, float, float], radius: float, count: int, rng: np.random.Generator) -> Array:
    places = rng.normal(size=(count, 3))
    return np.array(centre) + radius * places / np.linalg.norm(places, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def room() -> tuple[Gaussians, Array, list[Camera]]:
    """A ball on a floor between two other balls, in a large hall; which Gaussians are the ball's."""
    rng = np.random.default_rng(1)
    floor = np.column_stack([rng.uniform(-3, 3, 4000), np.full(4000, 0.62), rng.uniform(-3, 3, 4000)])
    parts = [
        shell((0, 0, 0), 0.6, 1500, rng), shell((1.2, 0.1, 0.9), 0.5, 1000, rng),
        shell((-1.1, 0.2, 0.5), 0.4, 800, rng), floor, shell((0, 0, 0), 6, 4000, rng),
    ]  # fmt: skip
    means = np.concatenate(parts)
    cameras = around(9, 200, 150)
    return splats_at(means), np.arange(len(means)) < 1500, [cameras[i] for i in (0, 1, 3)]


def views_of(scene: tuple[Gaussians, Array, list[Camera]]) -> list[View]:
    gaussians, thing, cameras = scene
    return [contributions(gaussians, camera, painted(gaussians, thing, camera)) for camera in cameras]


def test_weights_are_what_the_picture_is_made_of(room: tuple[Gaussians, Array, list[Camera]]) -> None:
    gaussians, _, (camera, *_) = room
    whole = np.full((camera.height, camera.width), 255, np.uint8)
    view = contributions(gaussians, camera, whole)
    np.testing.assert_allclose(view.inside, view.total, rtol=1e-4, atol=1e-4)
    assert view.total.sum() == pytest.approx(render(gaussians, camera).alpha.sum(), rel=1e-4)
    # Of one Gaussian: make it white and all others black, and what is left is its weight in each pixel.
    index = int(np.argmax(view.total))
    mask = np.zeros_like(whole)
    mask[:, : camera.width // 2], mask[:20] = 128, 0
    dc = np.full((len(gaussians), 1, 3), -0.5 / SH_C0)
    dc[index] = 0.5 / SH_C0
    alone = Gaussians(gaussians.means, gaussians.scales, gaussians.rotations, gaussians.opacities, dc)
    weight = render(alone, camera).colour[..., 0]
    half = contributions(gaussians, camera, mask)
    assert half.total[index] == pytest.approx(weight.sum(), rel=1e-3)
    assert half.inside[index] == pytest.approx((weight * (mask / 255)).sum(), rel=1e-3, abs=1e-3)


def test_a_mask_of_another_size_is_a_mistake(room: tuple[Gaussians, Array, list[Camera]]) -> None:
    with pytest.raises(ValueError, match="a mask of"):
        contributions(room[0], room[2][0], np.zeros((10, 10), np.uint8))


def test_a_ball_is_found_best_by_its_depth_band_and_better_from_several_sides(
    room: tuple[Gaussians, Array, list[Camera]],
) -> None:
    thing, views = room[1], views_of(room)
    one = views[:1]
    assert iou(visible(one), thing) > 0.5
    assert iou(through(one), thing) > 0.5
    assert iou(depth_band(one), thing) > 0.8
    assert iou(visible(views), thing) > iou(visible(one), thing) + 0.1
    assert iou(depth_band(views), thing) > 0.85


def test_visible_takes_the_front_and_through_takes_what_is_behind_it_too(
    room: tuple[Gaussians, Array, list[Camera]],
) -> None:
    _, thing, (camera, *_) = room
    view = views_of(room)[:1]
    hall = np.arange(len(thing)) >= len(thing) - 4000
    assert (visible(view) & hall).sum() < 0.02 * visible(view).sum()
    behind = through(view) & hall
    assert behind.sum() > 50
    assert (view[0].depth[behind] > np.linalg.norm(camera.position)).mean() > 0.9
    assert not (depth_band(view) & hall).any()


def test_the_middle_of_a_garden_is_found_better_than_by_the_prototype(data_dir: Path) -> None:
    """The object of the prototype: the ball around the middle of a dense cloud, seen through a crowd of
    others. Its depth band (quantiles of 2 and 98 %) is measured on the same views."""
    scene = load_scene(data_dir / "scene" / "garden_occ").subject
    middle = np.median(scene.points, axis=0)
    apart = np.linalg.norm(scene.points - middle, axis=1)
    thing = apart < np.quantile(apart, 0.15)
    cameras = [scene.cameras[number] for number in (0, 6, 12)]
    views = views_of((splats_at(scene.points), thing, cameras))
    ours, theirs = [], []
    for view in views:
        front = visible([view])
        low, high = np.quantile(view.depth[front], [0.02, 0.98])
        theirs.append(iou(view.centred & (view.depth >= low) & (view.depth <= high), thing))
        ours.append(iou(depth_band([view]), thing))
    assert all(a > b for a, b in zip(ours, theirs, strict=True)), (ours, theirs)
    assert np.mean(ours) > np.mean(theirs) + 0.08
    assert iou(depth_band(views), thing) > np.mean(ours)


def test_an_empty_mask_selects_nothing(room: tuple[Gaussians, Array, list[Camera]]) -> None:
    gaussians, _, (camera, *_) = room
    view = contributions(gaussians, camera, np.zeros((camera.height, camera.width), np.uint8))
    for select in (visible, through, depth_band):
        assert not select([view]).any()


def test_strokes_are_added_taken_away_and_crossed() -> None:
    before, stroke = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    assert combined(before, stroke, "replace").tolist() == stroke.tolist()
    assert combined(before, stroke, "add").tolist() == [True, True, True, False]
    assert combined(before, stroke, "subtract").tolist() == [False, True, False, False]
    assert combined(before, stroke, "intersect").tolist() == [True, False, False, False]
    assert inverted(before, np.array([1, 1, 1, 0], bool)).tolist() == [False, False, True, False]


def test_a_selection_grows_to_its_neighbours_but_not_over_a_gap_and_shrinks_back() -> None:
    rows, columns = np.meshgrid(np.arange(20), np.arange(20), indexing="ij")
    sheet = np.column_stack([rows.ravel(), columns.ravel(), np.zeros(400)]).astype(float)
    means = np.concatenate([sheet, sheet + np.array([40, 0, 0])])
    around_ = Neighbours(means)
    square = (np.abs(means[:, 0] - 10) <= 3) & (np.abs(means[:, 1] - 10) <= 3)
    larger = (np.abs(means[:, 0] - 10) <= 4) & (np.abs(means[:, 1] - 10) <= 4)
    assert (around_.grown(square) == larger).all()
    assert (around_.shrunk(larger) == square).all()
    first_sheet = np.arange(800) < 400
    assert (around_.grown(first_sheet) == first_sheet).all()
    assert (around_.shrunk(first_sheet) == first_sheet).all()
    nothing = np.zeros(800, bool)
    assert not around_.grown(nothing).any()
    assert not around_.shrunk(nothing).any()
    one = Neighbours(np.zeros((1, 3)))
    assert one.grown(np.ones(1, bool)).all()


def test_gaussians_are_found_by_colour_size_and_opacity() -> None:
    held = some_gaussians(4, 0).to_arrays()
    colours = np.array([[1, 0, 0], [0.95, 0.05, 0.03], [0, 0, 1], [1.4, -0.2, 0]])
    gaussians = Gaussians.from_arrays(
        held
        | {
            "harmonics": ((colours - 0.5) / SH_C0)[:, None],
            "scales": np.log([[1, 1, 1], [0.1, 0.1, 2], [0.1, 0.1, 0.1], [5, 1, 1]]),
            "opacities": np.array([-9, 0, 1, 9]),
        }
    )
    assert by_colour(gaussians, (1, 0, 0)).tolist() == [True, True, False, True]
    assert by_colour(gaussians, (1, 0, 0), within=1).tolist() == [True, False, False, True]
    assert by_size(gaussians, 0.5, 3).tolist() == [True, True, False, False]
    assert by_opacity(gaussians, 0.4, 0.8).tolist() == [False, True, True, False]
