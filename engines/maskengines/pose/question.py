"""A pose subject, its mask and its pins as the network takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from maskengines.pose.heatmaps import Mixtures
from maskengines.pose.skeleton import COUNT, INDEX
from maskengines.subjects.pose import PoseSubject

Array = np.ndarray[Any, Any]

AIR = 1.2
"""Half side of the box over half of what the joints take, where the person's own box does not hold them."""

SIGMAS = (0.015, 0.6)
"""Spreads of joints in box units that training covers, and somewhat beyond."""


@dataclass(frozen=True)
class Frame:
    """The square that the network looks at, in pixels: its middle and half its side."""

    x: float
    y: float
    half: float


@dataclass(frozen=True)
class PoseQuestion:
    """Evidence for one person.

    Attributes:
        evidence: one row.
        pins: (17, 3), mm, camera frame, where `pinned` (17,).
        joints: (17, 2) pixels, the likeliest place of each joint that has evidence.
        weights: (17,), how much such a place says; 0 without evidence or with several places.
        either: (17,) bool, joints that a person has painted several places for.
    """

    evidence: Mixtures
    pins: Tensor
    pinned: Tensor
    joints: Array
    weights: Array
    either: Tensor


def pose_question(
    subject: PoseSubject, mask: Array | None, pins: Mapping[str, Sequence[float]]
) -> PoseQuestion:
    """Put into box coordinates what is known: evidence by `PoseSubject.evidence`, pins by name."""
    known = subject.evidence(mask)
    frame = frame_of(subject, known)
    centres = (known[..., :2] - (frame.x, frame.y)) / frame.half
    sigmas = np.clip(known[..., 2] / frame.half, *SIGMAS)
    heights = np.clip(known[..., 3], 0, 1)
    centres[heights == 0] = 0
    evidence = Mixtures(
        *(torch.from_numpy(part.astype(np.float32))[None] for part in (centres, sigmas, heights))
    )
    places, pinned = torch.zeros(COUNT, 3), torch.zeros(COUNT, dtype=torch.bool)
    for name, place in pins.items():
        places[INDEX[name]] = torch.tensor([float(value) for value in place])
        pinned[INDEX[name]] = True
    best = known[np.arange(COUNT), heights.argmax(1)]
    single = (heights > 0).sum(1) == 1
    weights = np.where(single, best[:, 3] / np.square(np.maximum(best[:, 2], 1e-3)), 0)
    either = torch.from_numpy(np.asarray(subject.painted) & ((heights > 0).sum(1) > 1))
    return PoseQuestion(evidence, places, pinned, best[:, :2].astype(np.float64), weights, either)


def frame_of(subject: PoseSubject, known: Array) -> Frame:
    """The square around the person's box; grown where joints would lie at its edge or beyond, as in
    training none do.
    """
    x, y, width, height = subject.box
    middle, half = np.array([x + width / 2, y + height / 2]), max(width, height) / 2
    places = known[..., :2][known[..., 3] > 0]
    if len(places):
        needed = float(np.abs(places - middle).max()) * 1.04
        if needed > half:
            low, high = places.min(0), places.max(0)
            tight = max(float((high - low).max()) / 2 * AIR, half)
            middle = (low + high) / 2
            half = max(tight, 1e-3)
    return Frame(float(middle[0]), float(middle[1]), float(half))
