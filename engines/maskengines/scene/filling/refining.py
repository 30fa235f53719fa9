"""Fits new Gaussians to the filled picture, while all others stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from maskengines.contract import Box
from maskengines.scene.filling.hole import Hole, find_hole
from maskengines.scene.filling.rays import cut, reduced
from maskengines.scene.filling.removal import Removal
from maskengines.scene.filling.shares import share
from maskengines.scene.losses import photo_loss
from maskengines.scene.model import Model
from maskengines.scene.rasteriser import Options
from maskengines.scene.rasteriser.autograd import rasterise
from maskengines.scene.rasteriser.passes import sight
from maskengines.scene.rasteriser.rendering import parameters_of
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import FIELDS, Gaussians

Array = np.ndarray[Any, Any]

NEIGHBOURS = 6
"""Other views that hold what is new to what they saw."""

LONGEST = 256
"""Pixels of the longer side of the other views."""

AROUND = 12
"""Pixels around a hole that are looked at too."""

SEEN, COVERED, STAYS = 2.0, 0.2, 0.05
"""Weights against the filled picture's: what others saw must show as it was; the hole must be covered; and
Gaussians stay where depth put them."""

_FAINT, _MAINLY = 0.05, 0.5


@dataclass(frozen=True, eq=False)
class Target:
    """What one view must show.

    Attributes:
        camera: of a part of the view around the hole.
        still: the Gaussians of the scene that this part shows.
        picture: ``(h, w, 3)`` tensor.
        counts: ``(h, w)`` tensor, 1 where the picture counts.
        hole: ``(h, w)`` tensor, 1 where something must cover the background.
    """

    camera: Camera
    still: tuple[torch.Tensor, ...]
    picture: torch.Tensor
    counts: torch.Tensor
    hole: torch.Tensor


def refined(
    new: Gaussians,
    removal: Removal,
    hole: Hole,
    filled: Array,
    *,
    cameras: Sequence[Camera],
    steps: int,
    seed: int,
    tell: Callable[[int], None],
) -> Gaussians:
    """The new Gaussians after ``steps`` steps of Adam, without those that have become too faint to see.

    Each second step is against the filled picture, the others against views of `NEIGHBOURS` cameras: outside
    of their own holes these must look as without what is new, so that nothing new stands in front of what a
    photo saw; in them, they must be covered. Colours do not depend on the view.

    Args:
        filled: ``(h, w, 3)`` float32, the picture of ``hole.camera`` with its hole filled.
        tell: called with the number of each step.
    """
    targets = _targets(new, removal, hole, filled, cameras)
    if not targets:
        return new
    size = float(np.linalg.norm(new.means.max(0) - new.means.min(0)))
    model = Model(new, size)
    start = {name: model.tensors[name].detach().clone() for name in ("means", "scales")}
    unit = torch.from_numpy(np.exp(new.scales[:, 1:2]).copy())
    random = np.random.default_rng(seed)
    for step in range(1, steps + 1):
        tell(step)
        target = targets[0] if step % 2 or len(targets) == 1 else targets[random.integers(1, len(targets))]
        own = model.tensors
        picture, alpha = _drawn(target, own)
        seen = target.counts[..., None]
        loss = photo_loss(picture * seen, target.picture * seen) * (1.0 if target is targets[0] else SEEN)
        loss = loss + COVERED * ((1 - alpha) * target.hole).sum() / target.hole.sum().clamp(min=1)
        moved = ((own["means"] - start["means"]) / unit).square().mean()
        loss = loss + STAYS * (moved + (own["scales"] - start["scales"]).square().mean())
        loss.backward()
        model.learn(step, 1.0)
    found = model.gaussians()
    return found.take(found.finite & (found.alphas > _FAINT))


def _drawn(target: Target, own: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """The picture and its alpha, with new Gaussians whose colour is the same from everywhere."""
    still = target.still
    given = [own[name] for name in FIELDS]
    more = still[-1].shape[1] - given[-1].shape[1]
    given[-1] = torch.cat([given[-1], given[-1].new_zeros(len(given[-1]), more, 3)], dim=1)
    means, scales, rotations, opacities, harmonics = (
        torch.cat(pair) for pair in zip(still, given, strict=True)
    )
    return rasterise(means, scales, rotations, opacities, harmonics, target.camera)


def _targets(
    new: Gaussians, removal: Removal, hole: Hole, filled: Array, cameras: Sequence[Camera]
) -> list[Target]:
    whole = np.ones(hole.mask.shape, bool)
    first = _target(removal, hole, filled, counts=whole, hole=hole.mask, about=hole.mask)
    others = []
    for camera in _neighbours(new, hole.camera, cameras):
        theirs = find_hole(removal, reduced(camera, LONGEST))
        shows = share(new, removal.kept, theirs.camera) > _MAINLY
        there = theirs.mask
        others.append(
            _target(
                removal, theirs, theirs.after.colour, counts=~there, hole=there & shows, about=there | shows
            )
        )
    return [target for target in (first, *others) if target is not None]


def _target(
    removal: Removal, view: Hole, picture: Array, *, counts: Array, hole: Array, about: Array
) -> Target | None:
    """The part of a view around ``about``; None where that is nothing."""
    height, width = about.shape
    box = Box.of_mask(about.astype(np.uint8)).grown(AROUND).clipped(width, height)
    if not about.any() or box.empty:
        return None
    camera = cut(view.camera, box.y, box.x, box.height, box.width)
    in_sight = sight(parameters_of(removal.kept), camera, Options()).visible
    still = tuple(
        torch.from_numpy(array.copy()) for array in removal.kept.take(in_sight).to_arrays().values()
    )
    return Target(
        camera, still, torch.from_numpy(picture[box.slices].copy()),
        torch.from_numpy(counts[box.slices].astype(np.float32)),
        torch.from_numpy(hole[box.slices].astype(np.float32)),
    )  # fmt: skip


def _neighbours(new: Gaussians, reference: Camera, cameras: Sequence[Camera]) -> list[Camera]:
    """Cameras that have most of what is new in their pictures, evenly from near to far of the reference."""
    able = []
    for camera in cameras:
        pixels, _ = camera.project(new.means)
        inside = (pixels >= 0) & (pixels < (camera.width, camera.height))
        away = float(np.linalg.norm(camera.position - reference.position))
        if inside.all(axis=1).mean() > 0.5 and away > 0:
            able.append((away, camera))
    able.sort(key=lambda pair: pair[0])
    step = max(1, len(able) // NEIGHBOURS)
    return [camera for _, camera in able[::step][:NEIGHBOURS]]
