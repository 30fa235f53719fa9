"""What a guess tells of the texture its fill will have."""

from __future__ import annotations

import numpy as np
from maskengines.inpaint.kernels import RADIUS
from maskengines.inpaint.likeness import BINS, Likeness
from maskengines.inpaint.pyramid import Level, build_levels

SIDE = 256
DEPTH = 2


def levels_of(colours: np.ndarray) -> list[Level]:
    hole = np.zeros((SIDE, SIDE), bool)
    hole[96:160, 96:160] = True
    levels = build_levels(colours, hole, hole, 1.0, lambda: None)
    assert len(levels) > DEPTH
    return levels


def plain_halves() -> np.ndarray:
    """Dark on the left, bright on the right; ``(SIDE, SIDE, 3)`` float32."""
    colours = np.full((SIDE, SIDE, 3), 40, np.float32)
    colours[:, SIDE // 2 :] = 200
    return colours


def edges(curve: np.ndarray) -> float:
    """Share of gradients stronger than those of a plain area."""
    return float(1 - curve[BINS // 2])


def test_joints_between_plain_pieces_are_edges_at_the_scales_of_the_guess() -> None:
    levels = levels_of(plain_halves())
    level, likeness = levels[DEPTH], Likeness(levels[0])
    count = len(level.hole_rows)
    rows = np.full(count, RADIUS + 5, np.int32)
    dark, bright = np.full(count, RADIUS + 5, np.int32), np.full(count, RADIUS + 55, np.int32)
    mixed = np.where((level.hole_columns // 4) % 2 > 0, dark, bright)
    of_one, of_both = likeness.of(level, DEPTH, rows, dark), likeness.of(level, DEPTH, rows, mixed)
    assert edges(of_both[DEPTH]) > edges(of_one[DEPTH]) + 0.2
    assert edges(of_both[0]) == edges(of_one[0]) == 0


def test_a_guess_that_goes_on_with_the_photo_has_its_texture() -> None:
    rng = np.random.default_rng(4)
    noise = rng.uniform(0, 255, (SIDE, SIDE, 1)).astype(np.float32)
    levels = levels_of(np.repeat(noise, 3, axis=2))
    level, likeness = levels[DEPTH], Likeness(levels[0])
    moved = likeness.of(level, DEPTH, level.hole_rows - 20, level.hole_columns)
    assert np.abs(moved - likeness.wanted([])).mean() < 0.02
