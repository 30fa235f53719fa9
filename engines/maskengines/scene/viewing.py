"""The engine `scene-view`: draws a scene for a viewport, and answers which Gaussians paint on it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from maskengines.contract import Candidate, Request, RunContext
from maskengines.errors import BadInput
from maskengines.results.frames import DIMMED, TINTED, SceneFrame
from maskengines.scene.info import SCENE_VIEW
from maskengines.scene.pixels import coarse_depth, premultiplied
from maskengines.scene.rasteriser import Options
from maskengines.scene.rasteriser.passes import Parameters, draw, sight
from maskengines.scene.rasteriser.rendering import parameters_of
from maskengines.scene.selecting import Selector
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import SH_C0, Gaussians
from maskengines.subjects.scene import SceneSubject, need_gaussians
from maskengines.subjects.splat_edits import SplatEdit, edit_from_plain

Array = np.ndarray[Any, Any]

GONE = np.float32(-100)
"""Logit of an opacity that no pixel shows."""

_REST = 1.0
"""Seconds without news after which there is time to get ready for paint."""

_BLACK = (0.0, 0.0, 0.0)


class SceneViewing:
    """Follows a camera. Values that it listens to:

    - ``camera``: as `Camera.to_record` gives it, with ``near`` and a ``number`` that the frame bears.
    - ``state``: ``shown``, ``selected`` and ``locked``, (N,) uint8 that are not 0 where true, and ``tint``,
      sRGB in 0..1.
    - ``edit``: what is being done to the selected ones, as `edit_from_plain` reads it, which shows without
      the tint; empty for nothing.
    - ``ask``: a question to `Selector.answer`, with a ``number`` that the answer bears.

    Frames are previews, `SceneFrame` in plain. Answers are candidates of kind ``map``: ``number``, and
    ``selected``, (N,) uint8 of 0 and 255.
    """

    info = SCENE_VIEW

    def prepare(self, context: RunContext) -> None:
        """Compile the kernels, or load them from the cache."""
        context.progress(0, 0, "Getting the renderer ready")
        one = Gaussians(
            np.array([[0, 0, 2]]), np.full((1, 3), -3.0), np.array([[1, 0, 0, 0]]), np.zeros(1),
            np.ones((1, 1, 3)),
        )  # fmt: skip
        Picture(one).frame(Camera(8, 8, 8.0, 8.0, 4.0, 4.0, np.eye(4)), 0)

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Raises:
        BadInput: the scene has no Gaussians, or what arrived makes no sense.
        """
        gaussians = need_gaussians(cast(SceneSubject, request.subject))
        picture, selector = Picture(gaussians), Selector(gaussians)
        camera: Mapping[str, Any] | None = None
        ready = False
        while (changes := context.changes(None if ready or camera is None else _REST)) is not None:
            values = changes.values
            if not values and not ready and camera is not None:
                # Compiling for paint takes a while, the first time; the first look does not wait for it.
                selector.warm_up()
                ready = True
            if "state" in values:
                picture.show(values["state"])
            if "edit" in values:
                picture.edit(values["edit"])
            camera = values.get("camera", camera)
            if camera is not None and {"state", "camera", "edit"} & set(values):
                seen = Camera.from_record(camera, "The viewport's camera")
                context.preview(picture.frame(seen, int(camera.get("number", 0))).to_plain())
            if "ask" in values:
                asked = values["ask"]
                selected = selector.answer(asked, picture.free, picture.opacities)
                answer = {"number": int(asked["number"]), "selected": selected.astype(np.uint8) * 255}
                yield Candidate("map", answer, request.seed)


class Picture:
    """N Gaussians, of which some are hidden, tinted or dimmed, and some are being edited."""

    def __init__(self, gaussians: Gaussians) -> None:
        self._gaussians = gaussians
        self._parameters: Parameters = parameters_of(gaussians)
        self._options = Options()
        self._shown = self._free = np.ones(len(gaussians), bool)
        self._selected = self._locked = ~self._shown
        self._tint: Array = np.zeros(3, np.float32)
        self._edit: SplatEdit | None = None
        self._opacities = gaussians.opacities

    @property
    def free(self) -> Array:
        """``(N,)`` bool: what may be selected, neither hidden nor locked."""
        return self._free

    @property
    def opacities(self) -> Array:
        """``(N,)`` logits, far below 0 for what is hidden."""
        return self._opacities

    def show(self, state: Mapping[str, Any]) -> None:
        """Hide, tint and dim from now on.

        Raises:
            BadInput: there are not as many as Gaussians.
        """
        count = len(self._gaussians)
        shown, selected, locked = (
            np.asarray(state[name]).astype(bool) for name in ("shown", "selected", "locked")
        )
        if not shown.shape == selected.shape == locked.shape == (count,):
            raise BadInput(f"The scene has {count} Gaussians, and the state tells of {shown.shape}.")
        self._shown, self._free = shown, shown & ~locked
        self._selected, self._locked = selected & shown, locked & shown
        self._tint = (np.asarray(state["tint"], np.float32) - np.float32(0.5)) / np.float32(SH_C0)
        self._opacities = self._gaussians.opacities
        if not shown.all():
            self._opacities = np.where(shown, self._opacities, GONE)
        self._compose()

    def edit(self, told: Mapping[str, Any]) -> None:
        """Show this done to the selected ones, or with nothing told, no edit any more.

        Raises:
            BadInput: it makes no sense.
        """
        self._edit = edit_from_plain(told) if told else None
        self._compose()

    def _compose(self) -> None:
        drawn, tinted = self._gaussians, self._selected
        if self._edit is not None:
            drawn, tinted = self._edit.applied(drawn, self._selected), np.zeros_like(self._selected)
        harmonics = drawn.harmonics
        for whose, share, colour in (
            (tinted, TINTED, self._tint), (self._locked, 1 - DIMMED, np.float32(-0.5 / SH_C0))
        ):  # fmt: skip
            if whose.any():
                harmonics = harmonics.copy()
                harmonics[whose] *= 1 - share
                harmonics[whose, 0] += share * colour
        self._parameters = (drawn.means, drawn.scales, drawn.rotations, self._opacities, harmonics)

    def frame(self, camera: Camera, number: int) -> SceneFrame:
        """What ``camera`` sees."""
        drawing = draw(sight(self._parameters, camera, self._options), camera, _BLACK)
        return SceneFrame(number, premultiplied(drawing), coarse_depth(drawing))
