"""Edits of chosen Gaussians as plain data: small enough to be sent with every move of the mouse, and the same
in the viewport's worker as in the document."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.cielab import from_lab, to_lab
from maskengines.subjects.gaussians import SH_C0, Gaussians
from maskengines.subjects.harmonics import turned
from maskengines.subjects.quaternions import rotation_matrices

Array = np.ndarray[Any, Any]
Triple = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

STILL: Quaternion = (1.0, 0.0, 0.0, 0.0)


class SplatEdit(Protocol):
    """Something done to chosen Gaussians; their number stays."""

    def applied(self, gaussians: Gaussians, chosen: Array) -> Gaussians:
        """All Gaussians after it was done to those of ``chosen``, ``(N,)`` bool. What is not touched is
        shared with ``gaussians``."""

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes; inverse of `edit_from_plain`."""


@dataclass(frozen=True)
class Similarity:
    """``p' = pivot + scale * R (p - pivot) + shift``, in the scene's axes and units.

    Attributes:
        turn: R as a unit quaternion w, x, y, z.
        scale: above 0.
    """

    pivot: Triple = (0.0, 0.0, 0.0)
    turn: Quaternion = STILL
    scale: float = 1.0
    shift: Triple = (0.0, 0.0, 0.0)

    @property
    def rotation(self) -> Array:
        """``(3, 3)`` R."""
        return rotation_matrices(np.asarray(self.turn, np.float64))

    @property
    def still(self) -> bool:
        """Nothing is moved."""
        return self.turn[1:] == (0, 0, 0) and self.scale == 1 and self.shift == (0, 0, 0)

    def applied(self, gaussians: Gaussians, chosen: Array) -> Gaussians:
        if self.still or not chosen.any():
            return gaussians
        rotation = self.rotation
        arrays = gaussians.to_arrays()
        means = np.array(gaussians.means)
        around = means[chosen].astype(np.float64) - self.pivot
        means[chosen] = self.scale * around @ rotation.T + self.pivot + self.shift
        arrays["means"] = means
        if self.scale != 1:
            arrays["scales"] = np.array(gaussians.scales)
            arrays["scales"][chosen] += np.float32(math.log(self.scale))
        if self.turn[1:] != (0, 0, 0):
            arrays["rotations"] = np.array(gaussians.rotations)
            arrays["rotations"][chosen] = _product(self.turn, arrays["rotations"][chosen])
            if gaussians.degree:
                arrays["harmonics"] = np.array(gaussians.harmonics)
                arrays["harmonics"][chosen] = turned(arrays["harmonics"][chosen], rotation)
        return Gaussians.from_arrays(arrays)

    def to_plain(self) -> dict[str, Any]:
        return {"kind": "similarity", "pivot": list(self.pivot), "turn": list(self.turn),
                "scale": self.scale, "shift": list(self.shift)}  # fmt: skip

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> Self:
        """Raises:
        BadInput: it would not leave finite Gaussians.
        """
        try:
            x, y, z = map(float, told["pivot"])
            a, b, c, d = map(float, told["turn"])
            right, down, ahead = map(float, told["shift"])
            scale = float(told["scale"])
        except (KeyError, TypeError, ValueError):
            scale = 0.0
        if scale <= 0 or not np.isfinite([x, y, z, a, b, c, d, scale, right, down, ahead]).all():
            raise BadInput("A move needs a finite pivot, turn and shift, and a scale above 0.")
        if not any((a, b, c, d)):
            raise BadInput("A turn needs a quaternion that is not 0.")
        return cls((x, y, z), (a, b, c, d), scale, (right, down, ahead))


@dataclass(frozen=True)
class Recolour:
    """Shift colours in CIELAB by what leads from their `mean_colour` to ``colour``, sRGB in 0..1. Differences
    between the Gaussians stay, and a colour that is the mean already changes nothing."""

    colour: Triple

    def applied(self, gaussians: Gaussians, chosen: Array) -> Gaussians:
        if not chosen.any():
            return gaussians
        picked = gaussians.take(chosen)
        lab, slopes = to_lab(picked.colours)
        wanted = to_lab(np.array([self.colour]))[0][0]
        shift = wanted - to_lab(np.array([mean_colour(gaussians, chosen)]))[0][0]
        shown, back = from_lab(lab + shift)
        harmonics = np.array(gaussians.harmonics)
        after = np.array(picked.harmonics)
        after[:, 0] = (np.clip(shown, 0, 1) - 0.5) / SH_C0
        # To first order, a colour that differs by h from the DC colour becomes one that differs by J h.
        after[:, 1:] = np.einsum("nij,nkj->nki", back @ slopes, picked.harmonics[:, 1:])
        harmonics[chosen] = after
        return Gaussians(
            gaussians.means, gaussians.scales, gaussians.rotations, gaussians.opacities, harmonics
        )

    def to_plain(self) -> dict[str, Any]:
        return {"kind": "recolour", "colour": list(self.colour)}

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> Self:
        """Raises:
        BadInput: the colour is none.
        """
        colour = [float(value) for value in told["colour"]]
        if len(colour) != 3 or not all(0 <= value <= 1 for value in colour):
            raise BadInput("A colour is red, green and blue in 0..1.")
        return cls((colour[0], colour[1], colour[2]))


def edit_from_plain(told: Mapping[str, Any]) -> SplatEdit:
    """Raises:
    BadInput: no edit of this kind is known, or it makes no sense.
    """
    match told.get("kind"):
        case "similarity":
            return Similarity.from_plain(told)
        case "recolour":
            return Recolour.from_plain(told)
    raise BadInput(f"Gaussians can be moved and recoloured, not '{told.get('kind')}'.")


def mean_colour(gaussians: Gaussians, chosen: Array) -> Triple:
    """sRGB in 0..1 of ``chosen``, ``(N,)`` bool, weighted by opacity; grey without any."""
    picked = gaussians.take(chosen)
    weights = picked.alphas + np.float32(1e-6)
    if not len(picked):
        return 0.5, 0.5, 0.5
    red, green, blue = np.clip(np.average(picked.colours, axis=0, weights=weights), 0, 1).tolist()
    return red, green, blue


def about(axis: Sequence[float] | Array, angle: float) -> Quaternion:
    """The turn by ``angle`` radians about a unit ``axis``, right-handed."""
    x, y, z = (float(value) * math.sin(angle / 2) for value in axis)
    return math.cos(angle / 2), x, y, z


def _product(turn: Sequence[float], rotations: Array) -> Array:
    """``(N, 4)``: first each of ``rotations``, then ``turn``."""
    w, x, y, z = turn
    a, b, c, d = np.asarray(rotations, np.float64).T
    after: Array = np.stack(
        [
            w * a - x * b - y * c - z * d,
            w * b + x * a + y * d - z * c,
            w * c - x * d + y * a + z * b,
            w * d + x * c - y * b + z * a,
        ],
        axis=1,
    )
    return after
