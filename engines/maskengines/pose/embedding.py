"""The embedding transformer: joint candidates in, one vector of condition out (DiffPose, section 3.1).

Each candidate's x and y are coded by cosine-squared bumps on 64 centres from -1 to 1, the code is
multiplied with the candidate's likelihood, projected, and summed over the candidates of a joint; a joint
embedding is added, and a transformer encoder lets the joints see each other. Their outputs, laid side by
side, go through one linear layer. As in the authors' code, the likelihood is not normalised, so a joint
without evidence is a code of zeros, which is also what joint dropout makes of a joint in training.

Beside the code a joint's token gets the first two moments of its candidates (added here, not in the paper):
sums of 16 draws place a joint to a few pixels, and the plain numbers spare the network from learning to
read the code as a ruler.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from maskengines.pose.skeleton import COUNT

CENTRES = 64
MOMENTS = 9


def position_code(values: Tensor, weights: Tensor) -> Tensor:
    """Sum of the candidates' codes: ``sum_k w_k cos^2(f (x_k - c_i))`` where the bump of centre ``c_i``
    reaches, (..., CENTRES).

    A bump reaches two centres to either side, so only four terms of a candidate are not 0 and only these
    are worked out.

    Args:
        values: (..., K) in [-1, 1].
        weights: (..., K), the likelihoods.
    """
    gap = 2.0 / (CENTRES - 1)
    frequency = 0.25 * math.pi * CENTRES / 2.0
    first = ((values + 1) / gap).floor() - 1
    index = first[..., None] + torch.arange(4.0, device=values.device)
    distance = frequency * (values[..., None] - (index * gap - 1))
    bump = distance.cos().square().masked_fill(distance.abs() >= math.pi / 2, 0.0)
    bump = bump * weights[..., None] * ((index >= 0) & (index < CENTRES))
    code = torch.zeros(*values.shape[:-1], CENTRES, device=values.device)
    return code.scatter_add_(-1, index.clamp(0, CENTRES - 1).long().flatten(-2), bump.flatten(-2))


def moments(candidates: Tensor) -> Tensor:
    """(..., K, 3) to (..., MOMENTS): whether there is evidence, its maximum (x, y, likelihood), the
    weighted mean, log spread, and the weight in all. All 0 without evidence.
    """
    places, weights = candidates[..., :2], candidates[..., 2]
    total = weights.sum(-1)
    there = total > 1e-6
    share = (weights / total.clamp_min(1e-6)[..., None])[..., None]
    mean = (share * places).sum(-2)
    spread = (share * (places - mean[..., None, :]).square()).sum((-1, -2))
    best = candidates[..., 0, :]
    read = torch.cat(
        [
            torch.ones_like(total)[..., None],
            best,
            mean,
            0.25 * (spread + 1e-4).log()[..., None] + 1,
            (total / candidates.shape[-2])[..., None],
            (best[..., :2] - mean).norm(dim=-1, keepdim=True),
        ],
        -1,
    )
    return read.masked_fill(~there[..., None], 0.0)


class EmbeddingTransformer(nn.Module):
    """Candidates (B, 17, K, 3) to a condition (B, `out`).

    Args:
        width: size of a joint's token.
    """

    def __init__(self, width: int, layers: int, heads: int, out: int) -> None:
        super().__init__()
        self.project = nn.Linear(2 * CENTRES + MOMENTS, width, bias=False)
        self.joint = nn.Parameter(0.2 * torch.randn(COUNT, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.out = nn.Linear(COUNT * width, out)

    def forward(self, candidates: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Args:
        hidden: (B, 17) bool, joints whose evidence is not shown (the paper's joint dropout).
        """
        weights = candidates[..., 2]
        read = torch.cat(
            [
                position_code(candidates[..., 0], weights),
                position_code(candidates[..., 1], weights),
                moments(candidates),
            ],
            -1,
        )
        if hidden is not None:
            read = read.masked_fill(hidden[..., None], 0.0)
        return self.out(self.encoder(self.project(read) + self.joint).flatten(1))
