"""The engine `dual-3dgs`: a clean scene from photos with clutter in, while one watches and paints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from maskengines.contract import Candidate, Request, RunContext
from maskengines.results.scenes import SceneResult
from maskengines.scene.densify import Growth
from maskengines.scene.evaluation import TestView, agreement, quality, test_views, true_masks
from maskengines.scene.features import Features, FilterBank, PatchEmbedding
from maskengines.scene.info import DUAL_3DGS, DualParams
from maskengines.scene.initial import initial_gaussians, sparse_points, starting_points
from maskengines.scene.paint import Paint, painted_files
from maskengines.scene.rasteriser import cuda
from maskengines.scene.rasteriser.choice import chosen
from maskengines.scene.rasteriser.rendering import thumbnail
from maskengines.scene.schedule import Schedule
from maskengines.scene.stereo import Stereo
from maskengines.scene.training import DualTraining, EmaTraining, PlainTraining, Setting, Training
from maskengines.scene.views import extent_of, training_views
from maskengines.scene.warming import warm_up
from maskengines.subjects.scene import SceneSubject

Array = np.ndarray[Any, Any]

METHODS: dict[str, Callable[[Setting, int], Training]] = {
    "plain": PlainTraining,
    "ema": EmaTraining,
    "dual": DualTraining,
}

_FIRST_SHOWN, _LONGER, _LONGEST_PAUSE = 1.0, 1.4, 15.0
"""Seconds until the scene is shown for the first time, how much longer each pause is, and the longest."""


class Dual3DGS:
    """Trains, and yields the scene again and again while the job is open: paint that arrives counts from the
    next step on. Once the job is closed it trains to the end and yields the scene once.

    A candidate's result is a `SceneResult`; beside the Gaussians it holds ``masks``, for each training photo
    by name (h, w) uint8, 255 where it counts as clutter.
    """

    info = DUAL_3DGS

    def prepare(self, context: RunContext) -> None:
        """Compile the kernels, or load them from the cache, those of a card too where it has any."""
        context.progress(0, 0, "Getting the renderer ready")
        warm_up()
        cuda.trouble()

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Raises:
        BadInput: the scene cannot be trained, or a folder makes no sense; says why.
        """
        subject, params = cast(SceneSubject, request.subject), cast(DualParams, request.params)
        context.progress(0, params.iterations, "Reading the photos")

        def compared(done: int) -> None:
            context.checkpoint()
            context.progress(0, params.iterations, f"Comparing photo {done} with the others")

        run = Run.begin(subject, params, request.masks, request.seed, compared)
        shown, pause, live = time.monotonic(), _FIRST_SHOWN, True
        for step in range(1, params.iterations):
            context.checkpoint()
            if live:
                changes = context.changes(wait=0)
                live = changes is not None
                if changes is not None:
                    run.setting.paint.put_all(run.setting.views, changes.masks)
            run.training.step(step)
            context.progress(step, params.iterations, f"Step {step} of {params.iterations}")
            if live and time.monotonic() - shown > pause:
                yield run.answer(step)
                shown, pause = time.monotonic(), min(pause * _LONGER, _LONGEST_PAUSE)
        context.checkpoint()
        run.training.step(params.iterations)
        yield run.answer(params.iterations)


def setting_of(
    subject: SceneSubject, params: DualParams, seed: int, told: Callable[[int], None] = lambda done: None
) -> Setting:
    """What a training of a scene needs; ``told`` hears how many of its photos were compared with others,
    which takes longest.

    Raises:
        BadInput: the scene lacks photos, cameras or points, or a folder makes no sense.
        NotReady: the device that is asked for cannot be used.
    """
    views = training_views(subject, params.longest)
    features: Features = PatchEmbedding(Path(params.features)) if params.features else FilterBank()
    paint = Paint(params.meaning)
    if params.masks:
        paint.put_all(views, painted_files(Path(params.masks), views))
    points, colours = sparse_points(subject.points, subject.colours)
    stereo = Stereo(views, points, told)
    random = np.random.default_rng(seed)
    points, colours = starting_points(points, colours, stereo, params.most, random)
    return Setting(
        views,
        initial_gaussians(points, colours, params.degree),
        extent_of([view.camera for view in views]),
        Schedule(params.iterations, len(views), params.degree),
        Growth(cap=params.most),
        features,
        stereo,
        paint,
        chosen(params.device),
        params.light == "changing",
    )


@dataclass(frozen=True, eq=False)
class Run:
    """One training and what it is measured against, nothing where the scene's folder has no such files."""

    subject: SceneSubject
    setting: Setting
    training: Training
    tests: Sequence[TestView]
    truths: Mapping[str, Array]
    seed: int
    started: float

    @classmethod
    def begin(
        cls,
        subject: SceneSubject,
        params: DualParams,
        masks: Mapping[str, Array],
        seed: int,
        told: Callable[[int], None] = lambda done: None,
    ) -> Run:
        """``told`` as for `setting_of`.

        Raises:
        BadInput: the scene cannot be trained, or a folder makes no sense.
        """
        started = time.monotonic()
        setting = setting_of(subject, params, seed, told)
        setting.paint.put_all(setting.views, masks)
        tests = test_views(subject, params.longest)
        truths = true_masks(subject, setting.views)
        return cls(subject, setting, METHODS[params.method](setting, seed), tests, truths, seed, started)

    def answer(self, step: int) -> Candidate:
        """The scene as it is after ``step`` steps."""
        gaussians = self.training.gaussians()
        gaussians = gaussians.take(gaussians.finite)
        metrics: dict[str, float | int | str] = {"gaussians": len(gaussians), "steps": step}
        if self.tests:
            psnr, similarity = quality(gaussians, self.tests)
            metrics |= {"psnr": round(psnr, 3), "ssim": round(similarity, 4)}
        views = self.setting.views
        if self.truths:
            metrics["mask_iou"] = round(agreement(self.truths, views, self.training.mask), 4)
        seconds = round(time.monotonic() - self.started, 2)
        metrics["seconds"] = seconds
        masks = {view.name: _clutter(self.training.mask(view)) for view in views}
        cameras = tuple(view.camera for view in views)
        return Candidate(
            kind="scene",
            result=SceneResult(
                gaussians, cameras, dict(metrics), {"masks": masks}, thumbnail(gaussians, cameras[0])
            ).to_plain(),
            seed=self.seed,
            label=f"{len(gaussians)} Gaussians",
            metrics=metrics,
            seconds=seconds,
        )


def _clutter(mask: Array) -> Array:
    """``(h, w)`` uint8, 255 where a mask of what is static is 0."""
    found: Array = np.rint((1 - mask) * 255).astype(np.uint8)
    return found
