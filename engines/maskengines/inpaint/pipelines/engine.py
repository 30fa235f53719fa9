"""The engine `diffusers`: fills a hole with a pipeline that is on this computer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from maskengines.contract import BadInput, Box, Candidate, ImagePatch, Request, RunContext
from maskengines.inpaint.pipelines.adapters import Adapter
from maskengines.inpaint.pipelines.drawing import Drawing
from maskengines.inpaint.pipelines.filling import Filling
from maskengines.inpaint.pipelines.info import DIFFUSERS, DiffusersParams
from maskengines.inpaint.pipelines.loading import Loaded, load
from maskengines.inpaint.pipelines.memory import release
from maskengines.inpaint.pipelines.quietly import diffusers

Array = np.ndarray[Any, Any]
_LOADED_BY = ("model", "controlnet", "device", "dtype", "offload")
"""Parameters that another pipeline has to be loaded for."""


class Diffusers:
    """Candidates by a diffusion model. One pipeline is kept ready, until another is asked for."""

    info = DIFFUSERS

    def __init__(self) -> None:
        self.weights_hash: str | None = None
        self._key: tuple[object, ...] = ()
        self._drawing: Drawing | None = None
        self._adapter = Adapter()

    def prepare(self, context: RunContext) -> None:
        """Import diffusers, which takes some seconds."""
        diffusers()

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield ``request.count`` candidates of kind ``image``, in the order of their seeds.

        Each patch covers the bounding box of the mask, at the subject's depth and channels.

        Raises:
            NotReady: the model is not here, or does not fit the memory; says what to do.
            BadInput: it is none that inpaints, or a parameter does not fit it.
            Cancelled: within one step, without decoding.
        """
        pixels, mask = _question(request)
        params = cast(DiffusersParams, request.params)
        drawing = self._ready(params, context)
        self._adapter.wear(drawing.loaded, params)
        filling = Filling(drawing, params, pixels, mask, context)
        seeds = [request.candidate_seed(index) for index in range(request.count)]
        done = 0
        for batch in drawing.batches(params, filling.largest, seeds):
            begun = time.perf_counter()
            answers = filling.fill(batch, done, request.count)
            seconds = (time.perf_counter() - begun) / len(batch)
            for seed, patch in zip(batch, answers, strict=True):
                yield self._candidate(filling, seed, patch, seconds)
            done += len(batch)

    def _ready(self, params: DiffusersParams, context: RunContext) -> Drawing:
        key = tuple(getattr(params, name) for name in _LOADED_BY)
        if self._drawing is None or key != self._key or self._drawing.loaded.replaced:
            context.progress(0, 0, "Loading the model")
            self._let_go()
            loaded = load(params)
            self._drawing, self._key = Drawing(loaded), key
            self.weights_hash = loaded.weights
        return self._drawing

    def _let_go(self) -> None:
        """Make room: two pipelines seldom fit."""
        if self._drawing is not None:
            device = self._drawing.loaded.device
            self._drawing, self._key, self._adapter = None, (), Adapter()
            release(device)

    def _candidate(self, filling: Filling, seed: int, patch: ImagePatch | None, seconds: float) -> Candidate:
        loaded: Loaded = filling.loaded
        label = f"Seed {seed}"
        if patch is None:
            label, patch = "Withheld by the model's safety checker", filling.unchanged()
        return Candidate(
            kind="image",
            result=patch,
            seed=seed,
            label=label,
            metrics={"pipeline": type(loaded.pipe).__name__, "resolution": filling.resolution},
            seconds=seconds,
        )


def _question(request: Request) -> tuple[Array, Array]:
    """Pixels ``(H, W, 1|3)`` and mask ``(H, W)`` of an image request.

    Raises:
        BadInput: there is no mask, nothing is masked, or it has another size than the image.
    """
    pixels = cast(Any, request.subject).pixels
    mask = request.masks.get("pixels")
    if mask is None or Box.of_mask(mask).empty:
        raise BadInput("This engine needs a mask. Paint over what should be filled.")
    if mask.shape != pixels.shape[:2]:
        raise BadInput(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} and the image {pixels.shape[1]} x "
            f"{pixels.shape[0]} pixels. Use a mask of the image's size."
        )
    return pixels, mask
