"""One region, one seed, one fill: picks the method by the hole and runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np

from maskengines.contract import Box
from maskengines.inpaint import seams
from maskengines.inpaint.completion import Plan, complete
from maskengines.inpaint.diffusion import biharmonic, local_range, navier_stokes
from maskengines.inpaint.gains import matched
from maskengines.inpaint.info import Method, Seam
from maskengines.inpaint.kernels import RADIUS
from maskengines.inpaint.pilots import Pilots
from maskengines.inpaint.pyramid import build_levels, halved
from maskengines.inpaint.regions import Region

Array = np.ndarray[Any, Any]
SMOOTH_EVERY = 4
MOST_WORKED = 200_000
MOST_BLENDED = 4_000_000
Watch = Callable[[float, Callable[[], Array]], None]
"""Called often with the fraction done and a way to get the fill so far, shaped like the crop."""


@dataclass(frozen=True)
class Settings:
    """`ExemplarParams` without pydantic."""

    method: Method = "auto"
    variety: float = 0.5
    seam: Seam = "gradient"
    texture: float = 1.0
    starts: int = 10


@dataclass(frozen=True, eq=False)
class Fill:
    """``pixels`` like the crop, equal to it outside the hole; ``energy`` only of patches."""

    pixels: Array
    method: str
    energy: float | None


def fill_region(
    pixels: Array,
    region: Region,
    settings: Settings,
    *,
    seed: int,
    generator: np.random.Generator,
    watch: Watch,
    pilots: Pilots | None = None,
    sketch: Array | None = None,
) -> Fill:
    """Fill one region's hole.

    ``auto`` closes a thin stroke with the smoothest fill for every fourth seed (0, 4, 8 ...), as that
    fill knows no second answer, and from patches for the others; wider holes are always completed
    from patches. Where too little is given to copy a patch from, the smooth fill answers.

    Args:
        pixels: ``(H, W, 1|3)`` uint8 or uint16, the crop at ``region.box``.
        pilots: shared by all fills of this region with these pixels and settings; ``None`` for one alone.
        sketch: ``(H, W, 3)`` float32, 0..255: what the hole should show, to be made of patches.
    """
    # Whatever lies under the mask must not show through anywhere, not even in a gradient.
    pixels = navier_stokes(pixels, region.unknown, 4.0)
    watch(0.0, lambda: pixels)
    method = settings.method
    if method == "auto":
        method = "biharmonic" if region.thin and seed % SMOOTH_EVERY == 0 else "patches"
    if method == "patches":
        fill = _from_patches(pixels, region, settings, generator, watch, pilots or Pilots(), sketch)
        if fill is not None:
            return fill
        method = "navier-stokes"
    watch(0.0, lambda: pixels)
    if method == "biharmonic":
        return Fill(_like(biharmonic(pixels, region.hole), pixels, region.hole), method, None)
    return Fill(navier_stokes(pixels, region.hole, 4.0, most=40_000), method, None)


def _from_patches(  # noqa: PLR0917
    pixels: Array,
    region: Region,
    settings: Settings,
    generator: np.random.Generator,
    watch: Watch,
    pilots: Pilots,
    sketch: Array | None,
) -> Fill | None:
    hole = region.hole
    scale = 257.0 if pixels.dtype == np.uint16 else 1.0
    colours = pixels.astype(np.float32) / np.float32(scale)
    if colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
    small_hole, small_unknown, times = hole, region.unknown, 1
    while int(small_hole.sum()) > MOST_WORKED:
        watch(0.0, lambda: pixels)
        colours, small_hole, small_unknown = halved(colours, small_hole, small_unknown)
        times *= 2
    levels = build_levels(
        colours, small_hole, small_unknown, settings.texture, lambda: watch(0.0, lambda: pixels)
    )
    if not levels:
        return None

    def shown(estimate: Array) -> Array:
        inner = estimate[RADIUS:-RADIUS, RADIUS:-RADIUS]
        full = cv2.resize(inner, (hole.shape[1], hole.shape[0]), interpolation=cv2.INTER_LINEAR)
        return _like(full[..., : pixels.shape[2]] * scale, pixels, hole)

    solution = complete(
        levels,
        Plan(generator, settings.starts, settings.variety, pilots, sketch),
        # While first guesses grow, part of the hole is still empty: the smooth fill is the better picture.
        lambda fraction, estimate: watch(
            0.9 * fraction, (lambda: pixels) if estimate is None else (lambda: shown(estimate()))
        ),
    )
    if times > 1:
        watch(0.9, lambda: pixels)
        solution = solution.enlarged(times, hole)
        watch(0.9, lambda: pixels)
    copy = seams.copied(pixels, solution)
    if settings.seam != "none":
        rough, tick = copy, partial(watch, 0.95, lambda: _like(rough, pixels, hole))
        tick()
        copy = seams.evened(copy, solution, hole, scale, tick)
        tick()
        if settings.seam == "gradient" and int(hole.sum()) <= MOST_BLENDED:
            copy = seams.gradient_blended(pixels, copy, solution, hole, scale=scale, tick=tick)
        if solution.wanted is not None and not region.thin:
            copy = matched(copy, hole, solution.wanted, scale=scale, tick=tick)
    if region.thin:
        low, high = local_range(pixels.astype(np.float32), hole)
        copy = np.clip(copy, low, high)
    return Fill(_like(copy, pixels, hole), "patches", solution.energy)


def _like(values: Array, pixels: Array, hole: Array) -> Array:
    """``values`` rounded to the depth of ``pixels`` in the hole, ``pixels`` elsewhere."""
    limits = np.iinfo(pixels.dtype)
    result = pixels.copy()
    around = Box.of_mask(hole).slices
    rounded = np.clip(np.rint(values.reshape(pixels.shape)[around]), limits.min, limits.max)
    np.copyto(result[around], rounded.astype(pixels.dtype), where=hole[around][..., None])
    return result


def warm_up() -> None:
    """Run every kernel once on a tiny image, so that none compiles while a user waits."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (160, 160, 3)).astype(np.uint8)
    hole = np.zeros((160, 160), bool)
    hole[72:88, 72:88] = True
    region = Region(Box(0, 0, 160, 160), hole, hole, 8.0)
    for settings in (Settings(method="patches", starts=3), Settings(method="biharmonic")):
        fill_region(pixels, region, settings, seed=0, generator=rng, watch=lambda fraction, estimate: None)
