"""The hole that a removal leaves in a view: what is laid bare and no photo saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from maskengines.scene.filling.evidence import SOLID, Evidence
from maskengines.scene.filling.planes import Plane, find_planes
from maskengines.scene.filling.rays import directions, places
from maskengines.scene.filling.removal import Removal
from maskengines.scene.filling.shares import share
from maskengines.scene.rasteriser import Frame, render
from maskengines.subjects.cameras import Camera

Array = np.ndarray[Any, Any]

BARED = 0.1
"""Share of a pixel that must have come from what is removed for the pixel to count as laid bare."""

IN_PLANE = 0.02
"""Share of the inverse depth by which what lies in a plane may be off."""

MARGIN = 2
"""Pixels by which a hole is wider than what no photo saw: its rim has something of what is gone."""

_RING = 6
"""Pixels around what is laid bare in which planes are looked for."""

_RING_MOST = 1500
_SPECK = 12
"""Holes of fewer pixels are none."""

_EDGE = 0.15
"""Width of the edge of a missing piece of a plane, in sides of it."""

_AROUND = 0.6
"""Of the pixels around a missing piece of a plane, the share in which the plane is seen."""


@dataclass(frozen=True, eq=False)
class Hole:
    """What one view shows after a removal.

    Attributes:
        after: the picture without what is removed.
        bared: ``(h, w)`` bool: shown since the removal.
        mask: ``(h, w)`` bool: the hole, `MARGIN` pixels wider than what no photo saw.
        planar: ``(h, w)`` float64: inverse depth where a plane beside it goes on in the hole, else 0.
        plane: ``(h, w)`` int: which of ``planes`` that is, else -1.
    """

    camera: Camera
    after: Frame
    bared: Array
    mask: Array
    planar: Array
    plane: Array
    planes: tuple[Plane, ...]

    @property
    def solid(self) -> Array:
        """``(h, w)`` bool: outside the hole, with something to see: its depth means something."""
        found: Array = ~self.mask & (self.after.alpha > 0.8) & (self.after.depth > 0)
        return found


def find_hole(removal: Removal, camera: Camera) -> Hole:
    """Look for what no photo saw in a view.

    A pixel that is laid bare belongs to the hole where nothing is seen in it, or mainly Gaussians that no
    photo saw at a place that every photo had hidden. Where a floor is missing a photo may have seen what is
    behind, though: where a plane beside what is laid bare goes on into space that every photo had hidden, in
    front of what is seen now, and is seen most of the way around, it is the plane that is missing.
    """
    kept, removed, evidence = removal.kept, removal.removed, removal.evidence
    after = render(kept, camera)
    bared = share(removed, kept, camera) > BARED
    if not bared.any():
        return Hole(camera, after, bared, bared, np.zeros(bared.shape), np.full(bared.shape, -1), ())
    told = share(kept.take(removal.backed), kept.take(~removal.backed), camera)
    solid = (after.alpha >= SOLID) & (after.depth > 0)
    unseen = bared & ~solid
    # Gaussians that hardly a photo saw may still lie at a surface that photos saw, beside others.
    doubtful = bared & solid & (told < SOLID)
    unseen[doubtful] = ~evidence.seen(places(camera, after.depth)[doubtful])
    before = render(kept.joined(removed), camera)
    front = np.where(before.alpha >= SOLID, before.depth, 0.0)
    back = np.where(unseen | (after.depth <= 0), np.inf, after.depth)
    planes = _planes_beside(after, bared)
    planar, which = _continued(evidence, camera, planes, bared, front=front, back=back)
    which = _surrounded(which, planes, after, bared)
    mask = _tidy(unseen | (which >= 0))
    wide = cv2.dilate(mask.astype(np.uint8), _disc(MARGIN)) > 0
    which = np.where(mask, which, -1)
    return Hole(camera, after, bared, wide, np.where(which >= 0, planar, 0.0), which, planes)


def _planes_beside(after: Frame, bared: Array) -> tuple[Plane, ...]:
    ring = (cv2.dilate(bared.astype(np.uint8), _disc(_RING)) > 0) & ~bared
    rows, columns = np.nonzero(ring & (after.alpha > 0.8) & (after.depth > 0))
    random = np.random.default_rng(0)
    if len(rows) > _RING_MOST:
        picked = random.choice(len(rows), _RING_MOST, replace=False)
        rows, columns = rows[picked], columns[picked]
    pixels = np.column_stack([columns + 0.5, rows + 0.5])
    return tuple(find_planes(pixels, 1.0 / after.depth[rows, columns].astype(np.float64), IN_PLANE, random))


def _continued(
    evidence: Evidence, camera: Camera, planes: tuple[Plane, ...], bared: Array, *, front: Array, back: Array
) -> tuple[Array, Array]:
    """Where planes go on in what is laid bare, hidden from all photos, between ``front``, which was there,
    and ``back``, which is seen now: the inverse depth of the nearest one, else 0, and its number, else -1."""
    best, which = np.zeros(bared.shape), np.full(bared.shape, -1)
    rows, columns = np.nonzero(bared)
    pixels = np.column_stack([columns + 0.5, rows + 0.5])
    rays = directions(camera)[rows, columns]
    for number, plane in enumerate(planes):
        inverse = plane.inverse_depth(pixels)
        depth = 1.0 / np.maximum(inverse, 1e-9)
        there = (inverse > 0) & (depth > camera.near) & (inverse > best[rows, columns])
        there &= (depth > front[rows, columns] * (1 - IN_PLANE)) & (
            depth * (1 + 2 * IN_PLANE) < back[rows, columns]
        )
        some = np.flatnonzero(there)
        dark = some[~evidence.seen(camera.position + rays[some] * depth[some, None])]
        best[rows[dark], columns[dark]] = inverse[dark]
        which[rows[dark], columns[dark]] = number
    return best, which


def _surrounded(which: Array, planes: tuple[Plane, ...], after: Frame, bared: Array) -> Array:
    """``which`` without the pieces whose plane is not seen in most of the pixels around them."""
    found = np.full(which.shape, -1)
    rows, columns = np.indices(which.shape)
    pixels = np.stack([columns + 0.5, rows + 0.5], axis=-1)
    inverse = np.where(after.depth > 0, 1.0 / np.where(after.depth > 0, after.depth, 1.0), 0.0)
    for number, plane in enumerate(planes):
        flat = plane.inverse_depth(pixels)
        lies = np.abs(inverse - flat) <= 2 * IN_PLANE * np.abs(flat)
        count, labels = cv2.connectedComponents(_tidy(which == number).astype(np.uint8))
        for piece in range(1, count):
            here = labels == piece
            # At its edge it is not sure what photos saw, so it is looked a little farther out.
            away = 2 + round(_EDGE * float(np.sqrt(here.sum())))
            inner, outer = (cv2.dilate(here.astype(np.uint8), _disc(r)) > 0 for r in (away, away + 3))
            around = outer & ~inner & (which != number)
            if around.any() and lies[around].mean() >= _AROUND:
                found[here] = number
    return found


def _tidy(mask: Array) -> Array:
    """Without slits and specks."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, _disc(2))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, _disc(1))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    large = np.array([number > 0 and stats[number, cv2.CC_STAT_AREA] >= _SPECK for number in range(count)])
    found: Array = large[labels]
    return found


def _disc(radius: int) -> Array:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
