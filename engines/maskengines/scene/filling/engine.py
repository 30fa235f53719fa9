"""The engine `scene-fill`: new Gaussians where deleting others laid bare what no photo saw."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from maskengines.contract import Box, Candidate, Request, RunContext
from maskengines.errors import BadInput
from maskengines.results.scenes import SceneResult
from maskengines.scene.filling.completion import inverse_depth
from maskengines.scene.filling.discs import discs
from maskengines.scene.filling.hole import Hole, find_hole
from maskengines.scene.filling.picture import filled_picture
from maskengines.scene.filling.rays import cut, places, reduced
from maskengines.scene.filling.reference import best_view
from maskengines.scene.filling.refining import refined
from maskengines.scene.filling.removal import Removal, remove
from maskengines.scene.info import SCENE_FILL, FillParams
from maskengines.scene.rasteriser.rendering import thumbnail
from maskengines.scene.warming import warm_up
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.scene import SceneSubject, need_gaussians
from maskengines.subjects.scene_files import load_scene

Array = np.ndarray[Any, Any]


_SURROUNDED = 0.75
"""Sides of a hole that are shown around it where one looks closer."""


class SceneFill:
    """Each candidate is another fill of the same hole, seen from the same view.

    The mask over ``gaussians`` says which are removed. A candidate's result is a `SceneResult` whose
    Gaussians are those that stay, bit for bit and in their order, and then the new ones; beside them it holds
    ``stays``, (N,) uint8 over the Gaussians of the request, 1 for those that are still there. Its first
    camera looks at the hole from where it was filled.
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
        gaussians, cameras = need_gaussians(subject), _cameras(subject, params)
        context.progress(0, 0, "Looking at what the photos saw")
        removal = remove(gaussians, request.masks.get("gaussians"), cameras, context.checkpoint)
        chosen = _chosen(params, cameras)
        if chosen is None:
            context.progress(0, 0, "Looking for the view that shows most of the hole")
            chosen = best_view(removal, cameras, context.checkpoint)
        place = Place.in_view(removal, reduced(chosen, params.longest))
        named = f"'{chosen.name}'" if chosen.name else "this view"
        each = params.iterations + 1
        for index in range(request.count):
            context.checkpoint()
            context.progress(index * each, request.count * each, f"Filling the picture of {named}")
            began, seed = time.monotonic(), request.candidate_seed(index)
            filled = filled_picture(place.hole, params.engine, seed, context)

            def tell(step: int, before: int = index * each) -> None:
                context.checkpoint()
                told = f"Fitting step {step} of {params.iterations}"
                context.progress(before + step, request.count * each, told)

            new = refined(
                discs(place.hole.camera, place.mask, place.inverse, filled), removal, place.hole, filled,
                cameras=cameras, steps=params.iterations, seed=seed, tell=tell,
            )  # fmt: skip
            yield _answer(removal, new, place, cameras, seed=seed, began=began)


@dataclass(frozen=True, eq=False)
class Place:
    """Where new Gaussians go: at the inverse depth of each pixel of ``mask``."""

    hole: Hole
    mask: Array
    inverse: Array

    @property
    def closer(self) -> Camera:
        """A part of the view in which the hole is large enough for fills to be told apart."""
        camera, box = self.hole.camera, Box.of_mask(self.hole.mask.astype(np.uint8))
        box = box.grown(round(_SURROUNDED * max(box.width, box.height))).clipped(camera.width, camera.height)
        return cut(camera, box.y, box.x, box.height, box.width)

    @classmethod
    def in_view(cls, removal: Removal, camera: Camera) -> Place:
        """Raises:
        BadInput: the view shows no hole, or nothing that could tell of its depth.
        """
        hole = find_hole(removal, camera)
        if not hole.mask.any():
            raise BadInput(
                "This view shows no hole: photos saw what is there now. Choose another view, or let it be "
                "chosen."
            )
        inverse = inverse_depth(hole)
        mask = hole.mask & (inverse > 0)
        points = places(camera, 1 / np.where(mask, inverse, 1))
        mask[mask] = ~removal.evidence.free(points[mask])
        if not mask.any():
            raise BadInput("Whatever filled this hole would hide what photos saw. Choose another view.")
        return cls(hole, mask, inverse)


def _answer(
    removal: Removal, new: Gaussians, place: Place, cameras: Sequence[Camera], *, seed: int, began: float
) -> Candidate:
    facts: dict[str, float | int | str] = {
        "gaussians": len(removal.kept) + len(new),
        "added": len(new),
        "leftovers": len(removal.removed) - removal.asked,
        "view": place.hole.camera.name,
        "hole_pixels": int(place.hole.mask.sum()),
    }
    filled, stays = removal.kept.joined(new), {"stays": removal.stays.astype(np.uint8)}
    closer = place.closer
    result = SceneResult(filled, (closer, *cameras), facts, stays, thumbnail(filled, closer))
    return Candidate(
        "scene", result.to_plain(), seed, f"{len(new)} new Gaussians", metrics=facts,
        seconds=time.monotonic() - began,
    )  # fmt: skip


def _cameras(subject: SceneSubject, params: FillParams) -> tuple[Camera, ...]:
    cameras = load_scene(Path(params.photos)).subject.cameras if params.photos else subject.cameras
    if not cameras:
        raise BadInput(
            "It is not known where photos of this scene were taken from, so it cannot be told what they saw. "
            "Open the scene with its photos, or name their folder: --set photos=FOLDER."
        )
    return cameras


def _chosen(params: FillParams, cameras: Sequence[Camera]) -> Camera | None:
    """The view that is asked for, or None."""
    if params.camera:
        return Camera.from_record(params.camera, "The view to fill from")
    if not params.view:
        return None
    for camera in cameras:
        if camera.name == params.view:
            return camera
    raise BadInput(f"No photo of this scene with a known camera is named '{params.view}'.")
