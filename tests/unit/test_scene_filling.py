"""What was removed is filled: the hole, its depth, its picture, and Gaussians that show it from anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.contract import Candidate, Request
from maskengines.errors import BadInput
from maskengines.results.scenes import scene_from_candidate
from maskengines.runtime.local import run_here
from maskengines.scene.filling.discs import discs
from maskengines.scene.filling.engine import SceneFill
from maskengines.scene.filling.evidence import Evidence
from maskengines.scene.filling.hole import find_hole
from maskengines.scene.filling.membrane import membrane
from maskengines.scene.filling.planes import find_planes
from maskengines.scene.filling.rays import places
from maskengines.scene.filling.removal import remove
from maskengines.scene.info import FillParams
from maskengines.scene.rasteriser import render
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians
from staged_room import Staged, staged

Array = np.ndarray[Any, Any]


def mask_of(removed: Array) -> Array:
    return np.where(removed, 255, 0).astype(np.uint8)


def ask(scene: Staged, count: int = 1, seed: int = 0, **params: Any) -> list[Candidate]:
    masks = {"gaussians": mask_of(scene.removed)}
    return run_here(
        SceneFill(), Request(scene.subject, masks, FillParams.read(params), count=count, seed=seed)
    )


def psnr(one: Array, two: Array, where: Array) -> float:
    return float(-10 * np.log10(np.mean((np.clip(one, 0, 1) - np.clip(two, 0, 1))[where] ** 2)))


def unhurried() -> None:
    """A checkpoint of nobody who cancels."""


@pytest.fixture(scope="module")
def room() -> Staged:
    return staged()


@pytest.fixture(scope="module")
def fills(room: Staged) -> list[Candidate]:
    return ask(room, count=2)


def test_a_fill_looks_like_what_was_hidden_from_everywhere(room: Staged, fills: list[Candidate]) -> None:
    kept = room.scene.take(~room.removed)
    filled = scene_from_candidate(fills[0]).gaussians
    found = []
    for camera in room.cameras:
        truth, hidden, left = (
            render(room.truth, camera).colour,
            room.hidden(camera),
            render(kept, camera).colour,
        )
        around = cv2.dilate(mask_of(hidden), np.ones((5, 5), np.uint8))
        pixels = np.rint(np.clip(left, 0, 1) * 255).astype(np.uint8)
        flat = cv2.inpaint(pixels, around, 3, cv2.INPAINT_TELEA).astype(np.float32) / 255
        pictures = (render(filled, camera).colour, flat, left)
        found.append([psnr(picture, truth, hidden) for picture in pictures])
    ours, telea, nothing = np.mean(found, axis=0)
    assert ours > 30
    assert ours > telea + 6 > nothing + 6


def test_what_stays_is_the_same_to_the_last_bit(room: Staged, fills: list[Candidate]) -> None:
    for fill in fills:
        scene = scene_from_candidate(fill)
        stays = np.asarray(scene.extra["stays"]) > 0
        assert not stays[room.removed].any()
        assert stays.sum() + int(fill.metrics["added"]) == len(scene.gaussians) == fill.metrics["gaussians"]
        before = room.scene.take(stays)
        for name, array in before.to_arrays().items():
            assert np.array_equal(getattr(scene.gaussians, name)[: len(before)], array), name


def test_where_there_is_no_hole_nothing_changes(room: Staged, fills: list[Candidate]) -> None:
    removal = remove(room.scene, mask_of(room.removed), room.cameras, unhurried)
    filled = scene_from_candidate(fills[0]).gaussians
    for camera in room.cameras:
        hole = find_hole(removal, camera)
        change = np.abs(render(filled, camera).colour - hole.after.colour).mean(axis=2)
        assert change[~hole.mask].mean() < 1e-3
        assert np.quantile(change[~hole.mask], 0.999) < 0.1


def test_the_hole_is_what_no_photo_saw(room: Staged) -> None:
    removal = remove(room.scene, mask_of(room.removed), room.cameras, unhurried)
    for camera in room.cameras[::3]:
        hidden, hole = room.hidden(camera), find_hole(removal, camera)
        assert hole.mask[hidden].mean() > 0.97
        wide = cv2.dilate(mask_of(hidden), np.ones((11, 11), np.uint8)) > 0
        assert hole.mask[~wide].mean() < 0.002


def test_a_seed_gives_the_same_fill_again_and_another_one_another(
    room: Staged, fills: list[Candidate]
) -> None:
    (again,) = ask(room, seed=1)
    first, second = (scene_from_candidate(fill).gaussians for fill in fills)
    same = scene_from_candidate(again).gaussians
    assert np.array_equal(same.harmonics, second.harmonics)
    assert np.array_equal(same.means, second.means)
    assert first.harmonics.shape != second.harmonics.shape or not np.array_equal(
        first.harmonics, second.harmonics
    )


def test_the_view_can_be_named_or_given(room: Staged) -> None:
    (named,) = ask(room, view="p03", iterations=0)
    assert named.metrics["view"] == "p03"
    eye = replace(room.cameras[4], name="")
    (given,) = ask(room, camera=eye.to_record(), iterations=0)
    assert given.metrics["view"] == ""
    assert np.array_equal(scene_from_candidate(given).cameras[0].world_to_camera, eye.world_to_camera)
    with pytest.raises(BadInput, match="named 'p99'"):
        ask(room, view="p99")


def test_leftovers_in_what_is_removed_go_with_it(room: Staged) -> None:
    rng = np.random.default_rng(3)
    junk = Gaussians(
        rng.normal((0, 0.35, 0), 0.05, (40, 3)), np.full((40, 3), np.log(0.05)),
        np.tile([1, 0, 0, 0], (40, 1)), np.full(40, 3.0), np.full((40, 1, 3), 1.5),
    )  # fmt: skip
    full = room.scene.joined(junk)
    removed = np.append(room.removed, np.zeros(40, bool))
    removal = remove(full, mask_of(removed), room.cameras, unhurried)
    assert not removal.stays[-40:].any(), "inside of the box, where no photo saw it"
    lost = int((~removal.stays & ~removed).sum()) - 40
    assert lost < 0.01 * len(full)


def test_a_floor_is_missing_although_what_is_below_was_seen(room: Staged) -> None:
    removal = remove(room.scene, mask_of(room.removed), room.cameras, unhurried)
    x, z = (axis.ravel() for axis in np.meshgrid(np.arange(-4, 4, 0.15), np.arange(-4, 4, 0.15)))
    count = len(x)
    cellar = Gaussians(
        np.stack([x, np.full(count, 1.6), z], 1), np.full((count, 3), np.log(0.1)),
        np.tile([1, 0, 0, 0], (count, 1)), np.full(count, 4.0), np.full((count, 1, 3), -1.2),
    )  # fmt: skip
    below = replace(
        removal, kept=removal.kept.joined(cellar), backed=np.append(removal.backed, np.ones(count, bool))
    )
    camera = room.cameras[0]
    hidden, hole = room.hidden(camera), find_hole(below, camera)
    assert hole.after.alpha[hidden].min() > 0.9, "the cellar shows"
    assert hole.mask[hidden].mean() > 0.9
    depth = render(room.truth, camera).depth
    known = hidden & (hole.planar > 0)
    assert known.sum() > 0.7 * hidden.sum()
    assert np.abs(1 / hole.planar[known] - depth[known]).max() < 0.05 * depth[known].max()


def test_nothing_is_filled_where_photos_saw_what_is_behind(room: Staged) -> None:
    floating = replace(room.box, means=room.box.means - np.array([0, 1.5, 0], np.float32))
    both = room.truth.joined(floating)
    removed = np.arange(len(both)) >= len(room.truth)
    subject = room.subject.with_gaussians(both)
    with pytest.raises(BadInput, match="nothing to fill"):
        run_here(SceneFill(), Request(subject, {"gaussians": mask_of(removed)}, FillParams()))


def test_what_cannot_be_asked_is_one_sentence(room: Staged) -> None:
    alone = replace(room.subject, photos=())
    masks = {"gaussians": mask_of(room.removed)}
    for subject, given, told in (
        (alone, masks, "where photos of this scene were taken from"),
        (room.subject, {}, "Nothing of the scene is removed"),
        (room.subject, {"gaussians": np.full(len(room.scene), 255, np.uint8)}, "All of the scene"),
    ):
        with pytest.raises(BadInput, match=told):
            run_here(SceneFill(), Request(subject, given, FillParams()))


def test_photos_tell_what_is_seen_free_or_hidden(room: Staged) -> None:
    evidence = Evidence(room.truth.joined(room.box), room.cameras)
    points = np.array([[0, 0.3, 0], [0, 0.59, 0.05], [0, -0.8, 0], [1.5, 0.6, 1.5]])
    assert evidence.seen(points).tolist() == [False, False, True, True]
    assert evidence.free(points).tolist() == [False, False, True, False]


# --- its parts ----------------------------------------------------------------------------------


def test_a_membrane_goes_on_straight_and_invents_no_extremes() -> None:
    rows, columns = np.indices((20, 30)).astype(float)
    slope = 3 + 0.5 * rows - 0.2 * columns
    asked = np.zeros((20, 30), bool)
    asked[4:15, 6:22] = True
    assert np.allclose(membrane(slope, asked, ~asked)[asked], slope[asked])
    noise = np.random.default_rng(0).normal(size=(20, 30))
    found = membrane(noise, asked, ~asked)[asked]
    assert noise[~asked].min() < found.min()
    assert found.max() < noise[~asked].max()


def test_a_membrane_that_nothing_holds_is_the_mean() -> None:
    asked, known = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    asked[6:8, 6:8] = True
    known[0, :2] = True
    values = np.zeros((9, 9))
    values[0, 1] = 4
    assert np.all(membrane(values, asked, known)[asked] == 2)
    with pytest.raises(ValueError, match="rim"):
        membrane(values, asked, np.zeros((9, 9), bool))


def test_planes_are_told_apart_among_strays() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.uniform(0, 100, (600, 2))
    floor, wall = np.array([0, 0.004, 0.1]), np.array([0.001, 0, 0.2])
    which = np.arange(600) % 3
    inverse = np.where(which == 0, pixels @ floor[:2] + floor[2], pixels @ wall[:2] + wall[2])
    inverse[which == 2] = rng.uniform(0.05, 1, 200)
    planes = find_planes(pixels, inverse, 0.01, rng)[:2]
    assert len(planes) == 2
    for truth in (floor, wall):
        assert min(float(np.abs(plane.terms - truth).max()) for plane in planes) < 2e-3


def test_discs_show_the_picture_and_the_depth_that_they_were_made_of() -> None:
    camera = Camera(60, 40, 60.0, 60.0, 30.0, 20.0, np.eye(4))
    rows, columns = np.indices((40, 60))
    inverse = 0.3 + 0.004 * rows - 0.001 * columns
    colour = np.stack([columns / 60, rows / 40, np.full(rows.shape, 0.4)], -1).astype(np.float32)
    made = discs(camera, np.ones((40, 60), bool), inverse, colour)
    frame, inside = render(made, camera), np.s_[3:-3, 3:-3]
    assert frame.alpha[inside].min() > 0.97
    assert np.abs(frame.colour[inside] - colour[inside]).max() < 0.05
    assert np.abs(frame.depth[inside] * inverse[inside] - 1).max() < 0.02
    spread = np.exp(made.scales)
    assert (spread[:, 0] < 0.2 * spread[:, 1]).all(), "they are flat"
    points = places(camera, 1 / inverse).reshape(-1, 3)
    assert np.allclose(made.means, points, atol=1e-5)
    assert np.abs(made.colours - colour.reshape(-1, 3)).max() < 1e-5
