"""What paint over a photo says of the joints in it.

With ``s`` the spread of a joint and alpha the mask over 255:

* **Asked for.** The mean alpha over the joint's disc of ``2 s``, weighted by its Gaussian, is above 0.5.
  Where it could be is then told by the paint: a Gaussian at the centre of what was painted there, of the
  variance ``s^2 + 4 v`` with ``v`` that of the paint per axis, so that a disc painted wider asks for more.
* **Softer paint** leaves the joint where it is and widens its spread (`PoseSubject.evidence`).
* **Two blobs.** A blob beside all joints belongs to the nearest joint that is asked for, which could then
  be in either: a Gaussian for each, of the variance ``s^2 + v``, as likely as there is paint in it. If none
  is, it tells where a missing hand, foot, elbow or knee could be whose bone begins nearby; else that the
  nearest joint could be there, too.
* **A bone** more than half covered asks for its far joint; where that could be only a blob beside it tells.

Paint that is too far from every joint says nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.contract import Box
from maskengines.errors import BadInput
from maskengines.subjects.pose import ASKED, PoseSubject, diluted
from maskengines.subjects.pose_blobs import Blob, Blobs
from maskengines.subjects.pose_skeleton import COUNT, INDEX, PARENTS

Array = np.ndarray[Any, Any]

# How far a blob may lie from its joint, in sides of the person's box: a hand that is asked for could be
# anywhere that an arm reaches; a missing joint hangs on a bone; all else must be near.
REACH_ASKED, REACH_MISSING, REACH_GIVEN = 0.5, 0.3, 0.15

UNSEEN = 0.5
"""Confidence in a missing joint that was painted."""

MAX_MODES = 8
_FULL = 255
_ENDS = [INDEX[side + part] for part in ("Knee", "Ankle", "Elbow", "Wrist") for side in "LR"]
_SPECK = 0.5  # blobs of less area than a disc of this many spreads are slips of the hand


def evidence_from_paint(mask: Array, subject: PoseSubject) -> tuple[PoseSubject, Array]:
    """Read paint as a question about joints.

    Args:
        mask: ``(H, W)`` uint8 over the photo, 0 = given, 255 = asked.

    Returns:
        The subject with the evidence of painted joints replaced, and the mask of its space ``joints``,
        ``(17,)`` uint8. An empty mask gives the subject as it is, and zeros.

    Raises:
        BadInput: the mask has not the size of the photo.
    """
    if subject.size != (0, 0) and mask.shape != subject.size[::-1]:
        raise BadInput(
            f"The mask is {mask.shape[1]} x {mask.shape[0]}, but the photo is {subject.size[0]} x "
            f"{subject.size[1]}. Give a mask of the photo's size."
        )
    asked = np.zeros(COUNT, np.uint8)
    painted, modes = np.zeros(COUNT, bool), np.zeros((COUNT, MAX_MODES, 4), np.float32)
    blobs = Blobs.of(mask)
    if blobs.extent.empty:
        return subject.with_paint(painted, modes[:, :0]), asked
    known: list[int] = np.flatnonzero(~subject.missing).tolist()
    owners: dict[int, list[int]] = {}
    for joint in known:
        share, label = _over_joint(blobs, subject, joint)
        asked[joint] = _FULL if share > 0.5 else int(_FULL * share)
        if share > 0.5:
            owners.setdefault(label, []).append(joint)
    on_bones: set[int] = set()  # blobs that touch a bone
    covering: set[int] = set()  # blobs that cover one
    for joint in known:
        along = _along_bone(blobs, subject, joint)
        on_bones |= set(along[along > 0].tolist())
        if (along > 0).mean() > 0.5:
            asked[joint] = _FULL
            covering |= set(along[along > 0].tolist())
    parts: dict[int, list[Blob]] = {}
    loose: dict[int, Blob] = {}
    for label, blob in blobs:
        if label in owners:
            for joint, part in _shared(blob, owners[label], subject):
                parts.setdefault(joint, []).append(part)
        elif label not in covering:
            loose[label] = blob
    wanted = np.flatnonzero(asked >= ASKED).tolist()
    for label, blob in loose.items():
        owner = _owner(blob, subject, wanted, known, aside=label not in on_bones)
        if owner is not None:
            parts.setdefault(owner, []).append(blob)
    for joint, found in parts.items():
        if asked[joint] < ASKED and len(found) == 1 and not subject.missing[joint]:
            found.append(_where_it_is(subject, joint, found[0].mass))
        asked[joint], painted[joint] = _FULL, True
        _write(modes[joint], found, subject, joint)
    used = int((modes[..., 3] > 0).sum(axis=1).max(initial=0))
    return subject.with_paint(painted, modes[:, :used]), asked


def _over_joint(blobs: Blobs, subject: PoseSubject, joint: int) -> tuple[float, int]:
    """Mean alpha over a joint's disc, and the blob that covers most of it (0 for none)."""
    (x, y), sigma = subject.joints[joint].tolist(), float(subject.sigma_px[joint])
    radius = max(2 * sigma, 1.0)
    left, top = math.floor(x - radius), math.floor(y - radius)
    side = math.ceil(2 * radius) + 2
    height, width = blobs.mask.shape
    box = Box(left, top, side, side).clipped(width, height)
    if box.empty:
        return 0.0, 0
    painted = Box.of_mask(blobs.mask[box.slices])
    if painted.empty:
        return 0.0, 0
    disc = _Disc(x, y, sigma, radius)
    total = disc.weight_in(box)
    if not total:
        return 0.0, 0
    if blobs.mask[box.slices].min() == _FULL:  # all of it, so it is in one blob
        return 1.0, int(blobs.at(np.array([box.x]), np.array([box.y]))[0])
    part = Box(box.x + painted.x, box.y + painted.y, painted.width, painted.height)
    weight = disc.weights(part)
    share = float((weight * blobs.mask[part.slices]).sum() / (255 * total))
    totals = np.bincount(blobs.over(part).ravel(), weights=weight.ravel())
    totals[0] = 0
    return share, int(totals.argmax())


@dataclass(frozen=True)
class _Disc:
    """A Gaussian of a joint, cut off at a radius; of a pixel its centre counts."""

    x: float
    y: float
    sigma: float
    radius: float

    def weights(self, box: Box) -> Array:
        """Of the pixels of a rectangle, ``(h, w)``."""
        across, down = self._away(box)
        weights = np.outer(self._gauss(down), self._gauss(across))
        weights[across**2 + down[:, None] ** 2 > self.radius**2] = 0
        return weights

    def weight_in(self, box: Box) -> float:
        """The sum of them, without a look at each."""
        across, down = self._away(box)
        half = np.sqrt(np.maximum(self.radius**2 - down**2, 0))
        summed = np.concatenate([[0.0], np.cumsum(self._gauss(across))])
        first, last = np.searchsorted(across, -half), np.searchsorted(across, half, side="right")
        inside = np.abs(down) <= self.radius
        return float((self._gauss(down) * (summed[last] - summed[first]))[inside].sum())

    def _away(self, box: Box) -> tuple[Array, Array]:
        columns, rows = np.arange(box.x, box.x + box.width), np.arange(box.y, box.y + box.height)
        return columns + (0.5 - self.x), rows + (0.5 - self.y)

    def _gauss(self, away: Array) -> Array:
        heights: Array = np.exp(-(away**2) / (2 * self.sigma**2))
        return heights


def _along_bone(blobs: Blobs, subject: PoseSubject, joint: int) -> Array:
    """The blobs under the bone that ends in a joint, one number a pixel; empty paint is 0."""
    parent = PARENTS[joint]
    if parent < 0 or subject.missing[parent]:
        return np.zeros(1, np.int64)
    start, end = subject.joints[parent], subject.joints[joint]
    length = float(np.linalg.norm(end - start))
    if length < 2 * float(subject.sigma_px[joint]):
        return np.zeros(1, np.int64)  # foreshortened: its joints' own discs tell
    steps = (np.arange(round(length)) + 0.5) / round(length)
    places = np.floor(start + steps[:, None] * (end - start)).astype(int)
    return blobs.at(places[:, 0], places[:, 1])


def _shared(blob: Blob, joints: list[int], subject: PoseSubject) -> list[tuple[int, Blob]]:
    """Paint over several joints, each pixel given to the nearest."""
    if len(joints) == 1:
        return [(joints[0], blob)]
    nearest = np.argmin([blob.squares_from(place) for place in subject.joints[joints]], axis=0)
    return [
        (joint, Blob(blob.places[nearest == row], blob.alpha[nearest == row]))
        for row, joint in enumerate(joints)
        if (nearest == row).any()
    ]


def _owner(
    blob: Blob, subject: PoseSubject, asked: list[int], known: list[int], *, aside: bool
) -> int | None:
    """The joint that a blob beside all joints belongs to. One on a bone (not ``aside``) that does not cover
    it belongs to a joint that is asked for or to none."""
    if blob.mass < np.pi * (_SPECK * float(np.median(subject.sigma_px))) ** 2:
        return None
    gone = [joint for joint in _ENDS if subject.missing[joint] and not subject.missing[PARENTS[joint]]]
    begins = [PARENTS[joint] for joint in gone]
    for joints, places, reach in (
        (asked, asked, REACH_ASKED),
        (gone, begins, REACH_MISSING if aside else 0),
        (known, known, REACH_GIVEN if aside else 0),
    ):
        if joints:
            distances = np.linalg.norm(subject.joints[places] - blob.centre, axis=1)
            if distances.min() <= reach * max(subject.box[2:]):
                return joints[int(distances.argmin())]
    return None


def _where_it_is(subject: PoseSubject, joint: int, mass: float) -> Blob:
    """The joint itself as one of two blobs: a point as heavy as the other."""
    return Blob(subject.joints[joint][None], np.array([mass]))


def _write(rows: Array, blobs: list[Blob], subject: PoseSubject, joint: int) -> None:
    """The Gaussians of one joint into its ``(K, 4)`` rows."""
    sigma, missing = float(subject.sigma_px[joint]), bool(subject.missing[joint])
    weight = UNSEEN if missing else float(subject.confidence[joint])
    kept = sorted(blobs, key=lambda blob: -blob.mass)[: len(rows)]
    spread = 4 if len(kept) == 1 and not missing else 1
    for row, blob in enumerate(kept):
        wide = np.sqrt(sigma**2 + spread * blob.variance)
        rows[row] = (*blob.centre, wide, diluted(weight * blob.mass / kept[0].mass, sigma, wide))
