"""2D evidence as joint candidates (DiffPose, section 3.1).

A joint's evidence is a heatmap over the box: how likely the joint is at each place, between 0 and 1. It is
told to the network as K
candidates: the place of the maximum, and K-1 places drawn with replacement with the heatmap as their
    probability, each with the heatmap's
value there as its likelihood. They are drawn anew for every hypothesis, so the uncertainty of the evidence
becomes part of the spread.

Here heatmaps come in two forms: as maps, the way a detector gives them, and as sums of round Gaussians,
    which is what people set by hand and
what training simulates. Both give the same candidates in distribution. Everything is in box coordinates,
[-1, 1] on both axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

CANDIDATES = 16


@dataclass(frozen=True)
class Mixtures:
    """Heatmaps made of M round Gaussians per joint: ``h(u) = min(1, sum_m height_m exp(-|u - centre_m|^2 /
    2 sigma_m^2))``.

    Attributes:
        centres: (B, 17, M, 2), box coordinates.
        sigmas: (B, 17, M), above 0, box units.
        heights: (B, 17, M), 0..1; a joint whose heights are all 0 has no evidence.
    """

    centres: Tensor
    sigmas: Tensor
    heights: Tensor

    @property
    def unseen(self) -> Tensor:
        """(B, 17) bool: joints without any evidence."""
        return (self.heights <= 0).all(-1)

    def values(self, places: Tensor) -> Tensor:
        """The heatmaps' values (B, 17, K) at `places` (B, 17, K, 2)."""
        offsets = places[:, :, :, None] - self.centres[:, :, None]
        squares = offsets.square().sum(-1) / (2 * self.sigmas[:, :, None].square())
        return (self.heights[:, :, None] * torch.exp(-squares)).sum(-1).clamp(max=1.0)

    def equals(self, other: Mixtures) -> bool:
        """They say the same, number for number."""
        pairs = (
            (self.centres, other.centres),
            (self.sigmas, other.sigmas),
            (self.heights, other.heights),
        )
        return all(torch.equal(one, another) for one, another in pairs)

    def repeated(self, times: int) -> Mixtures:
        """The same evidence for `times` hypotheses each: (B * times, ...)."""
        return Mixtures(
            *(part.repeat_interleave(times, 0) for part in (self.centres, self.sigmas, self.heights))
        )


def draws_needed(candidates: int) -> tuple[int, int]:
    """How many uniform and how many normal numbers `draw` takes per joint for that many candidates."""
    return candidates - 1, 2 * (candidates - 1)


def draw(evidence: Mixtures, uniform: Tensor, normal: Tensor) -> Tensor:
    """Candidates (B, 17, K, 3) of x, y, likelihood; the first is the maximum.

    A Gaussian is chosen by its mass (height times sigma squared), then a place from it. Places outside the
    box are where no heatmap has pixels: their likelihood is 0.

    Args:
        uniform: (B, 17, K-1) in 0..1, chooses the Gaussian.
        normal: (B, 17, K-1, 2), places within it.
    """
    mass = evidence.heights * evidence.sigmas.square()
    edges = (mass / mass.sum(-1, keepdim=True).clamp_min(1e-12)).cumsum(-1)[..., :-1]
    chosen = (uniform[..., None] > edges[:, :, None]).sum(-1)
    centres = _pick(evidence.centres, chosen)
    sigmas = evidence.sigmas.gather(2, chosen)[..., None]
    places = torch.cat([_peaks(evidence), centres + sigmas * normal], 2)
    likelihood = evidence.values(places) * (places.abs() <= 1).all(-1)
    return torch.cat([places, likelihood[..., None]], -1)


def dealt(evidence: Mixtures, which: Tensor, uniform: Tensor) -> Mixtures:
    """Where a person has said that a joint is in one of several places, each hypothesis is given one of them.

    The network weighs two places by what it knows of bodies, as it should with a detector's doubts. Who
    paints two places wants to see both: a place is dealt by its mass (height times sigma squared), at the
    height of all together.

    Args:
        which: (17,) bool, the joints whose Gaussians are dealt.
        uniform: (B, 17) in 0..1, one row per hypothesis.
    """
    mass = evidence.heights * evidence.sigmas.square()
    edges = (mass / mass.sum(-1, keepdim=True).clamp_min(1e-12)).cumsum(-1)[..., :-1]
    chosen = (uniform[..., None] > edges).sum(-1, keepdim=True)
    one = torch.zeros_like(evidence.heights).scatter_(-1, chosen, 1.0)
    alone = evidence.heights.sum(-1, keepdim=True).clamp(max=1.0) * one
    there = evidence.heights.amax(-1, keepdim=True) > 0
    heights = torch.where(which[:, None] & there, alone, evidence.heights)
    return Mixtures(evidence.centres, evidence.sigmas, heights)


def draw_from_maps(maps: Tensor, uniform: Tensor) -> Tensor:
    """Candidates (B, 17, K, 3) from heatmaps (B, 17, H, W) that cover the box; values below 0 count as 0.

    Args:
        uniform: (B, 17, K-1) in 0..1: places by the inverse of the cumulated heatmap, so draws are with
            replacement.
    """
    height, width = maps.shape[-2:]
    flat = maps.clamp(0, 1).flatten(2)
    cumulated = flat.double().cumsum(-1)
    total = cumulated[..., -1:]
    places = torch.searchsorted(cumulated, uniform.double() * total, right=True).clamp(max=height * width - 1)
    places = torch.cat([flat.argmax(-1, keepdim=True), places], -1)
    likelihood = flat.gather(2, places)
    x = (2 * (places % width) + 1) / width - 1
    y = (2 * (places // width) + 1) / height - 1
    return torch.stack([x.float(), y.float(), likelihood], -1)


def _peaks(evidence: Mixtures) -> Tensor:
    """The maximum of each heatmap, (B, 17, 1, 2), taken at the centre of the Gaussian that rises highest."""
    best = evidence.values(evidence.centres).argmax(-1, keepdim=True)
    return _pick(evidence.centres, best)


def _pick(centres: Tensor, chosen: Tensor) -> Tensor:
    return centres.gather(2, chosen[..., None].expand(-1, -1, -1, 2))
