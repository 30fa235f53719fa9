"""What a saved project holds of a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from maskengines.contract import Candidate, ImagePatch, MaskArray, Provenance
from maskengines.projects.pose_work import PoseWork

if TYPE_CHECKING:
    from maskengines.subjects.image import ImageSubject


@dataclass(frozen=True, eq=False)
class KeptLayer:
    """A fill that the user kept: its pixels, and how to get them again."""

    patch: ImagePatch
    label: str = ""
    provenance: Provenance | None = None


@dataclass(frozen=True, eq=False)
class ProjectState:
    """A project at one moment. Nothing in it changes afterwards, so any thread may save it.

    Attributes:
        original: the image as it was opened.
        layers: kept fills, oldest first; the current picture is the original with each applied.
        masks: by space; ``"pixels"`` is ``(H, W)`` uint8.
        candidates: answers not kept yet.
        settings: JSON-able; ``"engine"`` (id and params) and ``"view"`` (zoom, position, overlay).
        source: path of the image that the project began with, as text, or ``None``.
        pose: what is said of the person in the picture, for a project that is about a pose; its pose is one
            in a picture of the original's size.
        flattened: read from another program's layered file; saving over it would lose those layers.
    """

    original: ImageSubject
    layers: tuple[KeptLayer, ...] = ()
    masks: Mapping[str, MaskArray] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    pose: PoseWork | None = None
    flattened: bool = False

    @property
    def subject(self) -> ImageSubject:
        """The current picture: the original under all kept layers."""
        subject = self.original
        for layer in self.layers:
            subject = subject.with_patch(layer.patch)
        return subject
