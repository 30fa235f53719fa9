"""Turns what came out of a worker into answers: checked, composited, with provenance.

This runs in the studio, so an engine cannot change a pixel that was not asked for, whatever it returns.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any, get_args

import numpy as np

from maskengines.compose import Compositor
from maskengines.contract import Box, Candidate, EngineInfo, ImagePatch, Provenance, ResultKind
from maskengines.errors import BadInput, EngineFault
from maskengines.params import Params
from maskengines.results.curves import CurveResult
from maskengines.results.frames import SceneFrame
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.joints import Joints
from maskengines.results.maps import MapResult
from maskengines.results.scenes import SceneResult
from maskengines.results.tables import TableResult
from maskengines.runtime.plain import as_rows
from maskengines.subjects.base import Subject

Array = np.ndarray[Any, Any]

_KINDS = get_args(ResultKind)


class Finisher:
    """Finishes the answers to one question.

    Args:
        masks: by space, as they were when the question was asked.
        newest: a copy of the newest mask of a space in a box; the same unless the job is live.
    """

    def __init__(
        self,
        info: EngineInfo,
        subject: Subject,
        masks: Mapping[str, Array],
        params: Params,
        newest: Callable[[str, Box], Array],
    ) -> None:
        self._info = info
        self._subject = subject
        self._newest = newest
        self._original: Array | None = getattr(subject, "pixels", None) if subject.kind == "image" else None
        self._space = next(iter(masks), None)
        self._boxes = {space: Box.of_mask(as_rows(mask)) for space, mask in masks.items()}
        self._shapes = {space: mask.shape for space, mask in masks.items()}
        self._fixed: tuple[Box, Compositor] | None = None
        self.params = params

    @property
    def nothing_asked(self) -> bool:
        """Whether the mask is 0 everywhere, and the engine answers nothing but what is masked."""
        return self._info.needs_mask and bool(self._boxes) and all(box.empty for box in self._boxes.values())

    def widen(self, space: str, box: Box) -> None:
        """The mask of a live job may have grown into ``box``."""
        self._boxes[space] = self._boxes.get(space, Box(0, 0, 0, 0)).union(box)
        self._shapes.setdefault(space, tuple(self._subject.spaces[space]))

    def unchanged(self, seed: int) -> Candidate:
        """The answer where nothing is asked: the subject as it is."""
        original = self._original
        empty = ImagePatch(0, 0, np.empty((0, 0, 3), np.uint8) if original is None else original[:0, :0])
        return Candidate("image", empty, seed, label="unchanged", provenance=self._provenance(seed, None))

    def candidate(self, fields: Any, seconds: float, weights: str | None) -> Candidate:
        """A `Candidate` from what a worker says are its fields.

        Raises:
            EngineFault: they are not what they should be.
        """
        title = self._info.title
        if not isinstance(fields, dict) or fields.get("kind") not in _KINDS:
            raise EngineFault(f"{title} gave an answer of an unknown kind.")
        seed, label, score = fields.get("seed"), fields.get("label"), fields.get("score")
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise EngineFault(f"{title} gave an answer without a whole number for its seed.")
        if not isinstance(label, str):
            raise EngineFault(f"{title} gave an answer whose label is not text.")
        if score is not None and (isinstance(score, bool) or not isinstance(score, int | float)):
            raise EngineFault(f"{title} gave an answer whose score is not a number.")
        return Candidate(
            kind=fields["kind"],
            result=self._result(fields["kind"], fields.get("result")),
            seed=seed,
            label=label[:200],
            score=float(score) if score is not None and math.isfinite(score) else None,
            metrics=self._metrics(fields.get("metrics")),
            provenance=self._provenance(seed, weights),
            seconds=seconds,
        )

    def preview(self, result: Any) -> ImagePatch | MapResult | Hypotheses | SceneFrame:
        """A preview, composited if it is a picture.

        Raises:
            EngineFault: it is neither picture, map, hypotheses nor frame of a scene.
        """
        if self._subject.kind == "scene" and isinstance(result, Mapping):
            return self._frame(_owned(result))
        if self._info.result_kinds == ("hypotheses",):
            return self._hypotheses(_owned(result))
        if "map" in self._info.result_kinds and not isinstance(result, ImagePatch):
            return self._map(_owned(result))
        if isinstance(result, ImagePatch) or (isinstance(result, np.ndarray) and result.ndim == 3):
            return self._image(self._patch(result))
        if isinstance(result, np.ndarray):
            return self._map(_own(result))
        raise EngineFault(f"{self._info.title} gave a preview that is no picture.")

    def _result(self, kind: str, result: Any) -> Any:
        if result is None:
            raise EngineFault(f"{self._info.title} gave an answer with nothing in it.")
        if kind == "image":
            patch = self._patch(result)
            self._check_cover(patch)
            return self._image(patch)
        if kind == "map" and self._original is not None:
            return self._map(_owned(result)).to_plain()
        if kind == "table":
            try:
                return TableResult.read(_owned(result)).to_plain()
            except BadInput as error:
                raise EngineFault(f"{self._info.title} gave a table that cannot be shown. {error}") from error
        if kind == "curve":
            try:
                return CurveResult.read(_owned(result)).to_plain()
            except BadInput as error:
                raise EngineFault(f"{self._info.title} gave a curve that cannot be shown. {error}") from error
        if kind == "hypotheses":
            return self._hypotheses(_owned(result)).to_plain()
        if kind == "joints":
            return self._joints(_owned(result)).to_plain()
        if kind == "scene":
            return self._scene(_owned(result)).to_plain()
        return _owned(result)

    def _hypotheses(self, result: Any) -> Hypotheses:
        """Raises:
        EngineFault: they are none.
        """
        try:
            return Hypotheses.read(result)
        except BadInput as error:
            raise EngineFault(f"{self._info.title} gave poses that cannot be shown. {error}") from error

    def _joints(self, result: Any) -> Joints:
        """Raises:
        EngineFault: they are none.
        """
        try:
            return Joints.read(result)
        except BadInput as error:
            raise EngineFault(f"{self._info.title} gave joints that cannot be shown. {error}") from error

    def _scene(self, result: Any) -> SceneResult:
        """Raises:
        EngineFault: it is none.
        """
        try:
            return SceneResult.read(result)
        except BadInput as error:
            raise EngineFault(f"{self._info.title} gave a scene that cannot be shown. {error}") from error

    def _frame(self, result: Any) -> SceneFrame:
        """Raises:
        EngineFault: it is none.
        """
        try:
            return SceneFrame.read(result)
        except BadInput as error:
            raise EngineFault(f"{self._info.title} gave a frame that cannot be shown. {error}") from error

    def _map(self, result: Any) -> MapResult:
        """Raises:
        EngineFault: it is no map of this photo.
        """
        height, width = (0, 0) if self._original is None else self._original.shape[:2]
        try:
            return MapResult.read(result, (height, width))
        except BadInput as error:
            raise EngineFault(f"{self._info.title} gave a map that cannot be shown. {error}") from error

    def _patch(self, result: Any) -> ImagePatch:
        """``result`` as a patch of the subject's type and channels."""
        title, original = self._info.title, self._original
        if isinstance(result, np.ndarray):
            if original is not None and result.shape[:2] != original.shape[:2]:
                raise EngineFault(
                    f"{title} gave a picture of {_size(result)}, where the photo has {_size(original)}; a "
                    "part of it has to be an ImagePatch, which says where it lies."
                )
            result = ImagePatch(0, 0, result)
        if not isinstance(result, ImagePatch):
            raise EngineFault(f"{title} gave a {type(result).__name__} where a picture was expected.")
        if result.pixels.ndim == 2:
            result = ImagePatch(result.x, result.y, result.pixels[:, :, None])
        if original is None:
            return result
        pixels = result.pixels
        if pixels.ndim != 3 or pixels.dtype != original.dtype or pixels.shape[2] != original.shape[2]:
            raise EngineFault(
                f"{title} gave a picture of the shape {pixels.shape} and the type {pixels.dtype}, where "
                f"height x width x {original.shape[2]} of {original.dtype} is needed."
            )
        return result

    def _check_cover(self, patch: ImagePatch) -> None:
        # A live mask may have grown while the engine answered; there the picture stays as it was.
        if self._original is None or self._space is None or self._info.live:
            return
        box, given = self._boxes[self._space], patch.box
        if not box.empty and given.intersection(box) != box:
            raise EngineFault(
                f"{self._info.title} gave a picture of {given.width} x {given.height} at ({given.x}, "
                f"{given.y}), which does not cover the masked area of {box.width} x {box.height} at "
                f"({box.x}, {box.y})."
            )

    def _image(self, patch: ImagePatch) -> ImagePatch:
        """The patch composited into the bounding box of the newest mask; as it is where nobody masked.

        Raises:
            EngineFault: it is taken as it is, and does not lie inside the photo.
        """
        original = self._original
        if original is None:
            return ImagePatch(patch.x, patch.y, _own(patch.pixels))
        if self._space is None:
            return self._whole(patch, original)
        box, compositor = self._compositor(self._space)
        if box.empty and not self._info.needs_mask:
            return self._whole(patch, original)
        inside = patch.box.intersection(box)
        answer = patch.pixels[inside.moved(-patch.x, -patch.y).slices]
        if inside != box:
            part, answer = answer, original[box.slices].copy()
            if not inside.empty:
                answer[inside.moved(-box.x, -box.y).slices] = part
        composited = compositor(original[box.slices], answer)
        composited.flags.writeable = False
        return ImagePatch(box.x, box.y, composited)

    def _whole(self, patch: ImagePatch, original: Array) -> ImagePatch:
        given = patch.box
        if given.empty or given.clipped(original.shape[1], original.shape[0]) != given:
            raise EngineFault(
                f"{self._info.title} gave a picture of {_size(patch.pixels)} at ({given.x}, {given.y}), "
                f"which does not lie inside the photo of {_size(original)}."
            )
        return ImagePatch(patch.x, patch.y, _own(patch.pixels))

    def _compositor(self, space: str) -> tuple[Box, Compositor]:
        """By the newest mask, with its box; kept where the mask cannot change, as previews come often."""
        if self._fixed is not None:
            return self._fixed
        box, mask = self._newest_mask(space)
        found = box, Compositor(mask)
        if not self._info.live:
            self._fixed = found
        return found

    def _newest_mask(self, space: str) -> tuple[Box, Array]:
        """The bounding box of the newest mask and the mask in it."""
        box = self._boxes[space]
        mask = self._newest(space, box)
        if not self._info.live or box.empty:
            return box, mask
        tight = Box.of_mask(mask)
        return Box(box.x + tight.x, box.y + tight.y, tight.width, tight.height), mask[tight.slices]

    def _mask_hash(self) -> str:
        """Hash of the masks as far as they are not 0: its cost follows the hole, not the photo."""
        digest = hashlib.blake2b(digest_size=20)
        for space in sorted(self._boxes):
            box, mask = self._newest_mask(space)
            digest.update(f"{space} {self._shapes[space]} {box} ".encode())
            digest.update(np.ascontiguousarray(mask).data)
        return digest.hexdigest()

    def _metrics(self, metrics: Any) -> dict[str, float | int | str]:
        if metrics is None:
            return {}
        if not isinstance(metrics, dict) or not all(
            isinstance(value, int | float | str) for value in metrics.values()
        ):
            raise EngineFault(f"{self._info.title} gave an answer whose metrics are not names and numbers.")
        return {
            key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in metrics.items()
        }

    def _provenance(self, seed: int, weights: str | None) -> Provenance:
        return Provenance(
            engine=self._info.id,
            version=self._info.version,
            params=self.params.model_dump(mode="json"),
            seed=seed,
            weights=weights,
            subject=self._subject.content_hash,
            mask=self._mask_hash(),
        )


def _size(pixels: Array) -> str:
    """Width and height; of what has fewer axes, as much as there is."""
    return " x ".join(str(length) for length in reversed(pixels.shape[:2])) or "a single value"


def _own(array: Array) -> Array:
    """A read-only copy that does not lie in shared memory."""
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


def _owned(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _own(value)
    if isinstance(value, ImagePatch):
        return ImagePatch(value.x, value.y, _own(value.pixels))
    if isinstance(value, list):
        return [_owned(item) for item in value]
    if isinstance(value, dict):
        return {key: _owned(item) for key, item in value.items()}
    return value
