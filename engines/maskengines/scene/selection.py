"""Which Gaussians are meant by paint on a render, by their neighbours, or by how they look.

A selection is ``(N,)`` bool. Nothing here knows how it is shown or undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from maskengines.scene.contributions import View
from maskengines.subjects.gaussians import Gaussians

Array = np.ndarray[Any, Any]
How = Literal["replace", "add", "subtract", "intersect"]

SHARE = 0.5
"""Of what is seen of a Gaussian, more than this must lie under the mask."""

SEEN = 0.05
"""Blending weight in pixels below which too little of a Gaussian is seen to judge by."""

FENCE = 1.5
"""Interquartile ranges beyond the quartiles at which a depth counts as stray (Tukey 1977)."""

NEIGHBOURS = 8
ALIKE = 20.0
"""Distance in CIELAB within which colours are alike."""


def visible(views: Sequence[View]) -> Array:
    """Gaussians of which more than half of what all views see lies under their masks."""
    inside, total = _sums(views)
    chosen: Array = (total > SEEN) & (inside > SHARE * total)
    return chosen


def through(views: Sequence[View]) -> Array:
    """Gaussians whose centres lie under the masks of most views that have them in sight, however deep."""
    return _most([view.centred for view in views], views)


def depth_band(views: Sequence[View]) -> Array:
    """`visible` ones without strays, and what is hidden among them.

    In each view the band reaches over the depths of the visible Gaussians up to Tukey's fences, as others
    shine through at the rim of an object. A Gaussian that is seen must be `visible` and in the band of a
    view; of one that hardly is, the centre must lie under the masks and in the bands of most views that have
    it in sight.
    """
    bands = [_in_band(view) for view in views]
    _, total = _sums(views)
    hidden = _most([view.centred & band for view, band in zip(views, bands, strict=True)], views)
    chosen: Array = np.where(total > SEEN, visible(views) & np.any(bands, axis=0), hidden)
    return chosen


def combined(before: Array, painted: Array, how: How) -> Array:
    """A selection after another stroke."""
    match how:
        case "add":
            return before | painted
        case "subtract":
            return before & ~painted
        case "intersect":
            return before & painted
    return painted.copy()


def inverted(selection: Array, free: Array) -> Array:
    """All others among those that are ``free``, neither hidden nor locked."""
    others: Array = ~selection & free
    return others


class Neighbours:
    """Who is beside whom; made once for a scene.

    Args:
        means: ``(N, 3)``.
        count: neighbours of each that are looked at.
    """

    def __init__(self, means: Array, count: int = NEIGHBOURS) -> None:
        from scipy.spatial import cKDTree

        self._means = means
        self._tree = cKDTree(means)
        self._count = min(count, max(1, len(means) - 1))

    def grown(self, selection: Array) -> Array:
        """With the nearest neighbours of all selected ones. Those that are farther away than is usual in
        the selection stay out, so that a gap is not bridged."""
        rows = np.flatnonzero(selection)
        if not len(rows) or len(selection) < 2:
            return selection.copy()
        near, who = self._around(rows)
        larger = selection.copy()
        larger[who[near]] = True
        return larger

    def shrunk(self, selection: Array) -> Array:
        """Without those that have a neighbour, as near as is usual in the selection, that is not selected."""
        rows = np.flatnonzero(selection)
        smaller = selection.copy()
        if len(rows) and len(selection) > 1:
            near, who = self._around(rows)
            smaller[rows[(near & ~selection[who]).any(axis=1)]] = False
        return smaller

    def _around(self, rows: Array) -> tuple[Array, Array]:
        """``(n, k)``: the neighbours of each row, and whether they are as near as neighbours usually are."""
        distances, who = self._tree.query(self._means[rows], self._count + 1)
        near: Array = distances <= np.median(distances[:, -1])
        return near, who


def by_colour(gaussians: Gaussians, colour: Sequence[float], within: float = ALIKE) -> Array:
    """Those whose plain colour is like ``colour``, sRGB in 0..1: at most ``within`` apart in CIELAB."""
    import cv2

    shown = np.clip(np.vstack([np.asarray([colour], np.float32), gaussians.colours]), 0, 1)
    lab = cv2.cvtColor(shown[None], cv2.COLOR_RGB2LAB)[0]
    alike: Array = np.linalg.norm(lab[1:] - lab[0], axis=1) <= within
    return alike


def by_size(gaussians: Gaussians, least: float, most: float) -> Array:
    """Those whose longest standard deviation is ``least`` to ``most`` in scene units."""
    sizes = np.exp(gaussians.scales.max(axis=1))
    chosen: Array = (sizes >= least) & (sizes <= most)
    return chosen


def by_opacity(gaussians: Gaussians, least: float, most: float) -> Array:
    """Those whose opacity is ``least`` to ``most``, within 0..1."""
    alphas = gaussians.alphas
    chosen: Array = (alphas >= least) & (alphas <= most)
    return chosen


def _sums(views: Sequence[View]) -> tuple[Array, Array]:
    return np.sum([view.inside for view in views], axis=0), np.sum([view.total for view in views], axis=0)


def _most(chosen: Sequence[Array], views: Sequence[View]) -> Array:
    """Chosen by more than half of the views that have them in sight."""
    in_sight = np.sum([view.in_sight for view in views], axis=0)
    most: Array = np.sum(chosen, axis=0) > in_sight / 2
    return most


def _in_band(view: View) -> Array:
    front = visible([view])
    if not front.any():
        return front
    low, high = np.quantile(view.depth[front], [0.25, 0.75])
    spare = FENCE * (high - low)
    inside: Array = (view.depth >= low - spare) & (view.depth <= high + spare)
    return inside
