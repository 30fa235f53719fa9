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
_SAMPLES = 100_000
_SPECK = 0.5  # blobs of less area than a disc of this many spreads are slips of the hand


@dataclass(frozen=True, eq=False)
class _Blob:
    """Connected paint of more than half alpha: pixel centres ``(n, 2)`` and the paint of each, ``(n,)``:
    alpha, times the pixels that it stands for."""

    places: Array
    alpha: Array

    @property
    def mass(self) -> float:
        return float(self.alpha.sum())

    @property
    def centre(self) -> Array:
        middle: Array = np.average(self.places, axis=0, weights=self.alpha)
        return middle

    @property
    def variance(self) -> float:
        """Per axis, the mean of both."""
        return float(np.average(((self.places - self.centre) ** 2).mean(axis=1), weights=self.alpha))


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
    extent = Box.of_mask(mask)
    if extent.empty:
        return subject.with_paint(painted, modes[:, :0]), asked
    labels = _labels(mask, extent)
    known: list[int] = np.flatnonzero(~subject.missing).tolist()
    owners: dict[int, list[int]] = {}
    for joint in known:
        share, label = _over_joint(mask, labels, extent, subject, joint)
        asked[joint] = _FULL if share > 0.5 else int(_FULL * share)
        if share > 0.5:
            owners.setdefault(label, []).append(joint)
    on_bones: set[int] = set()  # blobs that touch a bone
    covering: set[int] = set()  # blobs that cover one
    for joint in known:
        along = _along_bone(labels, extent, subject, joint)
        on_bones |= set(along[along > 0].tolist())
        if (along > 0).mean() > 0.5:
            asked[joint] = _FULL
            covering |= set(along[along > 0].tolist())
    parts: dict[int, list[_Blob]] = {}
    loose: dict[int, _Blob] = {}
    for label, blob in _blobs(mask, labels, extent).items():
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
    for joint, blobs in parts.items():
        if asked[joint] < ASKED and len(blobs) == 1 and not subject.missing[joint]:
            blobs.append(_where_it_is(subject, joint, blobs[0].mass))
        asked[joint], painted[joint] = _FULL, True
        _write(modes[joint], blobs, subject, joint)
    used = int((modes[..., 3] > 0).sum(axis=1).max(initial=0))
    return subject.with_paint(painted, modes[:, :used]), asked


def _labels(mask: Array, extent: Box) -> Array:
    """``(h, w)`` int32 over the painted rectangle: the number of the blob of each pixel, 0 for none."""
    import cv2

    hard = (mask[extent.slices] >= ASKED).astype(np.uint8)
    labels: Array = cv2.connectedComponents(hard, connectivity=8)[1]
    return labels


def _blobs(mask: Array, labels: Array, extent: Box) -> dict[int, _Blob]:
    # Of a photo painted all over, a hundred thousand pixels tell as much as all.
    step = max(1, math.isqrt(np.count_nonzero(labels) // _SAMPLES))
    rows, columns = np.nonzero(labels[::step, ::step])
    rows, columns = rows * step, columns * step
    numbers = labels[rows, columns]
    order = np.argsort(numbers, kind="stable")
    places = np.column_stack([columns + extent.x + 0.5, rows + extent.y + 0.5])[order]
    alpha = (mask[extent.slices][rows, columns][order] / 255) * step**2
    found, starts = np.unique(numbers[order], return_index=True)
    pieces = zip(np.split(places, starts[1:]), np.split(alpha, starts[1:]), strict=True)
    return {int(label): _Blob(*piece) for label, piece in zip(found, pieces, strict=False)}


def _over_joint(
    mask: Array, labels: Array, extent: Box, subject: PoseSubject, joint: int
) -> tuple[float, int]:
    """Mean alpha over a joint's disc, and the blob that covers most of it (0 for none)."""
    (x, y), sigma = subject.joints[joint], float(subject.sigma_px[joint])
    radius = max(2 * sigma, 1.0)
    left, top = int(np.floor(x - radius)), int(np.floor(y - radius))
    side = int(np.ceil(2 * radius)) + 2
    box = Box(left, top, side, side).clipped(mask.shape[1], mask.shape[0])
    if box.empty:
        return 0.0, 0
    columns, rows = np.arange(box.x, box.x + box.width) + 0.5, np.arange(box.y, box.y + box.height) + 0.5
    distance = (columns[None] - x) ** 2 + (rows[:, None] - y) ** 2
    weight = np.where(distance <= radius**2, np.exp(-distance / (2 * sigma**2)), 0)
    if not weight.any():
        return 0.0, 0
    share = float((weight * mask[box.slices]).sum() / (255 * weight.sum()))
    found = np.zeros(weight.shape, np.int64)
    inside = Box(box.x - extent.x, box.y - extent.y, box.width, box.height)
    part = inside.clipped(extent.width, extent.height)
    if not part.empty:
        at = Box(part.x - inside.x, part.y - inside.y, part.width, part.height)
        found[at.slices] = labels[part.slices]
    totals = np.bincount(found.ravel(), weights=weight.ravel())
    totals[0] = 0
    return share, int(totals.argmax())


def _along_bone(labels: Array, extent: Box, subject: PoseSubject, joint: int) -> Array:
    """The blobs under the bone that ends in a joint, one number a pixel; empty paint is 0."""
    parent = PARENTS[joint]
    if parent < 0 or subject.missing[parent]:
        return np.zeros(1, np.int64)
    start, end = subject.joints[parent], subject.joints[joint]
    length = float(np.linalg.norm(end - start))
    if length < 2 * float(subject.sigma_px[joint]):
        return np.zeros(1, np.int64)  # foreshortened: its joints' own discs tell
    steps = (np.arange(round(length)) + 0.5) / round(length)
    places = np.floor(start + steps[:, None] * (end - start)).astype(int) - [extent.x, extent.y]
    inside = ((places >= 0) & (places < [extent.width, extent.height])).all(axis=1)
    found = np.zeros(len(places), np.int64)
    found[inside] = labels[places[inside, 1], places[inside, 0]]
    return found


def _shared(blob: _Blob, joints: list[int], subject: PoseSubject) -> list[tuple[int, _Blob]]:
    """Paint over several joints, each pixel given to the nearest."""
    squares = ((blob.places[:, None] - subject.joints[joints]) ** 2).sum(axis=2)
    nearest = squares.argmin(axis=1)
    return [
        (joint, _Blob(blob.places[nearest == row], blob.alpha[nearest == row]))
        for row, joint in enumerate(joints)
        if (nearest == row).any()
    ]


def _owner(
    blob: _Blob, subject: PoseSubject, asked: list[int], known: list[int], *, aside: bool
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


def _where_it_is(subject: PoseSubject, joint: int, mass: float) -> _Blob:
    """The joint itself as one of two blobs: a point as heavy as the other."""
    return _Blob(subject.joints[joint][None], np.array([mass]))


def _write(rows: Array, blobs: list[_Blob], subject: PoseSubject, joint: int) -> None:
    """The Gaussians of one joint into its ``(K, 4)`` rows."""
    sigma, missing = float(subject.sigma_px[joint]), bool(subject.missing[joint])
    weight = UNSEEN if missing else float(subject.confidence[joint])
    kept = sorted(blobs, key=lambda blob: -blob.mass)[: len(rows)]
    spread = 4 if len(kept) == 1 and not missing else 1
    for row, blob in enumerate(kept):
        wide = np.sqrt(sigma**2 + spread * blob.variance)
        rows[row] = (*blob.centre, wide, diluted(weight * blob.mass / kept[0].mass, sigma, wide))
