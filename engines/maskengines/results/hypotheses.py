"""Hypotheses: many 3D bodies for one picture, each with its weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.pose_skeleton import COUNT, JOINTS

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """Result of kind ``hypotheses``.

    Attributes:
        poses: ``(N, 17, 3)`` float32 millimetres, relative to the hip, in the camera frame: x right, y down,
            z away from the viewer.
        weights: ``(N,)`` float32 at or above 0, with the sum 1.
        joints_2d: ``(N, 17, 2)`` float32: where each joint is seen in the picture, in pixels; NaN where too
            little is known of the picture to tell.
        facts: names and values to tell, in order.
        extra: what else the engine says, as plain data.
    """

    poses: Array
    weights: Array
    joints_2d: Array
    facts: Mapping[str, float | int | str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def best(self) -> int:
        """The one of highest weight; the first of several."""
        return int(self.weights.argmax())

    def agreement(self, chosen: int, sigma: Array) -> Array:
        """``(17,)``: the share of all weight whose joint is seen within ``2 sigma`` of the chosen one's."""
        distances = np.linalg.norm(self.joints_2d - self.joints_2d[chosen], axis=-1)
        near: Array = ((distances <= 2 * sigma) * self.weights[:, None]).sum(axis=0)
        return near

    def spread(self) -> Array:
        """``(17,)`` millimetres: how far each joint is from its mean place, as the root of the weighted mean
        of the squares."""
        weights = self.weights.astype(np.float64)
        mean = np.tensordot(weights, self.poses, axes=1)
        squares = np.square(self.poses - mean).sum(axis=-1)
        root: Array = np.sqrt(weights @ squares / weights.sum())
        return root

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes and into projects; inverse of `read`."""
        return {
            **self.extra,
            "poses": self.poses,
            "weights": self.weights,
            "joints": list(JOINTS),
            "joints_2d": self.joints_2d,
            "facts": dict(self.facts),
        }

    @classmethod
    def read(cls, result: Any) -> Hypotheses:
        """What an engine gave as hypotheses.

        Raises:
            BadInput: it is none; says what is wrong.
        """
        names = ("poses", "weights", "joints_2d")
        if not isinstance(result, Mapping) or not all(name in result for name in names):
            raise BadInput(f"These hypotheses lack one of {', '.join(names)}.")
        if list(result.get("joints", JOINTS)) != list(JOINTS):
            raise BadInput("These hypotheses are of other joints than the 17 of Human3.6M.")
        try:
            poses, weights, seen = (_frozen(result[name]) for name in names)
        except (TypeError, ValueError) as error:
            raise BadInput(f"These hypotheses are malformed: {error}.") from error
        count = len(weights) if weights.ndim == 1 else 0
        if not count or poses.shape != (count, COUNT, 3) or seen.shape != (count, COUNT, 2):
            raise BadInput(
                f"These hypotheses have poses of {poses.shape}, weights of {weights.shape} and joints_2d of "
                f"{seen.shape} instead of (N, {COUNT}, 3), (N,) and (N, {COUNT}, 2)."
            )
        if not np.isfinite(poses).all() or not np.isfinite(weights).all() or np.isinf(seen).any():
            raise BadInput("These hypotheses have a value that is no finite number.")
        if (weights < 0).any() or weights.sum() <= 0:
            raise BadInput("These hypotheses have weights below 0, or all are 0.")
        extra = {key: value for key, value in result.items() if key not in (*names, "joints", "facts")}
        return cls(poses, _frozen(weights / weights.sum()), seen, dict(result.get("facts") or {}), extra)


def _frozen(values: Any) -> Array:
    array = np.ascontiguousarray(values, np.float32)
    view = array.view()
    view.flags.writeable = False
    return view
