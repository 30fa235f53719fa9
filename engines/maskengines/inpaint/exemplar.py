"""The engine `exemplar`: fills a hole from the photo itself, with no weights."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from maskengines.contract import BadInput, Box, Cancelled, Candidate, ImagePatch, Request, RunContext
from maskengines.inpaint.diffusion import membrane
from maskengines.inpaint.filling import Fill, Settings, fill_region, warm_up
from maskengines.inpaint.info import EXEMPLAR, ExemplarParams
from maskengines.inpaint.pilots import Pilots
from maskengines.inpaint.regions import Region, regions_of

Array = np.ndarray[Any, Any]
PREVIEW_EVERY = 0.25
PREVIEW_PAUSE = 12.0
"""Pause after a preview, in times of what it cost: large ones must not take over the work."""
Answer = tuple[ImagePatch, list[Fill], float]
"""The patch, how each region was filled, and the seconds that took."""


class Exemplar:
    """Candidates by patch completion; several are computed side by side, each in one thread."""

    info = EXEMPLAR

    def prepare(self, context: RunContext) -> None:
        """Compile (or load from the cache) every kernel."""
        warm_up()

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield ``request.count`` candidates of kind ``image``, in the order of their seeds.

        Each patch covers the bounding box of the mask, at the subject's depth and channels. A mask
        with nothing in it gives candidates with an empty patch.

        Raises:
            BadInput: nothing is left visible, or the mask has another size than the image.
        """
        pixels, mask = question(request)
        params = cast(ExemplarParams, request.params)
        box = Box.of_mask(mask)
        if box.empty:
            yield from (
                _candidate(request, i, ImagePatch(0, 0, pixels[:0, :0]), []) for i in range(request.count)
            )
            return
        if bool(mask.all()):
            raise BadInput("The mask covers the whole image. Leave some of it unmasked to copy from.")
        regions = regions_of(mask, params.context)
        smooth = pixels[box.slices].copy()
        for region in regions:
            context.checkpoint()
            region.paste(membrane(pixels[region.box.slices], region.hole, 4.0), smooth, box)
        context.preview(ImagePatch(box.x, box.y, smooth))
        settings = Settings(params.method, params.variety, params.seam, params.texture, params.starts)
        run = _Run(pixels, box, regions, settings, smooth)
        try:
            yield from run.candidates(request, context)
        finally:
            run.stop()


def question(request: Request) -> tuple[Array, Array]:
    """Pixels ``(H, W, 1|3)`` and mask ``(H, W)`` of an image request.

    Raises:
        BadInput: there is no mask, or it has another size than the image.
    """
    pixels = cast(Any, request.subject).pixels
    mask = request.masks.get("pixels")
    if mask is None:
        raise BadInput("This engine needs a mask. Paint over what should be filled.")
    if mask.shape != pixels.shape[:2]:
        raise BadInput(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} and the image {pixels.shape[1]} x "
            f"{pixels.shape[0]} pixels. Use a mask of the image's size."
        )
    return pixels, mask


class _Run:
    """One request at work: a thread per candidate, and what they tell of their progress."""

    def __init__(
        self, pixels: Array, box: Box, regions: list[Region], settings: Settings, smooth: Array
    ) -> None:
        self._pixels, self._box, self._regions, self._settings = pixels, box, regions, settings
        self._pilots = [Pilots() for _ in regions]
        self._shown = smooth
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._fractions: dict[int, float] = {}
        self._preview: ImagePatch | None = None
        self._leader = 0
        self._next_preview = time.monotonic() + PREVIEW_EVERY

    def stop(self) -> None:
        self._stop.set()

    def candidates(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        workers = max(1, min(request.count, _threads()))
        with ThreadPoolExecutor(workers, thread_name_prefix="exemplar") as pool:
            futures = [
                pool.submit(
                    self._one, i, context.generator(request.candidate_seed(i)), request.candidate_seed(i)
                )
                for i in range(request.count)
            ]
            try:
                for i, future in enumerate(futures):
                    self._leader = i
                    patch, fills, seconds = self._wait(future, request.count, context)
                    yield replace(_candidate(request, i, patch, fills), seconds=seconds)
            finally:
                self._stop.set()
                for future in futures:
                    future.cancel()

    def _wait(self, future: Future[Answer], count: int, context: RunContext) -> Any:
        while True:
            context.checkpoint()
            with self._lock:
                done, preview, self._preview = sum(self._fractions.values()), self._preview, None
            context.progress(done, float(count), "Filling")
            if preview is not None:
                context.preview(preview)
            try:
                return future.result(timeout=0.05)
            except TimeoutError:
                if future.done():
                    raise

    def _one(self, index: int, generator: np.random.Generator, seed: int) -> Answer:
        begun = time.perf_counter()
        result = self._pixels[self._box.slices].copy()
        fills = []
        weights = np.array([float(region.hole.sum()) for region in self._regions])
        ends = np.cumsum(weights) / weights.sum()
        for number, region in enumerate(self._regions):
            begin = ends[number - 1] if number else 0.0

            watch = partial(self._watch, index, begin, ends[number] - begin, region)
            crop = self._pixels[region.box.slices]
            fill = fill_region(
                crop, region, self._settings, seed=seed, generator=generator, watch=watch,
                pilots=self._pilots[number],
            )  # fmt: skip
            region.paste(fill.pixels, result, self._box)
            fills.append(fill)
        with self._lock:
            self._fractions[index] = 1.0
        return ImagePatch(self._box.x, self._box.y, result), fills, time.perf_counter() - begun

    def _watch(  # noqa: PLR0917 - the first four are bound by the caller.
        self,
        index: int,
        begin: float,
        share: float,
        region: Region,
        fraction: float,
        estimate: Callable[[], Array],
    ) -> None:
        if self._stop.is_set():
            raise Cancelled()
        with self._lock:
            self._fractions[index] = begin + share * fraction
        if index == self._leader and time.monotonic() >= self._next_preview:
            begun = time.monotonic()
            shown = self._shown.copy()
            region.paste(estimate(), shown, self._box)
            with self._lock:
                self._shown = shown
                self._preview = ImagePatch(self._box.x, self._box.y, shown)
            ended = time.monotonic()
            self._next_preview = ended + max(PREVIEW_EVERY, PREVIEW_PAUSE * (ended - begun))


def _candidate(request: Request, index: int, patch: ImagePatch, fills: list[Fill]) -> Candidate:
    seed = request.candidate_seed(index)
    energies = [fill.energy for fill in fills if fill.energy is not None]
    metrics: dict[str, float | int | str] = {}
    if fills:
        metrics["method"] = ", ".join(sorted({fill.method for fill in fills}))
    if energies:
        metrics["energy"] = round(float(np.mean(energies)), 3)
    score = -float(np.mean(energies)) if energies else None
    return Candidate(
        kind="image", result=patch, seed=seed, label=f"Seed {seed}", score=score, metrics=metrics
    )


def _threads() -> int:
    """How many threads this process may use: the cap the host set, else all cores."""
    given = os.environ.get("NUMBA_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
    return max(1, int(given)) if given and given.isdigit() else os.cpu_count() or 1
