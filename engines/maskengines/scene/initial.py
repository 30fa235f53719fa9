"""The Gaussians that a training starts from."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from maskengines.errors import BadInput
from maskengines.scene.stereo import Stereo
from maskengines.subjects.gaussians import COEFFICIENTS, SH_C0, Gaussians

Array = np.ndarray[Any, Any]

_NEIGHBOURS = 3
_OPACITY = 0.1

_FIRST = 2 / 3
"""Share of the Gaussians that a training may reach, with which it starts: the rest is for details."""
_SPARSE = 1 / 2
"""Of those, share of the sparse points at most."""

_SEEN_DEPTHS, _BEYOND = (0.1, 0.98), 1.5
_UNSURE = 0.02
"""Standard deviation of the logarithm of a depth that was found: less than planes are apart."""


def sparse_points(points: Array, colours: Array) -> tuple[Array, Array]:
    """Those that are finite.

    Raises:
        BadInput: there are too few to start from.
    """
    finite = np.isfinite(points).all(axis=1)
    points, colours = points[finite], colours[finite]
    if len(points) <= _NEIGHBOURS:
        raise BadInput(
            f"This scene has {len(points)} sparse points, and a training starts from at least "
            f"{_NEIGHBOURS + 1}. Place its cameras again, with photos that overlap more."
        )
    return points, colours


def starting_points(
    points: Array, colours: Array, stereo: Stereo, most: int, random: np.random.Generator
) -> tuple[Array, Array]:
    """Sparse points, some of them where they are too many, and points scattered where there are none.

    Args:
        points, colours: ``(P, 3)`` and ``(P, 3)`` uint8 sRGB of structure-from-motion.
        most: Gaussians that the training may reach; it starts from two thirds of them.
    """
    first = int(most * _FIRST)
    room = max(_NEIGHBOURS + 1, int(first * _SPARSE))
    if len(points) > room:
        kept = np.sort(random.choice(len(points), room, replace=False))
        points, colours = points[kept], colours[kept]
    more, shades = scattered_points(stereo, first - len(points), random)
    return np.concatenate([points, more]), np.concatenate([colours, shades])


def scattered_points(stereo: Stereo, count: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Points along rays through random pixels, as far away as other photos say; where they say nothing, at
    depths between those that the camera sees points at and half as far again, evenly in their logarithm.
    They are coloured as the photo is there.

    Structure-from-motion finds nothing in blurred backgrounds, sky and dark corners, and Gaussians move too
    slowly to reach them from elsewhere: what is there is then learned by chance, and what is not learned
    before masks begin is taken for clutter and never is. The paper's 30 000 steps do without.

    Returns:
        ``(count, 3)`` float32 and ``(count, 3)`` uint8.
    """
    views = stereo.views
    places, colours = np.zeros((count, 3), np.float32), np.zeros((count, 3), np.uint8)
    owners = random.integers(0, len(views), count)
    for number in np.unique(owners).tolist():
        rows, camera = np.flatnonzero(owners == number), views[number].camera
        _, depth = camera.project(stereo.points)
        ahead = depth[depth > camera.near]
        near, far = np.quantile(ahead, _SEEN_DEPTHS) if len(ahead) else (1.0, 2.0)
        z = np.exp(random.uniform(np.log(near), np.log(_BEYOND * far), len(rows)))
        across, down = random.uniform(0, 1, (2, len(rows)))
        known = stereo.depths(views[number], across, down) * np.exp(random.normal(0, _UNSURE, len(rows)))
        z = np.where(np.isfinite(known), known, z)
        across, down = across * camera.width, down * camera.height
        x, y = (across - camera.cx) / camera.fx * z, (down - camera.cy) / camera.fy * z
        places[rows] = (np.stack([x, y, z], 1) - camera.translation) @ camera.rotation
        photo = views[number].colour.numpy()
        colours[rows] = np.rint(photo[down.astype(int), across.astype(int)] * 255)
    return places, colours


def initial_gaussians(points: Array, colours: Array, degree: int) -> Gaussians:
    """A round Gaussian for each sparse point, as large as its three nearest neighbours are far (Kerbl et al.
    2023, section 5.1).

    Args:
        points: ``(P, 3)``, at least four.
        colours: ``(P, 3)`` uint8 sRGB.
        degree: of the harmonics, 0..3; only the constant term is not 0.
    """
    apart, _ = cKDTree(points).query(points, k=_NEIGHBOURS + 1)
    size = np.sqrt(np.maximum((apart[:, 1:] ** 2).mean(axis=1), 1e-14))
    # A point far from all others would start as a fog over the whole picture.
    size = np.minimum(size, 10 * np.median(size))
    count = len(points)
    rotations = np.zeros((count, 4), np.float32)
    rotations[:, 0] = 1
    harmonics = np.zeros((count, COEFFICIENTS[degree], 3), np.float32)
    harmonics[:, 0] = (colours / 255 - 0.5) / SH_C0
    scales = np.repeat(np.log(size)[:, None], 3, axis=1)
    logit = float(np.log(_OPACITY / (1 - _OPACITY)))
    return Gaussians(points, scales, rotations, np.full(count, logit), harmonics)
