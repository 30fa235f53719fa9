"""How each photo looks, where light and exposure change between them (paper, section 3.4).

A small network turns a photo's embedding, a Gaussian's embedding and its colour into a gain and an offset of
that colour. The paper feeds it the colour from the photo's direction; here it is the constant term of the
harmonics, so that a look can be written into them and any viewer shows it. The network is narrower than the
paper's, as it runs on a CPU, and each model has its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from maskengines.scene.model import Model
from maskengines.scene.views import View
from maskengines.subjects.gaussians import FIELDS, SH_C0, Gaussians

Array = np.ndarray[Any, Any]

_PHOTO, _WIDTH, _FREQUENCIES = 32, 32, 4
_GAIN = 0.1
_NETWORK_RATE, _PHOTO_RATE = 5e-4, 1e-3


def positions_encoded(means: Array) -> Array:
    """``(N, 24)`` float32: sines and cosines of positions, what a Gaussian's embedding starts as."""
    centred = means - means.mean(axis=0)
    unit = centred / np.maximum(np.quantile(np.abs(centred), 0.97, axis=0), 1e-6) * 0.5 + 0.5
    angles = unit[..., None] * (2 * np.pi * 2.0 ** np.arange(_FREQUENCIES))
    encoded = np.concatenate([np.sin(angles), np.cos(angles)], axis=2)
    return np.ascontiguousarray(encoded.reshape(len(means), -1), np.float32)


class Appearance:
    """The looks of all photos in the eyes of one model."""

    def __init__(self, views: Sequence[View], seed: int) -> None:
        random = torch.Generator().manual_seed(seed)
        self._rows = {view.name: row for row, view in enumerate(views)}
        self._photos = (0.01 * torch.randn(len(views), _PHOTO, generator=random)).requires_grad_()
        sizes = (_PHOTO + 6 * _FREQUENCIES + 3, _WIDTH, _WIDTH, 6)
        layers: list[nn.Module] = []
        for given, taken in itertools.pairwise(sizes):
            layer = nn.Linear(given, taken)
            spread = math.sqrt(6 / (given + taken))
            with torch.no_grad():
                layer.weight.uniform_(-spread, spread, generator=random)
                layer.bias.zero_()
            layers += [layer, nn.ReLU()]
        with torch.no_grad():
            # Photos look like the scene until they have shown otherwise.
            layers[-2].weight.mul_(0.01)  # type: ignore[operator]
        self._network = nn.Sequential(*layers[:-1])
        self._optimiser = torch.optim.Adam(
            [
                {"params": self._network.parameters(), "lr": _NETWORK_RATE},
                {"params": [self._photos], "lr": _PHOTO_RATE},
            ],
            eps=1e-15,
        )

    def harmonics(self, model: Model, name: str) -> torch.Tensor:
        """``(N, K, 3)`` harmonics of a model as they look in a photo."""
        return self._lit(model, self._photos[self._rows[name]])

    def learn(self) -> None:
        """Take a step along the gradients, which are then gone."""
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)

    @torch.no_grad()
    def in_mean_light(self, model: Model) -> Gaussians:
        """A copy of a model's Gaussians with the mean look of all photos written into their harmonics."""
        lit = self._lit(model, self._photos.mean(0)).numpy()
        return Gaussians(*(lit if name == "harmonics" else model.arrays[name].copy() for name in FIELDS))

    def _lit(self, model: Model, photo: torch.Tensor) -> torch.Tensor:
        own, embeddings = model.tensors["harmonics"], model.tensors["embeddings"]
        colour = 0.5 + SH_C0 * own[:, 0]
        given = torch.cat([colour, photo.expand(len(own), -1), embeddings], dim=1)
        offset, gain = self._network(given).split(3, dim=1)
        gain = 1 + _GAIN * gain
        # gain * (0.5 + sum) + offset = 0.5 + gain * sum + what goes into the constant term.
        constant = (0.5 * (gain - 1) + offset) / SH_C0
        scaled: torch.Tensor = own * gain[:, None]
        return torch.cat([scaled[:, :1] + constant[:, None], scaled[:, 1:]], dim=1)
