"""What a detector might see of a body: random plausible cameras and the heatmaps it would give.

There are no photos in the training data, so the 2D evidence is made: a body of varied size is turned before
    a camera, projected into the box
around the person, and each joint gets a heatmap with what goes wrong in real ones: a spread and an error of
    the peak; occluded joints
wide and beside the truth; a second place, the other side's joint or anywhere; sides exchanged; joints not
found; the picture ending above the knees. The heatmap means what it says: where it has two places the joint
is in one as often as its mass tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Generator, Tensor

from maskengines.pose.heatmaps import Mixtures
from maskengines.pose.skeleton import COUNT, LIMBS, MIRROR, UPRIGHT_TO_CAMERA

_SWAPPED: tuple[tuple[int, ...], ...] = ((1, 2, 3), (11, 12, 13))
_CUT: tuple[tuple[int, ...], ...] = ((3, 6), (2, 3, 5, 6), (13,), (16,), (12, 13), (15, 16), (10,))


@dataclass(frozen=True)
class Faults:
    """How often evidence goes wrong, as chances per joint (`cut` and `swap`: per body)."""

    occluded: float = 0.10
    limb: float = 0.70
    missing: float = 0.07
    second: float = 0.06
    swap: float = 0.06
    cut: float = 0.10
    untouched: float = 0.3

    def none(self) -> Faults:
        """No faults beside the spread of the peaks."""
        return Faults(**{field.name: 0.0 for field in fields(self)})


@dataclass(frozen=True)
class Views:
    """Bodies as cameras see them.

    Attributes:
        poses: (B, 17, 3), camera frame, mm, from the hip.
        places: (B, 17, 2), where the joints are in the picture, in tangents of the angle to the hip.
    """

    poses: Tensor
    places: Tensor


def seen(poses: Tensor, generator: Generator, tumbling: float = 0.0) -> Views:
    """Upright poses before random cameras: from every side, mostly level or a little from above, 2.2 to 8.2
    m away, slightly tilted.

    Args:
        tumbling: share of bodies that lie, hang or fall: turned any way at all.
    """
    count = len(poses)

    def normal() -> Tensor:
        return torch.randn(count, generator=generator, device=generator.device)

    yaw = 2 * math.pi * torch.rand(count, generator=generator, device=generator.device)
    above = (0.12 + 0.22 * normal()).clamp(-0.5, 1.0)
    roll = 0.10 * normal()
    any_way = torch.rand(count, generator=generator, device=generator.device) < tumbling
    above = torch.where(
        any_way,
        math.pi * torch.rand(count, generator=generator, device=generator.device) - math.pi / 2,
        above,
    )
    roll = torch.where(
        any_way, 2 * math.pi * torch.rand(count, generator=generator, device=generator.device), roll
    )
    turn = _turn(roll, 0, 1) @ _turn(above, 1, 2) @ _turn(yaw, 2, 0)
    camera = torch.einsum("bij,bkj->bki", turn, poses) * torch.from_numpy(UPRIGHT_TO_CAMERA).to(poses.device)
    distance = 1000 * (2.2 + 6 * torch.rand(count, generator=generator, device=generator.device) ** 1.5)
    depth = (camera[..., 2] + distance[:, None]).clamp_min(400)
    return Views(camera, camera[..., :2] / depth[..., None])


def boxed(places: Tensor, found: Tensor, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Places in the box around the joints that were `found` (B, 17): (B, 17, 2), its centre (B, 2), half
    its side (B).

    Boxes are not exact: some air around the person and a little aside.
    """
    low = torch.where(found[..., None], places, 1e6).amin(1)
    high = torch.where(found[..., None], places, -1e6).amax(1)
    count = len(places)
    half = ((high - low).amax(1) / 2).clamp_min(0.02)
    centre = (low + high) / 2 + 0.06 * half[:, None] * torch.randn(
        count, 2, generator=generator, device=generator.device
    )
    half = half * (1.22 + 0.12 * torch.randn(count, generator=generator, device=generator.device)).clamp(
        1.04, 1.6
    )
    return (places - centre[:, None]) / half[:, None, None], centre, half


def evidence(
    views: Views, faults: Faults, generator: Generator, least: float = 0.02, most: float = 0.12
) -> Mixtures:
    """Simulated heatmaps, two Gaussians per joint, in the box around what was found.

    Args:
        least, most: range of the spread of a joint in plain sight, in box units (2 of 64 pixels are 0.06).
    """
    shape = (len(views.poses), COUNT)

    def uniform(*tail: int) -> Tensor:
        return torch.rand(*shape, *tail, generator=generator, device=generator.device)

    def chance(share: float, size: tuple[int, ...] = shape) -> Tensor:
        return torch.rand(*size, generator=generator, device=generator.device) < share

    per_body = (shape[0], 1)
    touched = ~chance(faults.untouched, per_body)
    missing = chance(faults.missing)
    for joints in _CUT:
        missing[:, list(joints)] |= chance(faults.cut / len(_CUT), per_body)
    occluded = chance(faults.occluded)
    # Limbs vanish behind things as a whole, half the time without a trace.
    traceless = chance(0.5, per_body)
    for limb in LIMBS.values():
        behind = chance(faults.limb / len(LIMBS), per_body)
        outer = list(limb)[-2:]
        occluded[:, outer] |= behind & ~traceless
        missing[:, outer] |= behind & traceless
    missing, occluded = missing & touched, occluded & touched & ~missing
    missing &= missing.sum(1, keepdim=True) < COUNT - 3
    second = (
        (chance(faults.second) | (occluded & chance(0.3 if faults.occluded else 0.0))) & touched & ~missing
    )

    seldom = chance(0.5, per_body)
    places, _, _ = boxed(views.places, ~missing | seldom, generator)
    sigma = least * (most / least) ** uniform()
    error = 0.3 * sigma
    height = 0.95 - 0.45 * uniform().square()
    wide = 0.10 + 0.25 * uniform()
    sigma = torch.where(occluded, wide, sigma)
    error = torch.where(occluded, wide * (0.5 + 0.5 * uniform()), error)
    height = torch.where(occluded, 0.08 + 0.35 * uniform(), height)
    centre = places + error[..., None] * torch.randn(*shape, 2, generator=generator, device=generator.device)

    other = _elsewhere(places, generator)
    other_height = height * (0.3 + 0.7 * uniform())
    other_sigma = sigma * (0.8 + 0.4 * uniform())
    other = other + error[..., None] * torch.randn(*shape, 2, generator=generator, device=generator.device)
    # The joint is in either place with the chance that the heatmap gives it, so names are dealt by mass.
    mass, other_mass = height * sigma.square(), other_height * other_sigma.square()
    flipped = second & (uniform() < other_mass / (mass + other_mass))
    height, other_height = (
        torch.where(flipped, other_height, height),
        torch.where(flipped, height, other_height),
    )
    sigma, other_sigma = torch.where(flipped, other_sigma, sigma), torch.where(flipped, sigma, other_sigma)

    swap = torch.zeros(shape, dtype=torch.bool, device=generator.device)
    for side in _SWAPPED:
        both = [*side, *(MIRROR[joint] for joint in side)]
        swap[:, both] = chance(faults.swap / 2, per_body) & touched
    alone = swap & chance(0.5)
    exchanged = centre[:, list(MIRROR)]
    # A swapped joint stands on the other side, sometimes with a fainter second place where it is.
    other = torch.where(swap[..., None], centre, other)
    centre = torch.where(swap[..., None], exchanged, centre)
    second = (second & ~swap) | (swap & ~alone)

    heights = torch.stack([height, torch.where(second, other_height, 0.0)], -1)
    heights = torch.where(missing[..., None], 0.0, heights)
    return Mixtures(torch.stack([centre, other], 2), torch.stack([sigma, other_sigma], -1), heights)


def _elsewhere(places: Tensor, generator: Generator) -> Tensor:
    """A second place per joint: the other side's, or a quarter to a half of the box away in any direction."""
    count = places.shape[:2]
    angle = 2 * math.pi * torch.rand(*count, generator=generator, device=generator.device)
    far = 0.2 + 0.5 * torch.rand(*count, generator=generator, device=generator.device)
    anywhere = places + far[..., None] * torch.stack([angle.cos(), angle.sin()], -1)
    paired = torch.tensor([MIRROR[joint] != joint for joint in range(COUNT)], device=places.device)
    side = paired & (torch.rand(*count, generator=generator, device=generator.device) < 0.5)
    return torch.where(side[..., None], places[:, list(MIRROR)], anywhere)


def _turn(angle: Tensor, a: int, b: int) -> Tensor:
    """Rotations (B, 3, 3) in the plane of the axes `a` and `b`."""
    turn = torch.eye(3, device=angle.device).repeat(len(angle), 1, 1)
    cos, sin = angle.cos(), angle.sin()
    turn[:, a, a], turn[:, b, b] = cos, cos
    turn[:, a, b], turn[:, b, a] = -sin, sin
    return turn
