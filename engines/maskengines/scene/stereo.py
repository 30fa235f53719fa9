"""How far away what a photo shows is, and whether other photos show it too: a plane sweep (Collins 1996).

Structure-from-motion matches corners; this matches whatever has a shape, so that blurred backgrounds get a
depth as well. What only one photo shows is not found in others at any depth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.scene.views import View
from maskengines.subjects.cameras import Camera

Array = np.ndarray[Any, Any]

LONGEST = 128
"""Pixels of the longest side that is swept: details say no more about depth than blobs do."""

_PLANES, _WINDOW = 48, 5
_NEIGHBOURS, _WITNESSES = 8, 2
"""Photos that are compared, and how many of them must show the same thing: with the photo itself three, as
for the sparse points."""

_STATIC = 0.9
"""Share of the pixels of sparse points, which are static, that the tolerance lets through."""

_LOOSEST = 0.25
_THREADS = 2
_WIDEST = np.cos(np.radians(60))
_SEEN_DEPTHS = (0.02, 0.98)
_CLOSER, _FARTHER = 0.7, 20.0
_UNSEEN = 255
_NEXT = np.ones((3, 3), np.uint8)
_MEAN = np.array([[1 / 3, 1 / 3, 1 / 3, 1]])
"""Of colours; what another photo does not show differs as much as can be."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """What was found for the pixels of a photo, in a small size (h, w).

    Attributes:
        cost: float32: mean difference of colours, 0..1, in the second best of the other photos, at the depth
            where it is least.
        depth: float32: that depth.
    """

    cost: Array
    depth: Array


class Stereo:
    """Sweeps of all photos of a scene.

    Attributes:
        views, points: of the scene, the latter sparse and ``(P, 3)``.
        sweeps: by the names of the photos.
        tolerance: cost up to which other photos show the same. It is what those pixels cost in which
            structure-from-motion found static points, so that it follows noise and shine, up to a quarter
            of the range of colours; nothing is found where there are no such points.
    """

    def __init__(
        self, views: Sequence[View], points: Array, told: Callable[[int], None] = lambda done: None
    ) -> None:
        """``told`` hears how many photos are swept, and ends the sweeping by what it raises."""
        self.views, self.points = views, points
        self.sweeps: dict[str, Sweep] = {}
        with ThreadPoolExecutor(_THREADS) as pool:
            jobs = [pool.submit(sweep, views, number, points) for number in range(len(views))]
            try:
                for view, job in zip(views, jobs, strict=True):
                    self.sweeps[view.name] = job.result()
                    told(len(self.sweeps))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        known = np.concatenate([_observed(view, self.sweeps[view.name]) for view in views])
        self.tolerance = min(float(np.quantile(known, _STATIC)), _LOOSEST) if len(known) else -1.0

    def alone(self, view: View) -> Array:
        """``(h, w)`` bool, in the size of the photo: no two others show what it does there."""
        cost = self.sweeps[view.name].cost
        size = (view.camera.width, view.camera.height)
        alone: Array = cv2.resize(cost, size, interpolation=cv2.INTER_LINEAR) > self.tolerance
        return alone

    def depths(self, view: View, across: Array, down: Array) -> Array:
        """``(M,)`` float32: how far away that is which a photo shows at places given as shares of its width
        and height, 0..1; NaN where no two others show it."""
        found = self.sweeps[view.name]
        height, width = found.cost.shape
        rows, columns = (down * height).astype(int), (across * width).astype(int)
        shown = found.cost[rows, columns] <= self.tolerance
        return np.where(shown, found.depth[rows, columns], np.float32(np.nan))


def _observed(view: View, found: Sweep) -> Array:
    """Costs where sparse points were found."""
    height, width = found.cost.shape
    places = np.floor(view.observed * [width / view.camera.width, height / view.camera.height]).astype(int)
    inside = ((places >= 0) & (places < [width, height])).all(axis=1)
    costs: Array = found.cost[places[inside, 1], places[inside, 0]]
    return costs


def sweep(views: Sequence[View], number: int, points: Array) -> Sweep:
    """Compare one photo with those taken nearest to it, plane by plane through the depths of sparse points.

    Args:
        points: ``(P, 3)``.
    """
    camera = _small(views[number].camera)
    pixels = _pixels(views[number], camera)
    others = [(_small(views[n].camera), n) for n in _nearest(views, number)]
    shown = [(other, _pixels(views[n], other)) for other, n in others]
    depths = _planes(camera, points)
    costs = np.full((_PLANES, camera.height, camera.width), _UNSEEN, np.float32)
    if len(shown) < _WITNESSES:
        return Sweep(costs[0] / 255, np.full(costs.shape[1:], depths[-1], np.float32))
    for plane, depth in enumerate(depths.tolist()):
        apart = [_apart(pixels, camera, seen, other, depth) for other, seen in shown]
        costs[plane] = np.partition(np.stack(apart), _WITNESSES - 1, axis=0)[_WITNESSES - 1]
    best = costs.argmin(axis=0)
    cost = np.take_along_axis(costs, best[None], 0)[0] / 255
    return Sweep(cost.astype(np.float32), 1 / _between(costs, best, 1 / depths))


def _small(camera: Camera) -> Camera:
    scale = min(1.0, LONGEST / max(camera.width, camera.height))
    return camera if scale == 1 else camera.scaled(scale)


def _pixels(view: View, camera: Camera) -> Array:
    """``(h, w, 4)`` uint8: colours, and 255 where beyond the border warping will put 0."""
    bright = np.rint(view.colour.numpy() * 255).astype(np.uint8)
    small = cv2.resize(bright, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return np.dstack([small, np.full(small.shape[:2], _UNSEEN, np.uint8)])


def _nearest(views: Sequence[View], number: int) -> list[int]:
    cameras = [view.camera for view in views]
    ahead = np.array([camera.rotation[2] for camera in cameras])
    away = np.linalg.norm([camera.position - cameras[number].position for camera in cameras], axis=1)
    away[(ahead @ ahead[number] < _WIDEST) | (np.arange(len(views)) == number)] = np.inf
    order = np.argsort(away, kind="stable")[:_NEIGHBOURS]
    return [int(n) for n in order if np.isfinite(away[n])]


def _planes(camera: Camera, points: Array) -> Array:
    """``(_PLANES,)`` depths from near to far, evenly in their reciprocals: what moves by as many pixels."""
    _, depth = camera.project(points)
    ahead = depth[depth > camera.near]
    near, far = np.quantile(ahead, _SEEN_DEPTHS) if len(ahead) else (1.0, 10.0)
    planes: Array = 1 / np.linspace(1 / (_CLOSER * near), 1 / (_FARTHER * far), _PLANES)
    return planes


def _apart(pixels: Array, camera: Camera, seen: Array, other: Camera, depth: float) -> Array:
    """``(h, w)`` float32 mean difference 0..255 of windows, if all that a photo shows were at one depth.

    A pixel may be like anything up to halfway to its neighbours (Birchfield and Tomasi 1998): between two
    planes a bright spot is never met exactly.
    """
    turn = other.rotation @ camera.rotation.T
    shift = other.translation - turn @ camera.translation
    carried = _lens(other) @ (turn + np.outer(shift, [0, 0, 1]) / depth) @ np.linalg.inv(_lens(camera))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(seen, carried, (camera.width, camera.height), flags=flags)
    above = cv2.addWeighted(warped, 0.5, cv2.dilate(warped, _NEXT), 0.5, 0)
    below = cv2.addWeighted(warped, 0.5, cv2.erode(warped, _NEXT), 0.5, 0)
    apart = cv2.add(cv2.subtract(pixels, above), cv2.subtract(below, pixels))
    return cv2.boxFilter(cv2.transform(apart, _MEAN), cv2.CV_32F, (_WINDOW, _WINDOW))


def _lens(camera: Camera) -> Array:
    """Of pixels that are counted from the centre of the first one, as OpenCV does."""
    return np.array([[camera.fx, 0, camera.cx - 0.5], [0, camera.fy, camera.cy - 0.5], [0, 0, 1]])


def _between(costs: Array, best: Array, steps: Array) -> Array:
    """``(h, w)`` float32: the vertex of the parabola through the least cost and its neighbours."""
    middle = best.clip(1, _PLANES - 2)
    low, at, high = (np.take_along_axis(costs, middle[None] + k, 0)[0] for k in (-1, 0, 1))
    bend = low - 2 * at + high
    shift = np.where((bend > 0) & (middle == best), (low - high) / (2 * np.maximum(bend, 1e-6)), 0)
    found: Array = np.interp(best + shift.clip(-0.5, 0.5), np.arange(_PLANES), steps).astype(np.float32)
    return found
