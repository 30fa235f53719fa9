"""The pose subject: the 2D joints of one person, how sure they are, and what was painted over them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from maskengines.subjects.pose_skeleton import COUNT, JOINTS

Array = np.ndarray[Any, Any]

ASKED = 128
"""From this value on a mask asks for a joint (alpha above 0.5); below it only widens its spread."""

SOFT_SPREAD = 1.2
"""By how many of its own spreads a joint's spread grows until it is asked for."""

_HERE = 0.5
"""Pixels that a joint may be off the likeliest of its places; coordinates in files are rounded."""


@dataclass(frozen=True, eq=False)
class KeypointSource:
    """The person as the file gave it, so that it can be written back without loss.

    Attributes:
        format: a name of `maskengines.subjects.pose_formats.keypoints.FORMATS`.
        keypoints: ``(K, 3)`` float64: x, y and confidence or visibility, in the file's order.
        record: the person object as JSON text.
        image: the COCO image that it belongs to as JSON text, or empty.
    """

    format: str
    keypoints: Array
    record: str = "{}"
    image: str = ""


def _none() -> Array:
    return np.zeros((COUNT, 0, 4), np.float32)


@dataclass(frozen=True, eq=False)
class PoseSubject:
    """One person in a picture; never changes. Positions are pixels, x right, y down.

    Attributes:
        joints: ``(17, 2)`` float64, finite; (0, 0) where missing.
        confidence: ``(17,)`` float32 in 0..1; 0 where missing.
        sigma_px: ``(17,)`` float32 above 0: the spread of each joint, one standard deviation per axis.
        missing: ``(17,)`` bool: nothing is known of the joint.
        box: x, y, width and height of the person.
        size: width and height of the picture; (0, 0) where nobody knows.
        photo, photo_hash: where the photo is and its content hash; both may be empty.
        painted: ``(17,)`` bool: paint has replaced what is known of the joint by ``modes``.
        modes: ``(17, K, 4)`` float32: x, y, sigma, weight of Gaussians; a weight of 0 is none. Of a joint
            that is not painted they are where a detector saw it, the likeliest at ``joints`` with
            ``sigma_px``; most have none, and ``joints``, ``sigma_px`` and ``confidence`` tell all.
        source: the file's own keypoints, or ``None``.
    """

    joints: Array
    confidence: Array
    sigma_px: Array
    missing: Array
    box: tuple[float, float, float, float]
    size: tuple[int, int] = (0, 0)
    photo: str = ""
    photo_hash: str = ""
    painted: Array = field(default_factory=lambda: np.zeros(COUNT, bool))
    modes: Array = field(default_factory=_none)
    source: KeypointSource | None = None

    kind: ClassVar[str] = "pose"

    def __post_init__(self) -> None:
        shapes: dict[str, tuple[type, tuple[int, ...]]] = {
            "joints": (np.float64, (COUNT, 2)),
            "confidence": (np.float32, (COUNT,)),
            "sigma_px": (np.float32, (COUNT,)),
            "missing": (np.bool_, (COUNT,)),
            "painted": (np.bool_, (COUNT,)),
            "modes": (np.float32, (COUNT, self.modes.shape[1] if self.modes.ndim == 3 else 0, 4)),
        }
        for name, (dtype, shape) in shapes.items():
            array: Array = np.ascontiguousarray(getattr(self, name), dtype).view()
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"{name} is {array.shape} or not finite, where {shape} was expected")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        x, y, width, height = self.box
        object.__setattr__(self, "box", (float(x), float(y), float(width), float(height)))
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))
        if (self.sigma_px <= 0).any() or not all(np.isfinite(self.box)) or min(self.box[2:]) <= 0:
            raise ValueError("every sigma and the box's sides must be above 0")

    @property
    def spaces(self) -> Mapping[str, tuple[int, ...]]:
        return {"joints": (COUNT,)}

    @cached_property
    def content_hash(self) -> str:
        """BLAKE2b of all that an engine can see, 40 digits."""
        digest = hashlib.blake2b(digest_size=20)
        digest.update(f"pose {self.box} {self.size} {self.photo_hash} {self.modes.shape} ".encode())
        for array in (self.joints, self.confidence, self.sigma_px, self.missing, self.painted, self.modes):
            digest.update(array.tobytes())
        return digest.hexdigest()

    def evidence(self, mask: Array | None = None) -> Array:
        """What is known of each joint: a mixture of Gaussians over the picture.

        Args:
            mask: ``(17,)`` uint8 of the space ``joints``, or ``None`` where nothing is masked. A joint that
                is asked for (128 and above) gives nothing away, unless paint says where it could be; a
                softer mask widens its spread by up to `SOFT_SPREAD` times itself.

        Returns:
            ``(17, K, 4)`` float32, K at least 1: x, y, sigma in pixels and weight, the height of the
            Gaussian in 0..1. Where all weights of a joint are 0 there is no evidence.
        """
        found = np.zeros((COUNT, max(1, self.modes.shape[1]), 4), np.float32)
        known = ~self.missing
        shares = np.zeros(COUNT) if mask is None else np.asarray(mask, np.float64) / 255
        wider = 1 + SOFT_SPREAD * np.minimum(2 * shares, 1)
        found[known, 0, :2] = self.joints[known]
        found[known, 0, 2] = self.sigma_px[known]
        found[known, 0, 3] = self.confidence[known]
        for joint in np.flatnonzero(self.in_several_places).tolist():
            rows = self.modes[joint]
            found[joint, : len(rows)] = rows
            # The spread of a joint is that of its likeliest place; the others grow with it.
            found[joint, : len(rows), 2] *= self.sigma_px[joint] / rows[rows[:, 3].argmax(), 2]
        found[..., 2] *= wider[:, None]
        found[..., 3] = diluted(found[..., 3], 1, wider[:, None])
        if mask is not None:
            found[np.asarray(mask) >= ASKED] = 0
        found[self.painted] = 0
        found[self.painted, : self.modes.shape[1]] = self.modes[self.painted]
        return found

    @property
    def in_several_places(self) -> Array:
        """``(17,)`` bool: joints, neither painted nor missing, of which a detector told ``modes``. One that
        is no longer at the likeliest of them was moved since, and is in one place."""
        if not self.modes.shape[1]:
            return np.zeros(COUNT, bool)
        best = self.modes[np.arange(COUNT), self.modes[..., 3].argmax(axis=1)]
        here = np.linalg.norm(best[:, :2] - self.joints, axis=1) <= _HERE
        found: Array = (best[:, 3] > 0) & here & ~self.painted & ~self.missing
        return found

    def with_paint(self, painted: Array, modes: Array) -> PoseSubject:
        """A copy with the evidence of painted joints replaced, and that of earlier paint gone."""
        own = np.where((self.in_several_places & ~painted)[:, None, None], self.modes, 0)
        joined = np.zeros((COUNT, max(own.shape[1], modes.shape[1]), 4), np.float32)
        joined[:, : own.shape[1]] = own
        joined[painted, : modes.shape[1]] = modes[painted]
        used = int((joined[..., 3] > 0).sum(axis=1).max(initial=0))
        return replace(self, painted=painted, modes=joined[:, :used])

    def with_joint(self, joint: int, x: float, y: float, *, sigma_px: float | None = None) -> PoseSubject:
        """A copy with one joint where a person put it: certain, and no longer missing."""
        joints, confidence, sigma = self.joints.copy(), self.confidence.copy(), self.sigma_px.copy()
        missing = self.missing.copy()
        joints[joint], confidence[joint], missing[joint] = (x, y), 1.0, False
        if sigma_px is not None:
            sigma[joint] = sigma_px
        return replace(self, joints=joints, confidence=confidence, sigma_px=sigma, missing=missing)

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, Array]]:
        meta: dict[str, Any] = {
            "kind": self.kind,
            "names": list(JOINTS),
            "box": list(self.box),
            "size": list(self.size),
            "photo": self.photo,
            "photo_hash": self.photo_hash,
        }
        arrays = {name: getattr(self, name) for name in ("joints", "confidence", "sigma_px", "modes")}
        arrays |= {name: getattr(self, name).view(np.uint8) for name in ("missing", "painted")}
        if self.source is not None:
            meta["source"] = [self.source.format, self.source.record, self.source.image]
            arrays["keypoints"] = self.source.keypoints
        return meta, arrays

    @classmethod
    def from_arrays(cls, meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> Self:
        source = None
        if "source" in meta:
            name, record, image = meta["source"]
            source = KeypointSource(str(name), arrays["keypoints"], str(record), str(image))
        x, y, width, height = (float(side) for side in meta["box"])
        across, down = (int(side) for side in meta["size"])
        return cls(
            **{name: arrays[name] for name in ("joints", "confidence", "sigma_px", "modes")},
            **{name: arrays[name].view(np.bool_) for name in ("missing", "painted")},
            box=(x, y, width, height),
            size=(across, down),
            photo=str(meta.get("photo", "")),
            photo_hash=str(meta.get("photo_hash", "")),
            source=source,
        )


def diluted(weight: Any, before: Any, after: Any) -> Array:
    """Height of a Gaussian that was spread from ``before`` to ``after`` with its mass kept; at least a
    twentieth, as a detector's map of a joint that it cannot see is low but not empty."""
    weight = np.asarray(weight, np.float64)
    low = np.minimum(weight, 0.05)
    height: Array = np.maximum(weight * (np.asarray(before) / np.asarray(after)) ** 2, low)
    return height
