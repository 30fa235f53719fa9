"""Pictures of a scene: one candidate a camera."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from maskengines.contract import Candidate, EngineInfo, ImagePatch, Request, RunContext
from maskengines.errors import BadInput
from maskengines.scene.info import RENDER_SCENE, RenderParams
from maskengines.scene.rasteriser import Options, render
from maskengines.scene.rasteriser.rendering import to_pixels
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.scene import SceneSubject, need_gaussians

Array = np.ndarray[Any, Any]

BACKGROUNDS = {"black": (0.0, 0.0, 0.0), "white": (1.0, 1.0, 1.0)}


class RenderScene:
    """Renders with the CPU rasteriser. The picture of camera ``n`` has the seed ``n``."""

    info: EngineInfo = RENDER_SCENE

    def prepare(self, context: RunContext) -> None:
        """Compile the kernels, or load them from the cache."""
        context.progress(0, 0, "Getting the renderer ready")
        camera = Camera(8, 8, 8.0, 8.0, 4.0, 4.0, np.eye(4))
        render(_one_in_view(), camera)

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        subject, params = cast(SceneSubject, request.subject), cast(RenderParams, request.params)
        gaussians = need_gaussians(subject)
        cameras = _cameras(subject, params)
        options = Options(mip=params.mip)
        for index in range(request.count):
            number = request.candidate_seed(index)
            if number >= len(cameras):
                raise BadInput(
                    f"There are {len(cameras)} cameras, numbered from 0, and none has the number {number}. "
                    "Ask for fewer pictures, or start at a lower seed."
                )
            context.checkpoint()
            camera = cameras[number]
            context.progress(index, request.count, f"Picture {index + 1} of {request.count}")
            begun = time.monotonic()
            frame = render(gaussians, camera, BACKGROUNDS[params.background], options)
            took = time.monotonic() - begun
            yield Candidate(
                "image",
                ImagePatch(0, 0, to_pixels(frame.colour)),
                number,
                label=camera.name or f"Camera {number}",
                metrics={"camera": camera.name, "gaussians": len(gaussians)},
                seconds=took,
            )


def _cameras(subject: SceneSubject, params: RenderParams) -> Sequence[Camera]:
    if params.cameras:
        return [
            Camera.from_record(record, f"Camera {number}") for number, record in enumerate(params.cameras, 1)
        ]
    if not subject.cameras:
        raise BadInput(
            "This scene has no cameras of its own. Say from where to look, with a file of cameras."
        )
    return subject.cameras


def _one_in_view() -> Gaussians:
    return Gaussians(
        np.array([[0, 0, 2]]),
        np.full((1, 3), -3.0),
        np.array([[1, 0, 0, 0]]),
        np.zeros(1),
        np.ones((1, 1, 3)),
    )
