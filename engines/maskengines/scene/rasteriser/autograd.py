"""The rasteriser as a differentiable function of torch tensors on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from maskengines.scene.rasteriser.options import Options
from maskengines.scene.rasteriser.passes import draw, gradients, sight
from maskengines.scene.rasteriser.rendering import DEFAULT
from maskengines.subjects.cameras import Camera

Array = np.ndarray[Any, Any]


def _nothing() -> Array:
    return np.zeros(0, np.float32)


@dataclass(eq=False)
class Trace:
    """What one rendering tells beside its picture; filled as it is drawn and differentiated.

    Attributes:
        visible: ``(N,)`` bool: touches a pixel.
        reach: ``(N,)`` float32: half the longer side of its box in pixels, 0 where not visible.
        depth: ``(h, w)`` float32 as in `options.Frame`.
        screen: ``(N, 2)`` float32, after backward: gradient of the centre in pixels, x and y.
        absolute: ``(N, 2)`` float32, after backward: the sum of its absolute values over pixels (AbsGS, Ye
            et al. 2024).
    """

    visible: Array = field(default_factory=_nothing)
    reach: Array = field(default_factory=_nothing)
    depth: Array = field(default_factory=_nothing)
    screen: Array = field(default_factory=_nothing)
    absolute: Array = field(default_factory=_nothing)


class _Rasterise(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 - torch passes them on as they came
        ctx: Any, means: Any, scales: Any, rotations: Any, opacities: Any, harmonics: Any, camera: Any,
        background: Any, options: Any, trace: Any,
    ) -> Any:  # fmt: skip
        given = (means, scales, rotations, opacities, harmonics)
        arrays = tuple(tensor.detach().contiguous().numpy() for tensor in given)
        drawing = draw(sight(arrays, camera, options), camera, background)
        ctx.drawing, ctx.trace = drawing, trace
        if trace is not None:
            trace.visible = drawing.splats.visible
            trace.reach = drawing.splats.reach
            trace.depth = drawing.depth
        return torch.from_numpy(drawing.colour), torch.from_numpy(np.float32(1) - drawing.through)

    @staticmethod
    def backward(ctx: Any, colour: Any, alpha: Any) -> Any:
        given = colour.contiguous().numpy(), alpha.contiguous().numpy()
        found = gradients(ctx.drawing, *given, absolute=ctx.trace is not None)
        if ctx.trace is not None:
            ctx.trace.screen, ctx.trace.absolute = found.screen[:, :2], found.screen[:, 2:]
        return (*(torch.from_numpy(array) for array in found.parameters), None, None, None, None)


def rasterise(  # noqa: PLR0917 - the five parameters in their order
    means: torch.Tensor,
    scales: torch.Tensor,
    rotations: torch.Tensor,
    opacities: torch.Tensor,
    harmonics: torch.Tensor,
    camera: Camera,
    background: Sequence[float] = (0.0, 0.0, 0.0),
    options: Options = DEFAULT,
    trace: Trace | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw Gaussians whose parameters are float32 tensors on the CPU, as in
    `maskengines.subjects.gaussians.Gaussians`.

    Returns:
        The picture ``(h, w, 3)`` and how much of the background is covered ``(h, w)``, both differentiable
        once by all five parameters. Colour is 0.5 + harmonics, clamped at 0; not clamped at 1.
    """
    found: tuple[torch.Tensor, torch.Tensor] = _Rasterise.apply(
        means, scales, rotations, opacities, harmonics, camera, background, options, trace
    )
    return found
