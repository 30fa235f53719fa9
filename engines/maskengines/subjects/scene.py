"""The scene subject: photos with their cameras, sparse points, and Gaussians once it is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import FIELDS, Gaussians

Array = np.ndarray[Any, Any]

TEST = "test"
TRAIN = "train"


def _no_places() -> Array:
    return np.zeros((0, 2), np.float32)


@dataclass(frozen=True, eq=False)
class ScenePhoto:
    """One photo of a scene; its pixels stay on the disk.

    Attributes:
        name: unique in the scene; its element space is ``photo/<name>``.
        path: of the file, absolute.
        digest: BLAKE2b of the file, 40 digits.
        width, height: pixels of the photo as the camera saw it.
        split: ``"test"`` where it only measures how good a scene is, else ``"train"``.
        camera: where it was taken from, of the same size; ``None`` until that is known.
        observed: ``(M, 2)`` float32: pixels where points are seen that at least three photos see.
    """

    name: str
    path: str
    digest: str
    width: int
    height: int
    split: str = TRAIN
    camera: Camera | None = None
    observed: Array = field(default_factory=_no_places)

    def __post_init__(self) -> None:
        if self.camera is not None and (self.camera.width, self.camera.height) != (self.width, self.height):
            raise ValueError(f"the camera of {self.name} has another size than the photo")
        object.__setattr__(self, "observed", _frozen(self.observed, np.float32, (-1, 2)))

    @property
    def space(self) -> str:
        return f"photo/{self.name}"


@dataclass(frozen=True, eq=False)
class SceneSubject:
    """A scene; never changes.

    Attributes:
        gaussians: ``None`` before a training.
        photos: in the order of their file; may be none where only Gaussians were opened.
        points: ``(P, 3)`` float32 sparse points of structure-from-motion.
        colours: ``(P, 3)`` uint8 sRGB of the points.
        folder: where it was opened from; no part of the content.
    """

    gaussians: Gaussians | None = None
    photos: tuple[ScenePhoto, ...] = ()
    points: Array = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    colours: Array = field(default_factory=lambda: np.zeros((0, 3), np.uint8))
    folder: str = ""

    kind: ClassVar[str] = "scene"

    def __post_init__(self) -> None:
        object.__setattr__(self, "photos", tuple(self.photos))
        object.__setattr__(self, "points", _frozen(self.points, np.float32, (-1, 3)))
        object.__setattr__(self, "colours", _frozen(self.colours, np.uint8, (len(self.points), 3)))
        names = [photo.name for photo in self.photos]
        if len(set(names)) < len(names):
            raise ValueError("two photos have the same name")

    @property
    def spaces(self) -> Mapping[str, tuple[int, ...]]:
        """``gaussians`` where there are some, and a space of pixels for each photo."""
        spaces: dict[str, tuple[int, ...]] = {}
        if self.gaussians is not None:
            spaces["gaussians"] = (len(self.gaussians),)
        return spaces | {photo.space: (photo.height, photo.width) for photo in self.photos}

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """Those that are known, in the order of the photos."""
        return tuple(photo.camera for photo in self.photos if photo.camera is not None)

    def placed(self, split: str) -> tuple[ScenePhoto, ...]:
        """The photos of a split whose cameras are known."""
        return tuple(photo for photo in self.photos if photo.split == split and photo.camera is not None)

    def photo(self, name: str) -> ScenePhoto:
        """Raises:
        KeyError: there is none of this name.
        """
        for photo in self.photos:
            if photo.name == name:
                return photo
        raise KeyError(name)

    @cached_property
    def content_hash(self) -> str:
        """BLAKE2b of all that an engine can see, 40 digits."""
        digest = hashlib.blake2b(digest_size=20)
        digest.update(b"scene ")
        for photo in self.photos:
            digest.update(repr(_told(photo)).encode())
            digest.update(photo.observed.data)
        for array in (self.points, self.colours):
            digest.update(f" {array.shape} ".encode())
            digest.update(array.data)
        if self.gaussians is not None:
            for name, array in self.gaussians.to_arrays().items():
                digest.update(f" {name} {array.shape} ".encode())
                digest.update(array.data)
        return digest.hexdigest()

    def with_gaussians(self, gaussians: Gaussians | None) -> SceneSubject:
        """The same photos and cameras around other Gaussians."""
        return replace(self, gaussians=gaussians)

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, Array]]:
        photos = [_told(photo) | {"path": photo.path, "seen": len(photo.observed)} for photo in self.photos]
        meta: dict[str, Any] = {"kind": self.kind, "folder": self.folder, "photos": photos}
        observed = [photo.observed for photo in self.photos]
        arrays = {
            "points": self.points,
            "colours": self.colours,
            "observed": np.concatenate(observed) if observed else _no_places(),
        }
        return meta, arrays | ({} if self.gaussians is None else self.gaussians.to_arrays())

    @classmethod
    def from_arrays(cls, meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> Self:
        photos, start = [], 0
        for told in meta["photos"]:
            end = start + int(told["seen"])
            camera = None if told["camera"] is None else Camera.from_record(told["camera"], told["name"])
            photos.append(
                ScenePhoto(
                    str(told["name"]), str(told["path"]), str(told["digest"]), int(told["width"]),
                    int(told["height"]), str(told["split"]), camera, arrays["observed"][start:end],
                )
            )  # fmt: skip
            start = end
        gaussians = Gaussians.from_arrays(arrays) if set(FIELDS) <= set(arrays) else None
        return cls(gaussians, tuple(photos), arrays["points"], arrays["colours"], str(meta.get("folder", "")))


def need_gaussians(subject: SceneSubject) -> Gaussians:
    """Raises:
    BadInput: the scene was not trained yet.
    """
    if subject.gaussians is None:
        raise BadInput("This scene has photos, but no Gaussians yet. Train it first, or open a .ply.")
    return subject.gaussians


def _told(photo: ScenePhoto) -> dict[str, Any]:
    return {
        "name": photo.name,
        "digest": photo.digest,
        "width": photo.width,
        "height": photo.height,
        "split": photo.split,
        "camera": None if photo.camera is None else photo.camera.to_record(),
    }


def _frozen(values: Any, dtype: Any, shape: tuple[int, int]) -> Array:
    array: Array = np.ascontiguousarray(values, dtype).view()
    if array.ndim != 2 or array.shape[1] != shape[1] or shape[0] not in (-1, len(array)):
        raise ValueError(f"an array of {array.shape} where {shape} was expected")
    array.flags.writeable = False
    return array
