"""The peaks of a heatmap as round Gaussians, so that what has two peaks keeps two.

A peak counts if it stands out: going down from it by less than `PROMINENCE` of its height never leads to a
higher one. Its place is refined as by DARK (Zhang et al., "Distribution-aware coordinate representation",
CVPR 2020, equation 9), its height is the map's, and its spread is the second moment of the map around it,
of that part of its slopes which is nobody else's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

Array = np.ndarray[Any, Any]

MOST = 3
PROMINENCE = 0.25
LOW_SHARE = 0.2
"""Lower peaks, in shares of the highest, are ripples."""

_FOOT = 0.25  # the moment is taken above this share of a peak: farther down the map is noise
_LEAST_SIGMA = 0.5
_MODULATION, _RADIUS = 0.8, 5  # as in ViTPose's own decoding
_FARTHEST = 1.5  # a maximum between pixels is never farther from the highest of them


@dataclass(frozen=True)
class Peak:
    """``height * exp(-|u - (x, y)|^2 / 2 sigma^2)``, in pixels of the heatmap."""

    x: float
    y: float
    sigma: float
    height: float


@dataclass
class _Hill:
    """A maximum while the water falls: its own pixels, and the highest pass to a hill that counts, too."""

    top: tuple[int, int]
    height: float
    places: list[tuple[int, int]]
    saddle: float = 0.0


def peaks(heatmap: Array, least: float = 0.0) -> list[Peak]:
    """Up to `MOST` peaks of a ``(H, W)`` heatmap, the highest first; none where nothing is above ``least``.

    The first is where transformers' own decoding puts the joint.
    """
    heatmap = np.asarray(heatmap, np.float64)
    if heatmap.max() <= max(least, 0.0):
        return []
    logs = np.log(np.clip(gaussian_filter(heatmap, _MODULATION, radius=_RADIUS), 0.001, 50))
    found = []
    for hill in _hills(heatmap, least)[:MOST]:
        x, y = _refined(logs, *hill.top)
        found.append(Peak(x, y, _spread(heatmap, hill, x, y), hill.height))
    return found


def _hills(heatmap: Array, least: float) -> list[_Hill]:
    """Maxima that stand out, by the merge tree of the map: pixels are taken from the highest down, each
    joins the hills it touches, and where two meet the lower one counts or is part of the higher."""
    rows, columns = heatmap.shape
    highest = float(heatmap.max())
    floor = max(least, LOW_SHARE * highest)
    order = np.argsort(-heatmap, axis=None, kind="stable")
    order = order[heatmap.ravel()[order] > _FOOT * floor]
    hills: list[_Hill] = []
    owner = np.full((rows + 2, columns + 2), -1)
    joined: list[int] = []  # the hill that a hill has met on the way down; itself until then
    part_of: list[int] = []  # the hill that a hill is part of, as it does not stand out

    def root(links: list[int], hill: int) -> int:
        while links[hill] != hill:
            hill = links[hill]
        return hill

    for index in order.tolist():
        y, x = divmod(index, columns)
        value = float(heatmap[y, x])
        near = owner[y : y + 3, x : x + 3]
        beside = sorted({root(joined, hill) for hill in near[near >= 0].tolist()})
        if not beside:
            owner[y + 1, x + 1] = len(hills)
            joined.append(len(hills))
            part_of.append(len(hills))
            hills.append(_Hill((y, x), value, [(y, x)]))
            continue
        first, *others = beside  # earlier is higher
        for other in others:
            joined[other] = first
            low = hills[other].height
            if low < floor or low - value < PROMINENCE * low:
                part_of[other] = first
            else:
                for hill in (hills[first], hills[other]):
                    hill.saddle = max(hill.saddle, value)
        # The pixel belongs to the slope it is on, which need not be that of the highest.
        steepest = int(near.ravel()[np.argmax(_values_near(heatmap, y, x, near))])
        owner[y + 1, x + 1] = steepest
        hills[steepest].places.append((y, x))
    for number, hill in enumerate(hills):
        whole = root(part_of, number)
        if whole != number:
            hills[whole].places += hill.places
    return [hill for number, hill in enumerate(hills) if part_of[number] == number and hill.height >= floor]


def _values_near(heatmap: Array, y: int, x: int, owners: Array) -> Array:
    """The map around a pixel where it is owned, -inf elsewhere; flat, as ``owners``."""
    around = np.full((3, 3), -np.inf)
    top, left = max(0, y - 1), max(0, x - 1)
    part = heatmap[top : y + 2, left : x + 2]
    around[top - y + 1 : top - y + 1 + part.shape[0], left - x + 1 : left - x + 1 + part.shape[1]] = part
    return np.where(owners >= 0, around, -np.inf).ravel()


def _refined(logs: Array, y: int, x: int) -> tuple[float, float]:
    """The maximum near the pixel of the logarithm's Taylor expansion, ``u - H^-1 g``; the pixel itself where
    it has none nearby."""
    around = np.pad(logs, 1, mode="edge")[y : y + 3, x : x + 3]
    slope = np.array([around[1, 2] - around[1, 0], around[2, 1] - around[0, 1]]) / 2
    across = around[1, 2] - 2 * around[1, 1] + around[1, 0]
    down = around[2, 1] - 2 * around[1, 1] + around[0, 1]
    both = (
        around[2, 2] - around[1, 2] - around[2, 1] + 2 * around[1, 1]
        - around[1, 0] - around[0, 1] + around[0, 0]
    ) / 2  # fmt: skip
    curvature = np.array([[across, both], [both, down]])
    if across >= 0 or np.linalg.det(curvature) <= 1e-9:
        return float(x), float(y)
    step = np.linalg.solve(curvature, slope)
    if np.abs(step).max() > _FARTHEST:
        return float(x), float(y)
    return float(x - step[0]), float(y - step[1])


def _spread(heatmap: Array, hill: _Hill, x: float, y: float) -> float:
    """One standard deviation per axis of the Gaussian whose part above a level ``t`` of its height has the
    hill's second moment: that part's is ``sigma^2 (1 - t ln(1/t) / (1 - t))``."""
    level = min(max(_FOOT * hill.height, hill.saddle), hill.height)
    places = np.array(hill.places)
    values = heatmap[places[:, 0], places[:, 1]]
    inside = values > level
    if inside.sum() < 2:
        return _LEAST_SIGMA
    distances = np.square(places[inside] - (y, x)).sum(axis=1)
    moment = float(np.average(distances, weights=values[inside])) / 2
    share = level / hill.height
    kept = 1 - share * math.log(1 / share) / (1 - share)
    return max(_LEAST_SIGMA, math.sqrt(moment / kept))
