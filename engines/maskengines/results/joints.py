"""Joints: where a detector sees one person in a photo, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_skeleton import JOINTS

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Joints:
    """Result of kind ``joints``.

    Attributes:
        pose: the person, over the photo that was asked about; its ``source`` holds what the detector said in
            its own keypoints.
        facts: names and values to tell, in order.
    """

    pose: PoseSubject
    facts: Mapping[str, float | int | str] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes and into projects; inverse of `read`."""
        meta, arrays = self.pose.to_arrays()
        return {"pose": meta, "arrays": arrays, "facts": dict(self.facts)}

    @classmethod
    def read(cls, result: Any) -> Joints:
        """What an engine gave as joints.

        Raises:
            BadInput: it is none; says what is wrong.
        """
        if not isinstance(result, Mapping) or not isinstance(result.get("pose"), Mapping):
            raise BadInput("These joints lack their pose.")
        arrays = result.get("arrays")
        if not isinstance(arrays, Mapping):
            raise BadInput("These joints lack their arrays.")
        meta = result["pose"]
        if list(meta.get("names", JOINTS)) != list(JOINTS):
            raise BadInput("These are other joints than the 17 of Human3.6M.")
        try:
            pose = PoseSubject.from_arrays(meta, {str(name): np.asarray(arrays[name]) for name in arrays})
        except (KeyError, TypeError, ValueError) as error:
            said = f"{error} is missing" if isinstance(error, KeyError) else error
            raise BadInput(f"These joints are malformed: {said}.") from error
        return cls(pose, dict(result.get("facts") or {}))


def pose_from_candidate(candidate: Candidate) -> PoseSubject:
    """The pose that a candidate of kind ``joints`` proposes, ready to be opened over its photo.

    Raises:
        BadInput: the candidate is of another kind, or damaged.
    """
    if candidate.kind != "joints":
        raise BadInput(f"A candidate of kind '{candidate.kind}' holds no joints. Choose one with a skeleton.")
    return Joints.read(candidate.result).pose
