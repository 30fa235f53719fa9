"""What the engine `diffusers` costs on top of the pipeline that it calls.

A Stable Diffusion for inpainting with random weights, wide enough that a step takes at least 0.3 s on one
thread, fills a hole in a 12-megapixel photo. The plain call is given the same crop, mask, words and seed; it
and the engine take turns, and what is compared is processor time. The engine's includes the crop, a look at
every layer of the networks whether to go on, previews, matching tones at the seam and the composite. On most
machines one percent is less than runs differ by themselves, so it is also counted: what a run spends outside
the pipeline's call, in its callback, and on as many looks as it took. Then runs are stopped at several
moments.
"""

from __future__ import annotations

import functools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

# Before numpy is there: idle threads of its matrix products count as processor time for a while.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

SUPPORT = Path(__file__).resolve().parents[1] / "support"
CHANNELS = (64, 128)
LEAST_STEP = 0.3
WANTED = 1.0
STOPS = (0.1, 0.9, 1.7, 2.6, 3.6, 4.7, 5.9, 7.2)
"""In steps; encoding the photo takes the first ones."""
LONGEST_STOP = 0.5
LOOKS = 20_000
DEFAULT_STEPS = 50


def table(quick: bool) -> list[str]:
    """The lines of the table."""
    import torch

    sys.path.insert(0, str(SUPPORT))
    torch.set_num_threads(1)
    steps, turns = (6, 3) if quick else (15, 7)
    with tempfile.TemporaryDirectory() as folder:
        return _measured(Path(folder) / "model", steps, turns)


def _measured(folder: Path, steps: int, turns: int) -> list[str]:
    import torch
    from maskengines.contract import Request
    from maskengines.inpaint.pipelines.calls import arguments
    from maskengines.inpaint.pipelines.drawing import Drawing
    from maskengines.inpaint.pipelines.engine import Diffusers
    from maskengines.inpaint.pipelines.filling import Filling
    from maskengines.inpaint.pipelines.info import DiffusersParams
    from maskengines.inpaint.pipelines.loading import load
    from maskengines.runtime.local import LocalContext, run_here
    from maskengines.subjects.image import ImageSubject
    from tiny_pipelines import write_sd

    write_sd(folder, channels=CHANNELS)
    pixels = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3)).astype(np.uint8)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[1300:1600, 1900:2300] = 255
    params = DiffusersParams(model=str(folder), prompt="a tree", steps=steps, resolution=512, device="cpu")
    still = params.model_copy(update={"previews": False})
    subject = ImageSubject(pixels)
    subject.content_hash  # noqa: B018 - found once per document, not per answer.
    engine = Diffusers()
    shown: list[Any] = []

    def ask(given: DiffusersParams) -> Callable[[], Any]:
        request = Request(subject, {"pixels": mask}, given, 1, 5)
        return lambda: run_here(engine, request, LocalContext(preview=shown.append))

    ask(params)()  # Loads it, and fits the colours of previews.
    loaded = load(params)
    (scene,) = Filling(Drawing(loaded), params, pixels, mask, LocalContext()).scenes

    def plain() -> Any:
        with torch.no_grad():
            return loaded.pipe(**arguments(loaded, params, scene, [5]))

    ways = {"plain call": plain, "engine": ask(params), "engine, no previews": ask(still)}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    shown.clear()
    for _ in range(turns):
        for name, way in ways.items():
            begun = time.process_time()
            way()
            spent[name].append(time.process_time() - begun)
    step = statistics.median(spent["plain call"]) / steps
    assert step >= LEAST_STEP, f"a step takes {step:.2f} s only, which says nothing of real models"
    previews = len(shown) / turns
    request = Request(subject, {"pixels": mask}, params, 1, 5)
    counted = np.median([_counted(engine, request, loaded.pipe) for _ in range(3)], axis=0)
    parts = ("crop, tones and composite", "callback and previews", "looks whether to go on")
    told = [f"{1000 * seconds:.0f} for {part}" for seconds, part in zip(counted, parts, strict=True)]

    def share(number: int) -> float:
        """Percent of a run of so many steps."""
        return 100 * float(counted[0] + counted[1:].sum() / steps * number) / (step * number)

    waits = [_stopping(engine, request, at * step) for at in STOPS]
    return [
        "## Diffusers",
        "",
        f"Processor seconds for one candidate of {scene.size[0]} x {scene.size[1]} pixels in {steps} steps "
        "of a pipeline with random weights, one thread, in a photo of 12 megapixels, median of "
        f"{turns} in turns. The engine adds the crop, a look whether to stop at every layer, previews (twice "
        "a second at most), tones at the seam and the composite. Wanted: an overhead below "
        f"{WANTED:g} % of a pipeline of at least {LEAST_STEP} s a step.",
        "",
        "| | s | s a step | overhead | ms on top |",
        "|---|---|---|---|---|",
        *(_line(name, spent, steps) for name in ways),
        "",
        f"Previews shown in a run: {previews:.0f}. Counted, the engine spends "
        f"{1000 * sum(counted):.0f} ms on top: {', '.join(told)}; {share(steps):.2f} % of the plain call, "
        f"and {share(DEFAULT_STEPS):.2f} % with the {DEFAULT_STEPS} steps that it takes unless told "
        "otherwise.",
        "",
        f"Stopped at {len(STOPS)} moments while it encodes and draws, a run ended after "
        f"{1000 * statistics.median(waits):.0f} ms, {1000 * max(waits):.0f} at most; wanted: below "
        f"{1000 * LONGEST_STOP:.0f}.",
    ]


def _counted(engine: Any, request: Any, pipe: Any) -> tuple[float, float, float]:
    """Processor seconds of a run outside the pipeline's call, in its callback, and for looks whether to go
    on."""
    import torch
    from maskengines.inpaint.pipelines.stepping import Steps
    from maskengines.runtime.local import LocalContext, run_here

    class Looked(LocalContext):
        looks = 0

        def checkpoint(self) -> None:
            self.looks += 1

    spent: dict[str, float] = {}

    def timed(owner: Any, name: str) -> Any:
        work = getattr(owner, name)

        def inner(*given: Any, **named: Any) -> Any:
            begun = time.process_time()
            try:
                return work(*given, **named)
            finally:
                spent[name] = spent.get(name, 0.0) + time.process_time() - begun

        return mock.patch.object(owner, name, functools.wraps(work)(inner))

    context = Looked(preview=lambda patch: None)
    with timed(type(pipe), "__call__"), timed(Steps, "on_step_end"):
        begun = time.process_time()
        run_here(engine, request, context)
        whole = time.process_time() - begun
    layer, nothing = torch.nn.Identity(), torch.zeros(1)
    begun = time.process_time()
    for _ in range(LOOKS):
        layer(nothing)
    bare = time.process_time() - begun
    layer.register_forward_pre_hook(lambda module, given: context.checkpoint())
    looks, begun = context.looks, time.process_time()
    for _ in range(LOOKS):
        layer(nothing)
    look = (time.process_time() - begun - bare) / LOOKS
    return whole - spent["__call__"], spent["on_step_end"], looks * look


def _stopping(engine: Any, request: Any, after: float) -> float:
    """Seconds from the wish to stop, ``after`` seconds into a run, to its end."""
    from maskengines.errors import Cancelled
    from maskengines.runtime.local import LocalContext

    class Stopping(LocalContext):
        end = time.perf_counter() + after

        def checkpoint(self) -> None:
            if time.perf_counter() >= self.end:
                raise Cancelled

    context = Stopping()
    try:
        list(engine.sample(request, context))
    except Cancelled:
        return time.perf_counter() - context.end
    raise AssertionError("the run was over before it was to be stopped")


def _line(name: str, spent: dict[str, list[float]], steps: int) -> str:
    """Overheads are medians over turns, each against the plain call of its own turn."""
    seconds = statistics.median(spent[name])
    pairs = list(zip(spent[name], spent["plain call"], strict=True))
    share = statistics.median(100 * (ours / plain - 1) for ours, plain in pairs)
    extra = statistics.median(1000 * (ours - plain) for ours, plain in pairs)
    if name == "plain call":
        return f"| {name} | {seconds:.2f} | {seconds / steps:.2f} | | |"
    return f"| {name} | {seconds:.2f} | {seconds / steps:.2f} | {share:+.1f} % | {extra:.0f} |"
