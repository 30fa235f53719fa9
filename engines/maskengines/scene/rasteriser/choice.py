"""Which rasteriser draws what is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from maskengines.errors import NotReady
from maskengines.scene.info import Device
from maskengines.scene.rasteriser import autograd, cuda
from maskengines.scene.rasteriser.autograd import Trace
from maskengines.scene.rasteriser.options import Options
from maskengines.subjects.cameras import Camera


class Rasterise(Protocol):
    """See `maskengines.scene.rasteriser.autograd.rasterise`."""

    def __call__(  # noqa: PLR0917 - the five parameters in their order
        self,
        means: torch.Tensor,
        scales: torch.Tensor,
        rotations: torch.Tensor,
        opacities: torch.Tensor,
        harmonics: torch.Tensor,
        camera: Camera,
        background: Sequence[float] = ...,
        options: Options = ...,
        trace: Trace | None = ...,
    ) -> tuple[torch.Tensor, torch.Tensor]: ...


def chosen(device: Device) -> Rasterise:
    """Ours on the CPU, or gsplat's on a CUDA device; ``auto`` takes the latter where it works.

    Raises:
        NotReady: a CUDA device is asked for and gsplat does not work; says why.
    """
    if device == "cpu":
        return autograd.rasterise
    trouble = cuda.trouble()
    if not trouble:
        return cuda.rasterise
    if device == "cuda":
        raise NotReady(f"{trouble} Or choose the device 'cpu'.")
    return autograd.rasterise
