"""The engine `scene-fill`: new Gaussians where deleting others laid bare what no photo saw."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from maskengines.contract import Candidate, Request, RunContext
from maskengines.errors import BadInput
from maskengines.results.scenes import SceneResult
from maskengines.scene.filling.completion import inverse_depth
from maskengines.scene.filling.discs import discs
from maskengines.scene.filling.evidence import LONGEST, Evidence
from maskengines.scene.filling.hole import Hole, Removal, find_hole
from maskengines.scene.filling.leftovers import leftovers
from maskengines.scene.filling.picture import filled_picture
from maskengines.scene.filling.rays import places, reduced
from maskengines.scene.filling.reference import best_view
from maskengines.scene.filling.refining import refined
from maskengines.scene.filling.removed import parted
from maskengines.scene.info import SCENE_FILL, FillParams
from maskengines.scene.warming import warm_up
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.scene import SceneSubject, need_gaussians
from maskengines.subjects.scene_files import load_scene

Array = np.ndarray[Any, Any]


class SceneFill:
    """Each candidate is another fill of the same hole, seen from the same view.

    The mask over ``gaussians`` says which are removed. A candidate's result is a `SceneResult` whose
    Gaussians are those that stay, bit for bit and in their order, and then the new ones; beside them it holds
    ``added``, how many these are. Its first camera is the one that the hole was filled from.
    """

    info = SCENE_FILL

    def prepare(self, context: RunContext) -> None:
        """Compile the kernels, or load them from the cache."""
        context.progress(0, 0, "Getting the renderer ready")
        warm_up()

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Raises:
        BadInput: nothing is removed, no camera is known, or there is no hole; says why.
        """
        subject, params = cast(SceneSubject, request.subject), cast(FillParams, request.params)
        kept, removed = parted(need_gaussians(subject), request.masks.get("gaussians"), params.removed)
        cameras = _cameras(subject, params)
        context.progress(0, 0, "Looking at what the photos saw")
        evidence = Evidence(kept.joined(removed), cameras, context.checkpoint)
        removal = _without_leftovers(kept, removed, evidence, cameras, context.checkpoint)
        chosen = _chosen(params, subject, cameras)
        if chosen is None:
            context.progress(0, 0, "Looking for the view that shows most of the hole")
            chosen = best_view(removal, cameras, context.checkpoint)
        hole = find_hole(removal, reduced(chosen, params.longest))
        if not hole.mask.any():
            raise BadInput(
                "This view shows no hole: photos saw what is there now. Choose another view, or let it be "
                "chosen."
            )
        context.checkpoint()
        inverse = inverse_depth(hole)
        able = hole.mask & (inverse > 0)
        able[able] = ~removal.evidence.free(places(hole.camera, 1 / np.where(able, inverse, 1))[able])
        if not able.any():
            raise BadInput("Whatever filled this hole would hide what photos saw. Choose another view.")
        first = (chosen, *(camera for camera in cameras if camera is not chosen))
        total = request.count * (params.iterations + 1)
        for index in range(request.count):
            began, seed, done = (
                time.monotonic(),
                request.candidate_seed(index),
                index * (params.iterations + 1),
            )
            context.checkpoint()
            context.progress(done, total, f"Filling the picture of {_named(chosen)}")
            filled = filled_picture(hole, params.engine, seed, context)

            def tell(step: int, done: int = done) -> None:
                context.checkpoint()
                context.progress(done + step, total, f"Fitting step {step} of {params.iterations}")

            new = discs(hole.camera, able, inverse, filled)
            new = refined(
                new, removal, hole, filled, cameras=cameras, steps=params.iterations, seed=seed, tell=tell
            )
            facts = _facts(removal, new, hole, len(kept) - len(removal.kept))
            result = SceneResult(removal.kept.joined(new), first, facts, {"added": len(new)})
            seconds = time.monotonic() - began
            yield Candidate(
                "scene", result.to_plain(), seed, f"{len(new)} new Gaussians", metrics=facts, seconds=seconds
            )


def _without_leftovers(
    kept: Gaussians, removed: Gaussians, evidence: Evidence, cameras: Sequence[Camera],
    checkpoint: Callable[[], None],
) -> Removal:  # fmt: skip
    """What is removed goes with what comes to light and no photo saw."""
    small = [reduced(camera, LONGEST) for camera in cameras]
    stays = ~leftovers(kept, evidence, small, checkpoint)
    return Removal(kept.take(stays), removed.joined(kept.take(~stays)), evidence.backs(kept)[stays], evidence)


def _facts(removal: Removal, new: Gaussians, hole: Hole, gone: int) -> dict[str, float | int | str]:
    return {
        "added": len(new),
        "gaussians": len(removal.kept) + len(new),
        "leftovers": gone,
        "view": hole.camera.name,
        "hole_pixels": int(hole.mask.sum()),
    }


def _cameras(subject: SceneSubject, params: FillParams) -> tuple[Camera, ...]:
    cameras = load_scene(Path(params.photos)).subject.cameras if params.photos else subject.cameras
    if not cameras:
        raise BadInput(
            "It is not known where photos of this scene were taken from, so it cannot be told what they saw. "
            "Open the scene with its photos, or name their folder: --set photos=FOLDER."
        )
    return cameras


def _chosen(params: FillParams, subject: SceneSubject, cameras: Sequence[Camera]) -> Camera | None:
    """The view that is asked for, or None."""
    if params.camera:
        return Camera.from_record(params.camera, "The view to fill from")
    if not params.view:
        return None
    for camera in cameras:
        if camera.name == params.view:
            return camera
    named = {photo.name: photo.camera for photo in subject.photos}
    camera_of = named.get(params.view)
    if camera_of is None:
        raise BadInput(f"No photo of this scene with a known camera is named '{params.view}'.")
    return camera_of


def _named(camera: Camera) -> str:
    return f"'{camera.name}'" if camera.name else "this view"
