"""Pictures of a scene, without gradients and without torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskengines.scene.rasteriser.options import Frame, Options
from maskengines.scene.rasteriser.passes import Parameters, draw, sight
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians

DEFAULT = Options()


def parameters_of(gaussians: Gaussians) -> Parameters:
    return (
        gaussians.means, gaussians.scales, gaussians.rotations, gaussians.opacities, gaussians.harmonics,
    )  # fmt: skip


def render(
    gaussians: Gaussians,
    camera: Camera,
    background: Sequence[float] = (0.0, 0.0, 0.0),
    options: Options = DEFAULT,
) -> Frame:
    """The picture of ``gaussians`` that ``camera`` takes, in front of ``background`` (sRGB, 0..1)."""
    drawing = draw(sight(parameters_of(gaussians), camera, options), camera, background)
    return Frame(drawing.colour, np.float32(1) - drawing.through, drawing.depth)
