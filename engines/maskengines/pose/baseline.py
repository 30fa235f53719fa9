"""The deterministic baseline: Martinez et al., "A simple yet effective baseline for 3d human pose
estimation" (ICCV 2017).

A linear layer, two residual blocks of two linear layers each with batch normalisation and ReLU, a linear
layer. Like the paper's it is given the place of each joint's maximum and nothing else (section 3.1), so it
cannot tell a sure joint from a guess; of a joint without evidence the place is the middle of the box. It is
trained on the same simulated evidence, on squared errors. With evidence made anew for each batch there is
little to overfit, so the paper's dropout of one half is left out.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from maskengines.pose.network import read_weights
from maskengines.pose.skeleton import COUNT

WIDTH = 512


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class SimpleBaseline(nn.Module):
    """One pose for one set of 2D joints."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * COUNT, width), nn.BatchNorm1d(width), nn.ReLU(),
            _Block(width), _Block(width), nn.Linear(width, 3 * (COUNT - 1)),
        )  # fmt: skip

    def forward(self, candidates: Tensor) -> Tensor:
        """Candidates (B, 17, K, 3), of which only the places of the first count, to poses (B, 16, 3) in units
        of the model.
        """
        best = candidates[:, :, 0]
        seen = torch.where(best[..., 2:] > 0, best[..., :2], 0.0)
        return self.layers(seen.flatten(1)).unflatten(-1, (COUNT - 1, 3))


def load_baseline(path: Path) -> SimpleBaseline:
    """Raises:
    NotReady: the weights are missing or of another version.
    """
    weights, config, _ = read_weights(path)
    network = SimpleBaseline(int(str(config["width"])))
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)
