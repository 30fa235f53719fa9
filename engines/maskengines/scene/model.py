"""Gaussians that are being trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from maskengines.scene.adam import Moments
from maskengines.scene.rasteriser import Options
from maskengines.scene.rasteriser.autograd import Trace, rasterise
from maskengines.scene.rasteriser.choice import Rasterise
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import FIELDS, Gaussians

Array = np.ndarray[Any, Any]

RATES = {
    "means": 1.6e-4,
    "scales": 5e-3,
    "rotations": 1e-3,
    "opacities": 0.05,
    "harmonics": 2.5e-3,
    "embeddings": 5e-3,
}
"""Learning rates of Kerbl et al. 2023, and the last one of the paper; that of the means is per unit of the
scene's extent."""

_REST = 1 / 20
"""Harmonics above the constant term learn this much slower."""


class Model:
    """The parameters of N Gaussians with their optimiser.

    Args:
        extent: size of the scene, see `views.extent_of`.
        embeddings: ``(N, E)`` float32 that the Gaussians carry along, or ``None``.
        drawn_by: what draws them.

    Attributes:
        arrays: the five arrays of `Gaussians`, and ``embeddings`` where there are some; float32.
        tensors: the same memory, differentiable.
    """

    def __init__(
        self,
        gaussians: Gaussians,
        extent: float,
        embeddings: Array | None = None,
        drawn_by: Rasterise = rasterise,
    ) -> None:
        self.arrays = {name: array.copy() for name, array in gaussians.to_arrays().items()}
        if embeddings is not None:
            self.arrays["embeddings"] = embeddings.copy()
        self.extent, self.drawn_by = extent, drawn_by
        self.moments = {name: Moments(array.shape) for name, array in self.arrays.items()}
        self.tensors: dict[str, torch.Tensor] = {}
        self._share()

    def __len__(self) -> int:
        return len(self.arrays["means"])

    def draw(
        self, camera: Camera, degree: int, trace: Trace | None = None, harmonics: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The picture ``(h, w, 3)`` from a camera, in front of black.

        Args:
            harmonics: instead of the model's own.
        """
        own = self.tensors
        picture, _ = self.drawn_by(
            own["means"], own["scales"], own["rotations"], own["opacities"],
            own["harmonics"] if harmonics is None else harmonics,
            camera, options=Options(degree=degree), trace=trace,
        )  # fmt: skip
        return picture

    def learn(self, step: int, means_rate: float) -> None:
        """One step along the gradients that the tensors hold, which are then gone.

        Args:
            step: from 1.
            means_rate: factor on the rate of the means, 1 at first and falling.
        """
        for name, tensor in self.tensors.items():
            if tensor.grad is None:
                continue
            gradient, rate = tensor.grad.numpy(), RATES[name]
            if name == "means":
                rate *= self.extent * means_rate
            if name == "harmonics":
                # Adam does not see a gradient's scale, so the slower rate is a scaled step.
                before = self.arrays[name][:, 1:].copy()
                self.moments[name].move(self.arrays[name], gradient, rate, step)
                self.arrays[name][:, 1:] = before + (self.arrays[name][:, 1:] - before) * np.float32(_REST)
            else:
                self.moments[name].move(self.arrays[name], gradient, rate, step)
            tensor.grad = None

    def take(self, index: Array) -> None:
        """Keep only those that an index array or a mask picks."""
        for name in self.arrays:
            self.arrays[name] = np.ascontiguousarray(self.arrays[name][index])
            self.moments[name].take(index)
        self._share()

    def grow(self, more: dict[str, Array]) -> None:
        """Add Gaussians, given as arrays by the names of `arrays`."""
        for name in self.arrays:
            self.arrays[name] = np.concatenate([self.arrays[name], more[name]])
            self.moments[name].grow(len(more[name]))
        self._share()

    def gaussians(self) -> Gaussians:
        """A copy of them as they are."""
        return Gaussians(*(self.arrays[name].copy() for name in FIELDS))

    def _share(self) -> None:
        self.tensors = {name: torch.from_numpy(array).requires_grad_() for name, array in self.arrays.items()}
