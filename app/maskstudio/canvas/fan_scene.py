"""What a view of hypotheses shows, as arrays: spreads, the floor, what is under the pointer. Without Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from maskengines.subjects.pose_skeleton import COUNT, INDEX, JOINTS, PARENTS

from maskstudio.canvas.orbit import Orbit

Array = np.ndarray[Any, Any]

BONES = tuple((PARENTS[joint], joint) for joint in range(1, COUNT))
"""Joint above and joint below, 16 of them."""

CELL = 250.0
"""Millimetres: the side of a square of the floor."""

LEVEL = 10.0
"""Millimetres between two heights that the floor can have; about three pixels of a body that fills a view."""

_FEET = [INDEX["RAnkle"], INDEX["LAnkle"]]
_SOLE = 70.0
_SIDES = {"L": "Left", "R": "Right"}


@dataclass(frozen=True, eq=False)
class Spread:
    """Where the joints are, and how far they stray.

    Attributes:
        means: ``(17, 3)`` float64 millimetres.
        covariances: ``(17, 3, 3)`` float64 square millimetres.
    """

    means: Array
    covariances: Array

    @property
    def millimetres(self) -> Array:
        """``(17,)``: root mean square distance of each joint from its mean."""
        strays: Array = np.sqrt(np.trace(self.covariances, axis1=1, axis2=2))
        return strays


def spread_of(poses: Array, weights: Array) -> Spread:
    """Weighted means and covariances of ``(N, 17, 3)`` poses with ``(N,)`` weights of any sum above 0."""
    shares = np.asarray(weights, np.float64) / np.sum(weights, dtype=np.float64)
    poses = np.asarray(poses, np.float64)
    means = np.einsum("n,njx->jx", shares, poses)
    offsets = poses - means
    return Spread(means, np.einsum("n,njx,njy->jxy", shares, offsets, offsets))


def screen_ellipses(orbit: Orbit, spread: Spread) -> tuple[Array, Array]:
    """How the joints' Gaussians look at one standard deviation: ``J S J'`` with the Jacobian ``J`` of the
    projection at the mean, as in elliptical weighted average splatting (Zwicker et al. 2001).

    Returns:
        Centres ``(17, 2)`` in pixels, and half axes ``(17, 2, 2)``: two rows, the longer one first.
    """
    slopes = orbit.jacobian(spread.means)
    values, vectors = np.linalg.eigh(slopes @ spread.covariances @ np.swapaxes(slopes, -1, -2))
    axes = np.swapaxes(vectors * np.sqrt(np.maximum(values, 0))[:, None], -1, -2)
    return orbit.project(spread.means), axes[:, ::-1]


def ellipse_outlines(centres: Array, axes: Array, sigmas: float) -> Array:
    """``(N, 48, 2)``: points around what `screen_ellipses` gives, at so many standard deviations."""
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    circle = sigmas * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    around: Array = centres[:, None] + circle @ axes
    return around


def floor_under(body: Array) -> float:
    """The y of the floor: a sole below the lower ankle of a ``(17, 3)`` body, or what is lower still; in
    whole `LEVEL`, so that it stays where it is while a body moves."""
    lowest = float(max(body[_FEET, 1].max() + _SOLE, body[:, 1].max()))
    return math.ceil(lowest / LEVEL) * LEVEL


def floor_lines(body: Array, cells: int) -> tuple[Array, Array, Array]:
    """A square grid under a ``(17, 3)`` body, in pieces of a cell: starts and ends ``(N, 3)``, and ``(N,)``
    strengths in 0..1 that fall with the distance from the body.

    Lines lie at whole multiples of `CELL`, so that they stay where they are while a body moves.
    """
    middle = np.rint(body[:, (0, 2)].mean(axis=0) / CELL)
    return _grid(floor_under(body), float(middle[0]), float(middle[1]), cells)


@lru_cache(4)
def _grid(level: float, x: float, z: float, cells: int) -> tuple[Array, Array, Array]:
    middle = np.array([x, z])
    steps = np.arange(-cells, cells + 1)
    along, across = np.meshgrid(steps[:-1], steps)
    here = np.stack([along.ravel(), across.ravel()], axis=1)
    there = here + np.array([1, 0])
    # The same again with both axes changed for each other.
    here, there = np.concatenate([here, here[:, ::-1]]), np.concatenate([there, there[:, ::-1]])
    strengths = np.clip(1 - np.linalg.norm((here + there) / 2, axis=1) / cells, 0, 1) ** 1.3
    seen = strengths > 0.02
    starts, ends = (np.insert((at[seen] + middle) * CELL, 1, level, axis=1) for at in (here, there))
    return starts, ends, strengths[seen]


def nearest_joint(pixels: Array, depths: Array, at: tuple[float, float], reach: float) -> int | None:
    """The joint of ``(17, 2)`` pixels within ``reach`` of a point; of several as near, the one in front."""
    distances = np.hypot(*(pixels - np.array(at)).T)
    near = np.flatnonzero(distances <= min(reach, float(distances.min()) + 3))
    return int(near[depths[near].argmin()]) if len(near) else None


def joint_title(joint: int) -> str:
    """``LWrist`` in words: ``Left wrist``."""
    name = JOINTS[joint]
    return f"{_SIDES[name[0]]} {name[1:].lower()}" if name[1].isupper() else name
