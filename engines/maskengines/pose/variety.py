"""Other people than the few who were recorded: other bones, and limbs held as others hold them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from maskengines.pose.skeleton import BONE_GROUPS, BONES, COUNT, MIRROR, PARENTS

_MIXED = ((12, 13), (15, 16), (12, 13, 15, 16), (2, 3, 5, 6))
_TURNING = ((12, 13), (15, 16), (2, 3), (5, 6))


@dataclass(frozen=True)
class Variety:
    """How other people differ from the few who were recorded.

    Attributes:
        bones: standard deviation of the length of each bone, left and right together, for half of them.
        size: standard deviation of how tall they are.
        mixing: share of arms and legs held as somebody else holds theirs.
        bending: standard deviation of the angles, in radians about each axis, by which arms and legs of half
            of them are turned at the shoulder or hip, and once more at the elbow or knee.
    """

    bones: float = 0.05
    size: float = 0.025
    mixing: float = 0.25
    bending: float = 0.2


def varied(poses: Tensor, variety: Variety, generator: Generator) -> Tensor:
    """Upright poses (B, 17, 3) of other people: half in the mirror, and changed as `variety` says."""
    count = len(poses)
    device = generator.device

    def normal(*size: int) -> Tensor:
        return torch.randn(count, *size, generator=generator, device=device)

    def uniform(*size: int) -> Tensor:
        return torch.rand(count, *size, generator=generator, device=device)

    spread = variety.bones * normal(COUNT) * (uniform(1) < 0.5)
    scale = (1 + spread[:, list(BONE_GROUPS)]) * (1 + variety.size * normal(1))
    scale = scale.clamp(0.7, 1.35)
    limbs = _bent(_mixed(poses, variety.mixing, generator), variety.bending, generator) * scale[..., None]
    built = torch.zeros_like(poses)
    for parent, joint in BONES:
        built[:, joint] = built[:, parent] + limbs[:, joint]
    turned = built[:, list(MIRROR)] * torch.tensor([-1.0, 1.0, 1.0], device=device)
    return torch.where(uniform(1, 1) < 0.5, turned, built)


def _mixed(poses: Tensor, share: float, generator: Generator) -> Tensor:
    """Bones (B, 17, 3), some limbs' turned as another body of the batch holds them: few people were recorded,
    and what their arms do says less of their legs than their habits make it seem.
    """
    bones = poses - poses[:, [max(parent, 0) for parent in PARENTS]]
    other = bones[torch.randperm(len(poses), generator=generator, device=generator.device)]
    lengths = bones.norm(dim=-1, keepdim=True)
    turned = other / other.norm(dim=-1, keepdim=True).clamp_min(1e-3) * lengths
    for joints in _MIXED:
        taken = torch.rand(len(poses), generator=generator, device=generator.device) < share
        for joint in joints:
            bones[:, joint] = torch.where(taken[:, None], turned[:, joint], bones[:, joint])
    return bones


def _bent(bones: Tensor, angle: float, generator: Generator) -> Tensor:
    """Bones (B, 17, 3), limbs' turned a little: what few people do, others do somewhat differently."""
    count = len(bones)
    device = generator.device
    some = angle * (torch.rand(count, 1, generator=generator, device=device) < 0.5)

    def turn() -> Tensor:
        return _about(some * torch.randn(count, 3, generator=generator, device=device))

    bent = bones.clone()
    for upper, lower in _TURNING:
        first, second = turn(), turn()
        bent[:, upper] = (first @ bones[:, upper, :, None])[..., 0]
        bent[:, lower] = (second @ (first @ bones[:, lower, :, None]))[..., 0]
    return bent


def _about(axes: Tensor) -> Tensor:
    """Rotations (B, 3, 3) about `axes` (B, 3) by their lengths in radians (Rodrigues' formula)."""
    angle = axes.norm(dim=-1).clamp_min(1e-6)[:, None, None]
    x, y, z = axes.unbind(-1)
    none = torch.zeros_like(x)
    cross = torch.stack([none, -z, y, z, none, -x, -y, x, none], -1).unflatten(-1, (3, 3)) / angle
    return torch.eye(3, device=axes.device) + angle.sin() * cross + (1 - angle.cos()) * (cross @ cross)
