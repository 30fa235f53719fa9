"""What someone gets who paints over something and asks `exemplar`."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.contract import BadInput, Box, Cancelled, Candidate, Changes, ImagePatch, Request
from maskengines.inpaint import filling
from maskengines.inpaint.chords import draw_on
from maskengines.inpaint.exemplar import Exemplar
from maskengines.inpaint.gains import matched
from maskengines.inpaint.info import ENGINES, EXEMPLAR, LIVE_FILL, ExemplarParams, LiveFillParams
from maskengines.inpaint.kernels import RADIUS
from maskengines.inpaint.likeness import Likeness, Texture, curves, distances, strengths
from maskengines.inpaint.live_fill import LiveFill
from maskengines.inpaint.pilots import NUMBER, Pilots
from maskengines.inpaint.pyramid import build_levels
from maskengines.inpaint.repeats import Repeats

Array = np.ndarray[Any, Any]


class FakeContext:
    """Records what an engine tells; answers ``changes`` from a list, then closes the job."""

    device = "cpu"
    log = logging.getLogger("test")

    def __init__(self, changes: Sequence[Changes] = (), stop_after: int = 10**9) -> None:
        self.previews: list[ImagePatch] = []
        self.fractions: list[float] = []
        self._changes = list(changes)
        self._left = stop_after

    def progress(self, done: float, total: float, text: str = "") -> None:
        self.fractions.append(done / total)

    def preview(self, result: ImagePatch) -> None:
        self.previews.append(result)

    def checkpoint(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Cancelled

    def changes(self, wait: float | None = None) -> Changes | None:
        return self._changes.pop(0) if self._changes else None

    def ask(self, engine_id: str, request: Request) -> Sequence[Candidate]:
        raise AssertionError("exemplar asks nobody")

    def generator(self, seed: int) -> np.random.Generator:
        return np.random.default_rng(seed)


def fill(
    pixels: Array,
    mask: Array,
    count: int = 1,
    seed: int = 0,
    context: FakeContext | None = None,
    **values: Any,
) -> list[Candidate]:
    request = Request(SimpleNamespace(pixels=pixels), {"pixels": mask}, ExemplarParams(**values), count, seed)  # type: ignore[arg-type]
    return list(Exemplar().sample(request, context or FakeContext()))


def put(pixels: Array, patch: ImagePatch) -> Array:
    result = pixels.copy()
    result[patch.box.slices] = patch.pixels
    return result


def stripes(height: int = 120, width: int = 140, period: int = 12) -> Array:
    """Vertical stripes with a little noise, so that copies can be told from the original."""
    rng = np.random.default_rng(3)
    wave = 128 + 90 * np.sign(np.sin(2 * np.pi * np.arange(width) / period + 0.1))
    grey = wave[None, :, None] + rng.normal(0, 4, (height, width, 1))
    return np.clip(np.repeat(grey, 3, axis=2), 0, 255).astype(np.uint8)


def disc(shape: tuple[int, int], radius: int) -> Array:
    mask = np.zeros(shape, np.uint8)
    cv2.circle(mask, (shape[1] // 2, shape[0] // 2), radius, 255, -1)
    return mask


def test_stripes_go_on_through_the_hole() -> None:
    photo = stripes()
    mask = disc(photo.shape[:2], 22)
    damaged = photo.copy()
    damaged[mask > 0] = 255
    [candidate] = fill(damaged, mask)
    result = put(damaged, candidate.result)
    error = np.abs(result.astype(float) - photo)[mask > 0].mean()
    smooth = cv2.inpaint(damaged, mask, 4, cv2.INPAINT_NS)
    assert error < 0.35 * np.abs(smooth.astype(float) - photo)[mask > 0].mean()
    assert candidate.metrics["method"] == "patches"
    assert candidate.metrics["energy"] > 0  # type: ignore[operator]


def wall(height: int = 360, width: int = 360) -> Array:
    """Bricks in courses, seen a little from the side, each of its own tone."""
    rng = np.random.default_rng(5)
    grey = np.full((2 * height, 2 * width), 190.0)
    for row, y in enumerate(range(0, 2 * height, 30)):
        for x in range(-(row % 2) * 32, 2 * width, 64):
            grey[y + 4 : y + 30, max(0, x + 4) : max(0, x + 64)] = rng.uniform(70, 110)
    grey += rng.normal(0, 3, grey.shape)
    seen = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float32)
    flat = np.array([[0, 0], [1.1 * width, 50], [0, height], [1.1 * width, height - 30]], np.float32)
    turned = cv2.warpPerspective(
        grey.astype(np.float32), cv2.getPerspectiveTransform(flat, seen), (width, height)
    )
    return np.clip(np.repeat(turned[..., None], 3, axis=2), 0, 255).astype(np.uint8)


def test_courses_of_bricks_go_on_in_step_through_a_wide_hole() -> None:
    photo = wall()
    mask = disc(photo.shape[:2], 60)
    damaged = photo.copy()
    damaged[mask > 0] = 255
    inside = mask > 0
    for seed in range(2):
        [candidate] = fill(damaged, mask, seed=seed)
        result = put(damaged, candidate.result)
        alike = np.corrcoef(result[inside].ravel().astype(float), photo[inside].ravel().astype(float))[0, 1]
        assert alike > 0.6


def test_a_horizon_is_no_repeat() -> None:
    photo = np.full((240, 300, 3), 200, np.float32)
    photo[120:] = 60
    photo += np.random.default_rng(3).normal(0, 4, photo.shape[:2])[..., None]
    hole = disc(photo.shape[:2], 40) > 0
    levels = build_levels(np.clip(photo, 0, 255).astype(np.float32), hole, hole, 1.0, lambda: None)
    assert Repeats(levels[1]).found == []
    bricks = wall().astype(np.float32)
    hole = disc(bricks.shape[:2], 60) > 0
    levels = build_levels(bricks, hole, hole, 1.0, lambda: None)
    assert Repeats(levels[1]).found


def test_repeats_are_found_in_the_largest_pictures_that_are_looked_at() -> None:
    bricks = wall(440, 480).astype(np.float32)
    hole = disc(bricks.shape[:2], 60) > 0
    [_, level, *_] = build_levels(bricks, hole, hole, 1.0, lambda: None)
    assert int((~level.hole).sum()) > 40_000
    assert Repeats(level).found


def test_a_bar_that_enters_the_hole_on_both_sides_is_drawn_on() -> None:
    photo = np.full((200, 200, 3), 210, np.uint8)
    cv2.line(photo, (20, 150), (180, 50), (30, 30, 40), 14)
    hole = disc(photo.shape[:2], 40) > 0
    level = build_levels(photo.astype(np.float32), hole, hole, 1.0, lambda: None)[1].copy()
    level.colours[level.hole] = 128
    draw_on(level, np.random.default_rng(0), 0.0)
    drawn = level.colours[RADIUS:-RADIUS, RADIUS:-RADIUS].mean(axis=2)
    assert drawn[50, 50] < 90
    assert min(drawn[38, 42], drawn[62, 58]) > 150


@pytest.mark.parametrize("contrast", [0.8, 1.25])
def test_detail_is_made_as_strong_as_wanted_be_it_too_soft_or_too_harsh(contrast: float) -> None:
    rng = np.random.default_rng(6)
    right = (128 + cv2.GaussianBlur(rng.normal(0, 60, (160, 160)), (0, 0), 1.0)).astype(np.float32)
    hole = disc(right.shape, 50) > 0
    rows, columns = np.nonzero(hole)
    wanted = curves(strengths(right), rows, columns)
    given = 128 + contrast * (right - 128)
    made = matched(given[..., None], hole, Texture(wanted), scale=1.0, tick=lambda: None)[..., 0]
    assert np.array_equal(made[~hole], given[~hole])
    before, after = distances([curves(strengths(grey), rows, columns) for grey in (given, made)], wanted)
    assert after < 0.2 * before
    inner = disc(right.shape, 44) > 0
    assert np.abs(made - right)[inner].mean() < 0.35 * np.abs(given - right)[inner].mean()
    assert given.min() <= made.min() <= made.max() <= given.max()


def test_pilots_are_grown_once_for_all_threads_and_again_by_another_where_one_is_stopped() -> None:
    pilots, grown, begun = Pilots(), [], threading.Event()

    def grow(number: int) -> Array:
        begun.set()
        time.sleep(0.01)
        grown.append(number)
        return np.full((3, 32), float(number))

    def stopped(number: int) -> Array:
        begun.wait(5)
        raise Cancelled

    with ThreadPoolExecutor(3) as pool:
        doomed = pool.submit(pilots.textures, stopped, lambda: None)
        asked = [pool.submit(pilots.textures, grow, lambda: None) for _ in range(2)]
        results = [future.result(timeout=20) for future in asked]
        with pytest.raises(Cancelled):
            doomed.result(timeout=20)
    assert sorted(grown) == list(range(NUMBER))
    assert [[texture[0, 0] for texture in result] for result in results] == [list(range(NUMBER))] * 2


def test_what_lies_under_the_mask_is_never_read() -> None:
    photo = stripes()
    mask = disc(photo.shape[:2], 18)
    one, other = photo.copy(), photo.copy()
    one[mask > 0], other[mask > 0] = 0, 201
    for method in ("patches", "biharmonic", "navier-stokes"):
        first, second = fill(one, mask, method=method)[0], fill(other, mask, method=method)[0]
        assert np.array_equal(put(one, first.result), put(other, second.result)), method


def test_only_masked_pixels_change_and_the_patch_covers_the_mask() -> None:
    photo = stripes()
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[30:50, 20:60], mask[90:100, 110:139] = 255, 1
    for candidate in fill(photo, mask, count=2):
        assert candidate.result.box == Box.of_mask(mask)
        result = put(photo, candidate.result)
        assert np.array_equal(result[mask == 0], photo[mask == 0])
        assert (result[mask > 0] != photo[mask > 0]).any()


def test_a_seed_gives_the_same_pixels_alone_and_in_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = stripes()
    mask = disc(photo.shape[:2], 20)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    together = fill(photo, mask, count=3, seed=5)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "1")
    for candidate in together:
        [alone] = fill(photo, mask, count=1, seed=candidate.seed)
        assert np.array_equal(alone.result.pixels, candidate.result.pixels)
    assert [candidate.seed for candidate in together] == [5, 6, 7]


def test_candidates_differ(data_dir: Path) -> None:
    photo = cv2.imread(str(data_dir / "photos/test/popos_001.jpg"))[:256, :256]
    mask = disc(photo.shape[:2], 40)
    results = [put(photo, c.result)[mask > 0].astype(float) for c in fill(photo, mask, count=3)]
    for i in range(3):
        for j in range(i):
            assert np.abs(results[i] - results[j]).mean() > 1.0


def test_sixteen_bit_values_are_copied_at_full_depth() -> None:
    rng = np.random.default_rng(0)
    photo = (stripes().astype(np.uint16) * 256 + rng.integers(0, 256, (120, 140, 3))).astype(np.uint16)
    mask = disc(photo.shape[:2], 20)
    [candidate] = fill(photo, mask, seam="none")
    assert candidate.result.pixels.dtype == np.uint16
    given = {tuple(value) for value in photo[mask == 0].tolist()}
    inside = candidate.result.pixels[mask[candidate.result.box.slices] > 0].tolist()
    assert all(tuple(value) in given for value in inside)


def test_a_grey_photo_stays_grey() -> None:
    photo = np.ascontiguousarray(stripes()[..., :1])
    [candidate] = fill(photo, disc(photo.shape[:2], 20))
    assert candidate.result.pixels.shape[2] == 1


def test_a_scratch_is_closed_smoothly_within_the_range_around_it() -> None:
    ramp = np.linspace(40, 200, 128).astype(np.uint8)
    photo = np.repeat(np.repeat(ramp[None, :, None], 96, axis=0), 3, axis=2)
    mask = np.zeros((96, 128), np.uint8)
    cv2.line(mask, (10, 10), (110, 80), 255, 3)
    damaged = photo.copy()
    damaged[mask > 0] = 255
    [candidate] = fill(damaged, mask)
    assert candidate.metrics["method"] == "biharmonic"
    assert np.abs(put(damaged, candidate.result).astype(int) - photo).max() <= 2


def test_biharmonic_does_not_overshoot_an_edge() -> None:
    photo = np.zeros((60, 60, 3), np.uint8)
    photo[:, 30:] = 100
    photo += 50
    mask = disc((60, 60), 12)
    [candidate] = fill(photo, mask, method="biharmonic")
    assert candidate.result.pixels.min() >= 50
    assert candidate.result.pixels.max() <= 150


def test_holes_far_apart_are_filled_like_each_alone() -> None:
    photo = np.tile(stripes(120, 120), (1, 10, 1))
    left, right = np.zeros(photo.shape[:2], np.uint8), np.zeros(photo.shape[:2], np.uint8)
    cv2.circle(left, (80, 60), 15, 255, -1)
    cv2.circle(right, (1100, 60), 15, 255, -1)
    both = put(photo, fill(photo, left | right)[0].result)
    alone = put(photo, fill(photo, left)[0].result)
    assert np.array_equal(both[left > 0], alone[left > 0])
    assert np.array_equal(both[(left | right) == 0], photo[(left | right) == 0])


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (2, 2), (6, 6), (16, 30), (7, 120)])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiny_images_and_extreme_masks_are_filled_from_what_is_there(
    shape: tuple[int, int], channels: int
) -> None:
    photo = np.random.default_rng(1).integers(60, 90, (*shape, channels)).astype(np.uint8)
    corner, all_but_one, frame = (np.zeros(shape, np.uint8) for _ in range(3))
    corner[0, 0] = 1
    all_but_one[:] = 255
    all_but_one[-1, -1] = 0
    frame[:] = 255
    frame[shape[0] // 2, shape[1] // 2] = 0
    for mask in (corner, all_but_one, frame):
        for method in ("auto", "patches", "biharmonic", "navier-stokes"):
            damaged = photo.copy()
            damaged[mask > 0] = 255
            [candidate] = fill(damaged, mask, method=method)
            inside = candidate.result.pixels[mask[candidate.result.box.slices] > 0]
            assert candidate.result.box == Box.of_mask(mask)
            assert inside.min() >= 55
            assert inside.max() <= 95


def test_a_very_large_hole_is_searched_on_a_smaller_copy_and_still_copied_from_what_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filling, "MOST_WORKED", 4000)
    photo = np.random.default_rng(4).integers(0, 256, (141, 163, 3)).astype(np.uint8)
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[20:121, 30:] = 255
    given = {tuple(value) for value in photo[mask == 0].tolist()}
    damaged = photo.copy()
    damaged[mask > 0] = 0
    [candidate] = fill(damaged, mask, seam="none")
    assert candidate.metrics["method"] == "patches"
    inside = candidate.result.pixels[mask[candidate.result.box.slices] > 0].tolist()
    assert all(tuple(value) in given for value in inside)
    for seam in ("colour", "gradient"):
        [candidate] = fill(damaged, mask, seam=seam)
        assert np.array_equal(put(damaged, candidate.result)[mask == 0], damaged[mask == 0])


def test_every_candidate_tells_its_own_seconds() -> None:
    photo = stripes()
    begun = time.perf_counter()
    candidates = fill(photo, disc(photo.shape[:2], 18), count=2)
    whole = time.perf_counter() - begun
    assert all(0 < candidate.seconds <= whole for candidate in candidates)


def test_of_two_guesses_the_one_with_the_texture_around_the_hole_is_nearer() -> None:
    rng = np.random.default_rng(2)
    photo = np.full((140, 200, 3), 120, np.float32)
    photo[:, :120] += rng.normal(0, 40, (140, 120, 1)).astype(np.float32)
    hole = np.zeros((140, 200), bool)
    hole[50:90, 40:80] = True
    [full, *_] = build_levels(photo, hole, hole, 1.0, lambda: None)
    likeness = Likeness(full)
    rows, columns = full.hole_rows, full.hole_columns
    rough = likeness.of(full, 0, rows - 42, columns)
    plain = likeness.of(full, 0, rows, columns + 95)
    near, far = distances([rough, plain], likeness.wanted([rough, plain]))
    assert near < 0.75 * far


def test_an_empty_mask_changes_nothing_and_a_full_one_is_explained() -> None:
    photo = stripes()
    candidates = fill(photo, np.zeros(photo.shape[:2], np.uint8), count=2)
    assert [candidate.result.box.empty for candidate in candidates] == [True, True]
    with pytest.raises(BadInput, match="Leave some"):
        fill(photo, np.full(photo.shape[:2], 255, np.uint8))
    with pytest.raises(BadInput, match="image's size"):
        fill(photo, np.zeros((3, 3), np.uint8))


def test_previews_arrive_before_the_answer_and_esc_stops_it() -> None:
    photo = cv2.resize(stripes(), (560, 480))
    mask = disc(photo.shape[:2], 90)
    context = FakeContext()
    fill(photo, mask, context=context)
    assert context.previews
    assert all(preview.box == Box.of_mask(mask) for preview in context.previews)
    assert context.fractions == sorted(context.fractions)
    with pytest.raises(Cancelled):
        fill(photo, mask, context=FakeContext(stop_after=2))


def test_live_fill_has_no_crease_where_a_slope_goes_on() -> None:
    photo = (
        np.repeat(np.linspace(40, 200, 160)[:, None, None], 160, axis=1).repeat(3, axis=2).astype(np.uint8)
    )
    mask = np.zeros(photo.shape[:2], np.uint8)
    cv2.line(mask, (30, 40), (130, 110), 255, 26)
    request = Request(SimpleNamespace(pixels=photo), {"pixels": mask}, LiveFillParams())  # type: ignore[arg-type]
    [candidate] = LiveFill().sample(request, FakeContext())
    filled = put(photo, candidate.result).astype(int)
    inner = cv2.erode(mask, np.ones((5, 5), np.uint8)) > 0
    assert np.abs(filled - photo)[inner].max() <= 10
    across, down = np.abs(np.diff(filled, axis=1)), np.abs(np.diff(filled, axis=0))
    assert max(across[inner[:, 1:]].max(), down[inner[1:]].max()) <= 4


def test_live_fill_follows_the_brush_until_the_job_is_closed() -> None:
    photo = stripes()
    first, second = disc(photo.shape[:2], 6), disc(photo.shape[:2], 14)
    context = FakeContext([Changes(masks={"pixels": second}), Changes(masks={"pixels": first * 0})])
    request = Request(SimpleNamespace(pixels=photo), {"pixels": first}, LiveFillParams())  # type: ignore[arg-type]
    candidates = list(LiveFill().sample(request, context))
    assert [c.result.box for c in candidates[:2]] == [Box.of_mask(first), Box.of_mask(second)]
    assert candidates[2].result.box.empty
    assert len(context.previews) == 3
    filled = put(photo, candidates[1].result)
    assert np.array_equal(filled[second == 0], photo[second == 0])
    assert (filled[second > 0] != photo[second > 0]).any()


def test_the_window_learns_of_the_engines_without_numba_or_opencv() -> None:
    code = "import sys, maskengines.inpaint.info; print({'numba', 'cv2', 'scipy'} & {*sys.modules})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
    assert [info.id for info in ENGINES] == ["exemplar", "masked-diffusion", "live-fill"]
    assert LIVE_FILL.live
    properties = EXEMPLAR.schema()["properties"]
    assert all("description" in field and "title" in field for field in properties.values())
