"""Blobs of paint found tile by tile are those of the whole mask, and so is what is read from them."""

from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.contract import Box
from maskengines.subjects import pose_blobs, pose_paint
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_blobs import Blob, Blobs
from maskengines.subjects.pose_paint import evidence_from_paint
from maskengines.subjects.pose_skeleton import COUNT, PARENTS
from maskengines.subjects.pose_template import template_pose

Array = np.ndarray[Any, Any]

WIDTH, HEIGHT = 410, 350  # no whole tiles


def strokes(rng: np.random.Generator, count: int, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> Array:
    mask = np.zeros(shape, np.uint8)
    for _ in range(count):
        ends = rng.integers((-20, -20), (shape[1] + 20, shape[0] + 20), (2, 2))
        ends[1] = ends[0] + rng.integers(-90, 90, 2)
        drawn = np.zeros_like(mask)
        cv2.line(
            drawn,
            *map(tuple, ends.tolist()),
            int(rng.choice([90, 127, 128, 200, 255])),
            int(rng.integers(1, 40)),
        )
        mask = np.maximum(mask, drawn)
    return mask


def person() -> PoseSubject:
    return template_pose((WIDTH, HEIGHT), (120, 20, 160, 310))


def whole(mask: Array) -> Blobs:
    """All at once."""
    extent = Box.of_mask(mask)
    if extent.empty:
        return Blobs(mask, extent, ())
    labels = cv2.connectedComponents((mask >= 128).view(np.uint8), connectivity=8)[1]
    return Blobs(mask, extent, ((Box(0, 0, mask.shape[1], mask.shape[0]), labels),))


def plain_over_joint(blobs: Blobs, subject: PoseSubject, joint: int) -> tuple[float, int]:
    """The definition, over all pixels of the photo."""
    rows, columns = np.mgrid[: blobs.mask.shape[0], : blobs.mask.shape[1]] + 0.5
    (x, y), sigma = subject.joints[joint], float(subject.sigma_px[joint])
    squares = (columns - x) ** 2 + (rows - y) ** 2
    weight = np.where(squares <= max(2 * sigma, 1.0) ** 2, np.exp(-squares / (2 * sigma**2)), 0)
    if not weight.any():
        return 0.0, 0
    labels = blobs.over(Box(0, 0, blobs.mask.shape[1], blobs.mask.shape[0]))
    totals = np.bincount(labels.ravel(), weights=weight.ravel())
    totals[0] = 0
    return float((weight * blobs.mask).sum() / (255 * weight.sum())), int(totals.argmax())


def pieces(blobs: Blobs) -> list[tuple[int, float, tuple[float, ...], float]]:
    found = [
        (len(b.places), round(b.mass, 3), tuple(b.centre.round(3)), round(b.variance, 3)) for _, b in blobs
    ]
    return sorted(found)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 12))
def test_tile_by_tile_the_same_blobs_are_found(seed: int, count: int) -> None:
    mask = strokes(np.random.default_rng(seed), count)
    found, plain = Blobs.of(mask), whole(mask)
    assert found.extent == plain.extent
    assert pieces(found) == pytest.approx(pieces(plain)) if count == 0 else pieces(found) == pieces(plain)
    everywhere = Box(0, 0, WIDTH, HEIGHT)
    mine, theirs = found.over(everywhere), plain.over(everywhere)
    # The numbers may be others, but they tell the same pixels apart.
    most = int(theirs.max()) + 1
    pairs = np.unique(mine.astype(np.int64) * most + theirs)
    assert len(np.unique(pairs // most)) == len(np.unique(pairs % most)) == len(pairs)
    assert ((mine > 0) == (mask >= 128)).all()
    part = Box(37, 51, 200, 130)
    assert np.array_equal(found.over(part), mine[part.slices])
    columns, rows = np.random.default_rng(seed).integers(-30, 450, (2, 500))
    inside = (columns >= 0) & (columns < WIDTH) & (rows >= 0) & (rows < HEIGHT)
    at = found.at(columns, rows)
    assert np.array_equal(at[inside], mine[rows[inside], columns[inside]])
    assert not at[~inside].any()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 10))
def test_paint_is_read_as_by_looking_at_every_pixel(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    subject = person()
    for joint in rng.choice(COUNT, 3, replace=False).tolist():
        x, y = rng.uniform((-5, -5), (WIDTH + 5, HEIGHT + 5))
        subject = subject.with_joint(joint, x, y, sigma_px=float(rng.uniform(0.3, 60)))
    mask = strokes(rng, count)
    if seed % 4 == 0:
        cv2.rectangle(mask, (150, 30), (280, 260), 255, -1)  # holds whole discs
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pose_blobs, "_SAMPLES", WIDTH * HEIGHT)
        found, asked = evidence_from_paint(mask, subject)
        patch.setattr(pose_paint.Blobs, "of", staticmethod(whole))
        patch.setattr(pose_paint, "_over_joint", plain_over_joint)
        plain, plainly = evidence_from_paint(mask, subject)
    assert np.abs(asked.astype(int) - plainly).max() <= 1
    assert np.array_equal(found.painted, plain.painted)
    for mine, theirs in zip(found.modes, plain.modes, strict=True):
        assert np.allclose(sorted(mine.tolist()), sorted(theirs.tolist()), atol=1e-2)


@pytest.mark.parametrize("place", [(0, 0), (63, 63), (64, 64), (200, 128), (409, 349)])
def test_one_pixel_is_a_blob_wherever_it_lies(place: tuple[int, int]) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[place[1], place[0]] = 255
    ((number, blob),) = Blobs.of(mask)
    assert blob.places.tolist() == [[place[0] + 0.5, place[1] + 0.5]]
    assert Blobs.of(mask).at(*np.array([[place[0]], [place[1]]])).tolist() == [number]


def test_a_blob_that_touches_by_a_corner_between_tiles_is_one() -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[40:64, 40:64] = mask[64:90, 64:90] = 255
    ((_, blob),) = Blobs.of(mask)
    assert blob.mass == 24 * 24 + 26 * 26


def test_of_much_paint_samples_tell_as_much_as_all() -> None:
    mask = strokes(np.random.default_rng(5), 3, (2400, 3000))
    cv2.ellipse(mask, (1400, 1200), (900, 500), 20, 0, 360, 255, -1)
    mask[2300:2306, 2800:2806] = 255  # far from the rest: none of it may be lost
    found = {round(blob.mass): blob for _, blob in Blobs.of(mask)}
    assert min(found) == 36
    rows, columns = np.nonzero(
        whole(mask).over(Box(0, 0, 3000, 2400)) == whole(mask).at(*np.array([[1400], [1200]]))[0]
    )
    every = Blob(np.column_stack([columns, rows]) + 0.5, mask[rows, columns] / 255)
    largest = found[max(found)]
    assert len(largest.places) < 30_000 < len(every.places)
    assert largest.mass == pytest.approx(every.mass, rel=2e-3)
    assert largest.centre == pytest.approx(every.centre, abs=0.5)
    assert largest.variance == pytest.approx(every.variance, rel=2e-3)


def test_what_a_stroke_costs_hardly_grows_with_the_photo() -> None:
    def seconds(side: int) -> float:
        subject = template_pose((side, side), (20, 20, 200, 380))
        mask = np.zeros((side, side), np.uint8)
        x, y = subject.joints[13].astype(int).tolist()
        cv2.circle(mask, (x, y), 30, 255, -1)
        times = []
        for _ in range(5):
            began = time.thread_time()
            evidence_from_paint(mask, subject)
            times.append(time.thread_time() - began)
        return min(times)

    # Seventy times the pixels; labelling and weighing all of them takes forty times as long.
    assert seconds(4000) < 8 * seconds(480)


def test_bones_are_followed_beyond_the_photo() -> None:
    subject = person().with_joint(13, WIDTH + 200, 60)
    mask = np.full((HEIGHT, WIDTH), 255, np.uint8)
    along = pose_paint._along_bone(Blobs.of(mask), subject, 13)
    start, end = subject.joints[PARENTS[13]], subject.joints[13]
    share = (WIDTH - start[0]) / (end[0] - start[0])
    assert (along > 0).mean() == pytest.approx(share, abs=0.02)
