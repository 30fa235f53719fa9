"""The forward and the backward pass on numpy arrays; what autograd and the viewers are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.scene.kernels import kernels
from maskengines.scene.rasteriser import layout as at
from maskengines.scene.rasteriser.compositing import composite
from maskengines.scene.rasteriser.compositing_gradient import composite_gradient
from maskengines.scene.rasteriser.options import Options
from maskengines.scene.rasteriser.projection import project
from maskengines.scene.rasteriser.projection_gradient import project_gradient
from maskengines.scene.rasteriser.sorting import MOST_SPLATS, bin_splats, front_to_back
from maskengines.subjects.cameras import Camera

Array = np.ndarray[Any, Any]
Parameters = tuple[Array, Array, Array, Array, Array]
"""Means, scales, rotations, opacities and harmonics as in `maskengines.subjects.gaussians.Gaussians`."""


@dataclass(frozen=True, eq=False)
class Splats:
    """What is in sight of one camera, sorted and dealt to tiles; see `sorting.bin_splats`."""

    parameters: Parameters
    bands: int
    view: Array
    lens: Array
    order: Array
    rows: Array
    starts: Array
    members: Array
    firsts: Array

    @property
    def visible(self) -> Array:
        """``(N,)`` bool: touches a pixel."""
        found: Array = np.diff(self.firsts) > 0
        return found

    @property
    def reach(self) -> Array:
        """``(N,)`` float32: half the longer side of the box in pixels, 0 where not visible."""
        longer: Array = np.where(
            self.visible, self.rows[:, [at.REACH_X, at.REACH_Y]].max(axis=1), np.float32(0)
        )
        return longer


@dataclass(frozen=True, eq=False)
class Drawing:
    """The result of a forward pass, with what its backward pass needs."""

    splats: Splats
    colour: Array
    through: Array
    depth: Array
    stops: Array


@dataclass(frozen=True, eq=False)
class Gradients:
    """Gradients of the parameters, and ``screen`` (N, 4): of the centre in pixels, x and y, then the sums
    of its absolute values over pixels."""

    parameters: Parameters
    screen: Array


def lens_of(camera: Camera, options: Options) -> Array:
    """The camera and the options as the kernels read them, (`at.LENS`,) float32."""
    # 1.3 times the half of the picture, as in the Inria code, from the principal point.
    spare_x, spare_y = 0.15 * camera.width / camera.fx, 0.15 * camera.height / camera.fy
    values = [
        camera.fx, camera.fy, camera.cx, camera.cy, camera.near, options.blur,
        -camera.cx / camera.fx - spare_x, (camera.width - camera.cx) / camera.fx + spare_x,
        -camera.cy / camera.fy - spare_y, (camera.height - camera.cy) / camera.fy + spare_y,
        *camera.position, float(options.mip),
    ]  # fmt: skip
    assert len(values) == at.LENS
    return np.array(values, np.float32)


def sight(parameters: Parameters, camera: Camera, options: Options) -> Splats:
    """Project, sort and bin."""
    parameters = _frozen(parameters)
    harmonics = parameters[4]
    if len(harmonics) > MOST_SPLATS:
        raise BadInput(
            f"A scene of {len(harmonics)} Gaussians is too large; up to {MOST_SPLATS} can be drawn."
        )
    count, bands = len(harmonics), options.bands(harmonics.shape[1])
    view, lens = np.ascontiguousarray(camera.world_to_camera[:3], np.float32), lens_of(camera, options)
    rows, tiles = np.empty((count, at.SPLAT), np.float32), np.empty(count, np.int32)
    with kernels():
        project(*parameters, bands, view, lens, camera.width, camera.height, rows, tiles)
    order = front_to_back(rows, tiles)
    starts, members, firsts = bin_splats(rows, tiles, order, camera.width, camera.height)
    return Splats(parameters, bands, view, lens, order, rows, starts, members, firsts)


def _frozen(parameters: Parameters) -> Parameters:
    """Read-only views: numba would compile a second time for arrays that can be written."""
    views = tuple(np.ascontiguousarray(array, np.float32).view() for array in parameters)
    for view in views:
        view.flags.writeable = False
    return views  # type: ignore[return-value]


def draw(splats: Splats, camera: Camera, background: Sequence[float]) -> Drawing:
    """Composite."""
    size = (camera.height, camera.width)
    colour, through = np.empty((*size, 3), np.float32), np.empty(size, np.float32)
    depth, stops = np.empty(size, np.float32), np.empty(len(splats.starts) - 1, np.int64)
    with kernels():
        composite(
            splats.rows, splats.starts, splats.members, np.array(background, np.float32), colour, through,
            depth, stops,
        )  # fmt: skip
    return Drawing(splats, colour, through, depth, stops)


def gradients(drawing: Drawing, colour: Array, alpha: Array, absolute: bool = True) -> Gradients:
    """Gradients of the parameters from those of the picture (H, W, 3) and of its alpha (H, W), float32;
    without ``absolute`` the sums of absolute values are left 0, which is faster."""
    splats = drawing.splats
    moments = np.empty((len(splats.members), at.MOMENTS), np.float32)
    found = tuple(np.zeros_like(array) for array in splats.parameters)
    screen = np.zeros((len(found[0]), 4), np.float32)
    with kernels():
        composite_gradient(
            splats.rows, splats.starts, splats.members, drawing.stops, drawing.colour,
            drawing.through, colour, alpha, absolute, moments,
        )  # fmt: skip
        project_gradient(  # type: ignore[call-arg]
            *splats.parameters, splats.bands, splats.view, splats.lens, splats.rows, splats.firsts,
            moments, *found, screen,
        )  # fmt: skip
    return Gradients(found, screen)  # type: ignore[arg-type]
