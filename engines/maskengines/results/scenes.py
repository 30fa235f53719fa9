"""Scenes as answers: Gaussians, and the cameras they were trained with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import FIELDS, Gaussians


@dataclass(frozen=True, eq=False)
class SceneResult:
    """Result of kind ``scene``.

    Attributes:
        cameras: from which the scene can be looked at, for example those of its photos; may be none.
        facts: names and values to tell, in order.
        extra: what else the engine says, as plain data; the masks that it learned, for example.
        picture: ``(h, w, 3)`` uint8, for a gallery: the scene as the first camera sees it. None has the
            Gaussians drawn as dots there.
    """

    gaussians: Gaussians
    cameras: tuple[Camera, ...] = ()
    facts: Mapping[str, float | int | str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    picture: np.ndarray[Any, np.dtype[np.uint8]] | None = None

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes and into projects; inverse of `read`."""
        return {
            **self.extra,
            **self.gaussians.to_arrays(),
            **({} if self.picture is None else {"picture": self.picture}),
            "cameras": [camera.to_record() for camera in self.cameras],
            "facts": dict(self.facts),
        }

    @classmethod
    def read(cls, result: Any) -> SceneResult:
        """What an engine gave as a scene.

        Raises:
            BadInput: it is none; says what is wrong.
        """
        if not isinstance(result, Mapping) or not set(FIELDS) <= set(result):
            raise BadInput(f"This scene lacks one of {', '.join(FIELDS)}.")
        try:
            gaussians = Gaussians.from_arrays({name: np.asarray(result[name]) for name in FIELDS})
        except (TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"This scene is malformed: {error}.") from error
        if not gaussians.finite.all():
            raise BadInput("This scene has Gaussians with a value that is no finite number.")
        told = result.get("cameras") or []
        if not isinstance(told, list):
            raise BadInput("This scene's cameras are no list.")
        cameras = tuple(
            Camera.from_record(record, f"Camera {number} of this scene")
            for number, record in enumerate(told, 1)
        )
        picture = result.get("picture")
        if picture is not None:
            picture = np.asarray(picture)
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
                raise BadInput("This scene's picture is not height x width x 3 of uint8.")
        known = (*FIELDS, "cameras", "facts", "picture")
        extra = {key: value for key, value in result.items() if key not in known}
        return cls(gaussians, cameras, dict(result.get("facts") or {}), extra, picture)


def learned_masks(result: SceneResult) -> dict[str, np.ndarray[Any, Any]]:
    """What of each photo the engine took for clutter, by name: ``(h, w)`` uint8 of the size it trained at,
    255 where it did; without photos that it says nothing of."""
    masks = result.extra.get("masks")
    arrays = masks.items() if isinstance(masks, Mapping) else ()
    found = {str(name): np.asarray(array) for name, array in arrays}
    return {name: array for name, array in found.items() if array.ndim == 2 and array.dtype == np.uint8}


def scene_from_candidate(candidate: Candidate) -> SceneResult:
    """The scene that a candidate of kind ``scene`` proposes.

    Raises:
        BadInput: the candidate is of another kind, or damaged.
    """
    if candidate.kind != "scene":
        raise BadInput(f"A candidate of kind '{candidate.kind}' holds no scene. Choose one with Gaussians.")
    return SceneResult.read(candidate.result)
