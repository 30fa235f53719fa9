"""From a photo and its mask to patches: crops out, pictures of a pipeline in, tones at the seam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from maskengines.contract import Box, ImagePatch, RunContext
from maskengines.inpaint.pipelines.calls import Scene
from maskengines.inpaint.pipelines.control import control_picture, read_control
from maskengines.inpaint.pipelines.cropping import Crop, crops_of, resized
from maskengines.inpaint.pipelines.drawing import Drawing
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskengines.inpaint.pipelines.loading import Loaded
from maskengines.inpaint.pipelines.soft import is_soft
from maskengines.inpaint.pipelines.toning import RING, toned

Array = np.ndarray[Any, Any]

_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_NEXT_CROP = 1_000_003
"""Between the seeds of one candidate's crops, so that two holes of a size are not filled alike."""


class Filling:
    """One request at work.

    Args:
        pixels: ``(H, W, 1|3)`` uint8 or uint16.
        mask: ``(H, W)`` uint8, something above 0.

    Attributes:
        scenes: what the model is shown of each crop.
        largest: width and height of the largest picture that it draws.
    """

    def __init__(
        self, drawing: Drawing, params: DiffusersParams, pixels: Array, mask: Array, context: RunContext
    ) -> None:
        self.loaded: Loaded = drawing.loaded
        self._drawing, self._params, self._context = drawing, params, context
        self._pixels, self._box = pixels, Box.of_mask(mask)
        side = params.resolution or self.loaded.side
        self._crops = crops_of(mask, params.context, side, self.loaded.multiple)
        self._control = (
            read_control(params.control_image, pixels.shape[:2]) if params.control_image.strip() else None
        )
        self.scenes = [self._scene(crop) for crop in self._crops]
        self._shown = pixels[self._box.slices].copy()
        self.largest = max((crop.size for crop in self._crops), key=lambda size: size[0] * size[1])

    @property
    def resolution(self) -> str:
        """What the model drew, such as ``512 x 512``."""
        return ", ".join(sorted({f"{crop.size[0]} x {crop.size[1]}" for crop in self._crops}))

    def unchanged(self) -> ImagePatch:
        """The photo as it is where something was asked for."""
        return ImagePatch(self._box.x, self._box.y, self._pixels[self._box.slices].copy())

    def fill(self, seeds: Sequence[int], before: int, count: int) -> list[ImagePatch | None]:
        """A patch for each seed; None where the model withholds one.

        Args:
            before: candidates that were drawn before these, of ``count`` in all.
        """
        results: list[Array | None] = [self._pixels[self._box.slices].copy() for _ in seeds]
        for number, (crop, scene) in enumerate(zip(self._crops, self.scenes, strict=True)):
            drawn = self._drawing.pictures(
                self._params,
                scene,
                [seed + _NEXT_CROP * number for seed in seeds],
                self._context,
                strengths=crop.strengths if is_soft(crop.strengths(self.loaded.cell)) else None,
                done=self._progress(before, len(seeds), number, count),
                show=self._show(crop) if self._params.previews else None,
            )
            for index, picture in enumerate(drawn):
                result = results[index]
                if picture is None or result is None:
                    results[index] = None
                else:
                    self._put(result, crop, self._finished(crop, picture))
            self._context.checkpoint()
        return [
            None if result is None else ImagePatch(self._box.x, self._box.y, result) for result in results
        ]

    def _scene(self, crop: Crop) -> Scene:
        picture = crop.shown(self._pixels)
        cells = crop.strengths(self.loaded.cell) > 0
        hole = np.repeat(np.repeat(cells, self.loaded.cell, axis=0), self.loaded.cell, axis=1)
        control = None
        if "control_image" in self.loaded.call:
            control = (
                control_picture(self._params, picture, hole)
                if self._control is None
                else resized(self._control[crop.box.slices], crop.size)
            )
        return Scene(picture, hole, control)

    def _progress(self, before: int, batch: int, number: int, count: int) -> Callable[[int, int], None]:
        def done(step: int, steps: int) -> None:
            share = (number + (step / steps if steps else 0.0)) / len(self._crops)
            text = f"Step {step} of {steps}" if steps else f"Step {step}"
            self._context.progress(before + batch * share, count, text)

        return done

    def _show(self, crop: Crop) -> Callable[[Array], None]:
        def show(seen: Array) -> None:
            # Not toned and not sharpened: what the model has in mind so far, quickly.
            large = cv2.resize(
                self._as_photo(seen), (crop.box.width, crop.box.height), interpolation=cv2.INTER_LINEAR
            )
            self._put(self._shown, crop, large.reshape(crop.box.height, crop.box.width, -1))
            self._context.preview(ImagePatch(self._box.x, self._box.y, self._shown.copy()))

        return show

    def _finished(self, crop: Crop, picture: Array) -> Array:
        """A drawn crop at the photo's size, depth and channels, its tones matched; as the photo far from the
        hole, where nobody looks."""
        drawn = resized(picture, (crop.box.width, crop.box.height))
        near = Box.of_mask(crop.hole).grown(RING).clipped(crop.box.width, crop.box.height)
        finished = self._pixels[crop.box.slices].copy()
        part = np.clip(drawn[near.slices], 0, 1)
        given = finished[near.slices].astype(np.float32) / np.float32(np.iinfo(finished.dtype).max)
        if given.shape[2] == 1:
            part = (part @ _GREY)[..., None]
        tones = toned(part, given, crop.hole[near.slices] > 0, self._params.seam)
        finished[near.slices] = self._as_photo(tones)
        return finished

    def _as_photo(self, picture: Array) -> Array:
        most = np.iinfo(self._pixels.dtype).max
        if picture.shape[2] == 3 and self._pixels.shape[2] == 1:
            picture = (picture @ _GREY)[..., None]
        return np.rint(np.clip(picture, 0, 1) * np.float32(most)).astype(self._pixels.dtype)

    def _put(self, target: Array, crop: Crop, picture: Array) -> None:
        """Write a crop's hole into the patch of all."""
        inside = Box(crop.box.x - self._box.x, crop.box.y - self._box.y, crop.box.width, crop.box.height)
        both = inside.clipped(self._box.width, self._box.height)
        ours = both.moved(-inside.x, -inside.y).slices
        where = (crop.hole[ours] > 0).view(np.uint8)
        target[both.slices] = cv2.copyTo(
            np.ascontiguousarray(picture[ours]), where, np.ascontiguousarray(target[both.slices])
        ).reshape(target[both.slices].shape)
