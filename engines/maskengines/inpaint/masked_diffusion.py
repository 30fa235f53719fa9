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
from maskengines.inpaint.diffusion import membrane
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
MOST_DRAWN = 2048 * 2048
"""Pixels of the largest picture that the network draws, where its drawing is what is asked for."""


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
            region.paste(membrane(pixels[region.box.slices], region.hole, 4.0), smooth, box)
        if regions:
            context.preview(ImagePatch(box.x, box.y, smooth))
        seeds = [request.candidate_seed(index) for index in range(request.count)]
        walked: dict[tuple[int, int], Array] = {}
        for index, seed in enumerate(seeds):
            begun = time.perf_counter()
            together = seeds[index : index + params.batch]
            job = _Job(self._network, pixels, params, together, walked, context, index, request.count)
            result = job.filled(regions, smooth, box)
            yield Candidate(
                kind="image", result=ImagePatch(box.x, box.y, result), seed=seed, label=f"Seed {seed}",
                metrics={"steps": params.steps, "texture": params.texture}, seconds=time.perf_counter() -
                begun,
            )  # fmt: skip


@dataclass
class _Job:
    """One candidate at work, and what it tells of its progress.

    Attributes:
        seeds: its own, then those that are walked with it where its walk is still to be done.
        walked: by region and seed, walks that were done with an earlier candidate's.
    """

    network: MaskedFlow
    pixels: Array
    params: MaskedDiffusionParams
    seeds: list[int]
    walked: dict[tuple[int, int], Array]
    context: RunContext
    index: int
    count: int
    shown: float = 0.0

    def filled(self, regions: list[Region], smooth: Array, box: Box) -> Array:
        """The bounding box's pixels with every region filled."""
        result = smooth.copy()
        areas = np.array([float(region.hole.sum()) for region in regions])
        done = 0.0
        for number, (region, share) in enumerate(zip(regions, areas / max(areas.sum(), 1.0), strict=True)):
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

            region.paste(self._region(crop, number, region, tell), result, box)
            done += share
        return result

    def _region(
        self, crop: Array, number: int, region: Region, tell: Callable[[float, Callable[[], Array]], None]
    ) -> Array:
        patches = self.params.texture == "photo"
        if patches and region.thin:
            # A thin stroke hides no structure of its own: it is closed as exemplar closes it.
            return self._patches(crop, region, self.seeds[0], Settings(), None, tell)
        share = WALKED if patches else 1.0
        key = number, self.seeds[0]
        if key not in self.walked:
            fills = self._walk(
                crop, region,
                lambda part, fills: tell(share * part, lambda: _at_depth(fills()[0], crop, region.hole)),
            )  # fmt: skip
            self.walked.update({(number, seed): fill for seed, fill in zip(self.seeds, fills, strict=True)})
        fill = self.walked.pop(key)
        if not patches:
            return _at_depth(fill, crop, region.hole)
        return self._patches(
            crop, region, self.seeds[0],
            Settings(method="patches", variety=0.25), (fill + 1) * np.float32(127.5),
            lambda part, estimate: tell(share + (1 - share) * part, estimate),
        )  # fmt: skip

    def _walk(
        self, crop: Array, region: Region, tell: Callable[[float, Callable[[], Array]], None]
    ) -> list[Array]:
        """What the network draws for every seed, (H, W, 3) float32 in -1..1."""
        depth = np.float32(np.iinfo(crop.dtype).max / 2)
        picture = crop.astype(np.float32) / depth - 1
        if picture.shape[2] == 1:
            picture = np.repeat(picture, 3, axis=2)
        begun = None
        if self.params.start == "exemplar":
            rough = [
                self._patches(
                    crop, region, seed, Settings(method="patches"), None, lambda *_: self.context.checkpoint()
                )
                for seed in self.seeds
            ]
            begun = np.stack([np.broadcast_to(fill, picture.shape) for fill in rough]) / depth - 1
        # Where patches follow they bring what is finer than this.
        most = Walk.most if self.params.texture == "photo" else MOST_DRAWN
        plan = Walk(self.params.steps, self.params.strength, most)
        fills = filled(self.network, picture, region.unknown, self.seeds, plan=plan, begun=begun, tell=tell)
        return [levelled(picture, fill, region.unknown) for fill in fills]

    def _patches(  # noqa: PLR0917
        self, crop: Array, region: Region, seed: int, settings: Settings, sketch: Array | None,
        tell: Callable[[float, Callable[[], Array]], None],
    ) -> Array:  # fmt: skip
        generator = self.context.generator(seed)
        fill = fill_region(crop, region, settings, seed=seed, generator=generator, watch=tell, sketch=sketch)
        return fill.pixels


def _at_depth(fill: Array, crop: Array, hole: Array) -> Array:
    """`crop` with the hole as in `fill` (H, W, 3) float32 in -1..1, at the crop's depth and channels."""
    if crop.shape[2] == 1:
        fill = cv2.cvtColor(fill, cv2.COLOR_RGB2GRAY)[..., None]
    most = np.iinfo(crop.dtype).max
    values = np.clip(np.rint((fill + 1) * np.float32(most / 2)), 0, most)
    return np.where(hole[..., None], values.astype(crop.dtype), crop)
