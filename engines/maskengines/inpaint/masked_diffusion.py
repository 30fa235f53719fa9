"""The engine `masked-diffusion`: what was there, as a small diffusion model that ships with the studio
imagines it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from maskengines.assets import assets_folder
from maskengines.contract import BadInput, Box, Candidate, ImagePatch, Request, RunContext
from maskengines.inpaint.diffusion import navier_stokes
from maskengines.inpaint.exemplar import question
from maskengines.inpaint.filling import Settings, fill_region, warm_up
from maskengines.inpaint.flow.filling import Walk, filled
from maskengines.inpaint.flow.network import MaskedFlow
from maskengines.inpaint.flow.weights import WEIGHTS, load_network
from maskengines.inpaint.info import MASKED_DIFFUSION, MaskedDiffusionParams
from maskengines.inpaint.membrane import levelled
from maskengines.inpaint.regions import Region, regions_of

Array = np.ndarray[Any, Any]
PREVIEW_EVERY = 0.5
WALKED = 0.7
"""Share of the progress that the walk is, where patches follow."""


class MaskedDiffusion:
    """Candidates one after the other, each by walking from its seed's noise."""

    info = MASKED_DIFFUSION

    def __init__(self) -> None:
        self._network: MaskedFlow | None = None
        self.weights_hash = ""

    def prepare(self, context: RunContext) -> None:
        """Load the weights that ship with the studio.

        Raises:
            NotReady: they are missing.
        """
        network, self.weights_hash = load_network(assets_folder() / WEIGHTS)
        self._network = network.to(context.device)
        warm_up()

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield ``request.count`` candidates of kind ``image``, in the order of their seeds.

        Each patch covers the bounding box of the mask, at the subject's depth and channels. A mask
        with nothing in it gives candidates with an empty patch.

        Raises:
            BadInput: nothing is left visible, or the mask has another size than the image.
        """
        assert self._network is not None
        pixels, mask = question(request)
        params = cast(MaskedDiffusionParams, request.params)
        box = Box.of_mask(mask)
        if not box.empty and bool(mask.all()):
            raise BadInput("The mask covers the whole image. Leave some of it unmasked to go on from.")
        regions = regions_of(mask, params.context)
        smooth = pixels[box.slices].copy()
        for region in regions:
            context.checkpoint()
            region.paste(navier_stokes(pixels[region.box.slices], region.hole, 4.0), smooth, box)
        if regions:
            context.preview(ImagePatch(box.x, box.y, smooth))
        for index in range(request.count):
            begun = time.perf_counter()
            seed = request.candidate_seed(index)
            job = _Job(self._network, pixels, params, seed, context, index, request.count)
            result = job.filled(regions, smooth, box)
            yield Candidate(
                kind="image", result=ImagePatch(box.x, box.y, result), seed=seed, label=f"Seed {seed}",
                metrics={"steps": params.steps, "texture": params.texture}, seconds=time.perf_counter() -
                begun,
            )  # fmt: skip


@dataclass
class _Job:
    """One candidate at work, and what it tells of its progress."""

    network: MaskedFlow
    pixels: Array
    params: MaskedDiffusionParams
    seed: int
    context: RunContext
    index: int
    count: int
    shown: float = 0.0

    def filled(self, regions: list[Region], smooth: Array, box: Box) -> Array:
        """The bounding box's pixels with every region filled."""
        result = smooth.copy()
        areas = np.array([float(region.hole.sum()) for region in regions])
        done = 0.0
        for region, share in zip(regions, areas / max(areas.sum(), 1.0), strict=True):
            crop = self.pixels[region.box.slices]

            def tell(
                part: float, estimate: Callable[[], Array],
                done: float = done, share: float = share, region: Region = region,
            ) -> None:  # fmt: skip
                self.context.checkpoint()
                self.context.progress(self.index + done + share * part, float(self.count), "Filling")
                now = time.monotonic()
                # Later candidates are not shown before they are whole: the first is there to look at.
                if self.index == 0 and now - self.shown > PREVIEW_EVERY:
                    picture = result.copy()
                    region.paste(estimate(), picture, box)
                    self.context.preview(ImagePatch(box.x, box.y, picture))
                    self.shown = time.monotonic()

            region.paste(self._region(crop, region, tell), result, box)
            done += share
        return result

    def _region(
        self, crop: Array, region: Region, tell: Callable[[float, Callable[[], Array]], None]
    ) -> Array:
        if self.params.texture == "photo" and region.thin:
            # A thin stroke hides no structure of its own: it is closed as exemplar closes it.
            return self._patches(crop, region, Settings(), None, tell)
        depth = np.float32(np.iinfo(crop.dtype).max / 2)
        picture = crop.astype(np.float32) / depth - 1
        if picture.shape[2] == 1:
            picture = np.repeat(picture, 3, axis=2)
        patches = self.params.texture == "photo"
        walked = WALKED if patches else 1.0

        def at_depth(fill: Array) -> Array:
            values = np.clip(np.rint((fill[..., : crop.shape[2]] + 1) * depth), 0, np.iinfo(crop.dtype).max)
            if crop.shape[2] == 1:
                grey = cv2.cvtColor(fill, cv2.COLOR_RGB2GRAY)[..., None]
                values = np.clip(np.rint((grey + 1) * depth), 0, np.iinfo(crop.dtype).max)
            return np.where(region.hole[..., None], values.astype(crop.dtype), crop)

        begun = None
        if self.params.start == "exemplar":
            rough = self._patches(
                crop, region, Settings(method="patches"), None, lambda *_: self.context.checkpoint()
            )
            begun = (np.broadcast_to(rough, picture.shape).astype(np.float32) / depth - 1)[None]
        fill = filled(
            self.network, picture, region.unknown, [self.seed],
            plan=Walk(self.params.steps, self.params.strength), begun=begun,
            tell=lambda part, fills: tell(walked * part, lambda: at_depth(fills()[0])),
        )[0]  # fmt: skip
        fill = levelled(picture, fill, region.unknown)
        if not patches:
            return at_depth(fill)
        return self._patches(
            crop, region, Settings(method="patches", variety=0.25), (fill + 1) * np.float32(127.5),
            lambda part, estimate: tell(walked + (1 - walked) * part, estimate),
        )  # fmt: skip

    def _patches(
        self, crop: Array, region: Region, settings: Settings, sketch: Array | None,
        tell: Callable[[float, Callable[[], Array]], None],
    ) -> Array:  # fmt: skip
        generator = self.context.generator(self.seed)
        fill = fill_region(
            crop, region, settings, seed=self.seed, generator=generator, watch=tell, sketch=sketch
        )
        return fill.pixels
