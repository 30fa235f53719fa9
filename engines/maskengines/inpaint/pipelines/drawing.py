"""One crop drawn by a pipeline, for as many seeds at once as memory allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from maskengines.contract import RunContext
from maskengines.errors import Cancelled, StudioError
from maskengines.inpaint.pipelines.calls import Scene, arguments
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskengines.inpaint.pipelines.latents import Colours
from maskengines.inpaint.pipelines.loading import Loaded, sampler_of
from maskengines.inpaint.pipelines.memory import batch_that_fits, is_out_of_memory, release, too_large
from maskengines.inpaint.pipelines.quietly import quiet
from maskengines.inpaint.pipelines.schedulers import set_scheduler
from maskengines.inpaint.pipelines.soft import SoftMask
from maskengines.inpaint.pipelines.stepping import Steps, stoppable
from maskengines.inpaint.pipelines.watching import Watch

Array = np.ndarray[Any, Any]


@dataclass(eq=False)
class Drawing:
    """Draws with one pipeline; keeps what it has learned of it.

    Attributes:
        together: the largest batch that has not run out of memory.
    """

    loaded: Loaded
    together: int = 16
    _colours: dict[int, Colours | None] = field(default_factory=dict)

    def batches(
        self, params: DiffusersParams, size: tuple[int, int], seeds: Sequence[int]
    ) -> Iterator[list[int]]:
        """The seeds in groups that should fit the memory at a size (width, height)."""
        left = list(seeds)
        while left:
            most = min(params.together, self.together, len(left))
            count = batch_that_fits(most, size, self.loaded.dtype, self.loaded.device)
            yield left[:count]
            left = left[count:]

    def pictures(
        self,
        params: DiffusersParams,
        scene: Scene,
        seeds: Sequence[int],
        context: RunContext,
        *,
        strengths: Callable[[int], Array] | None = None,
        done: Callable[[int, int], None] = lambda step, steps: None,
        show: Callable[[Array], None] | None = None,
    ) -> list[Array | None]:
        """What the pipeline draws: for each seed ``(h, w, 3)`` float32 in 0..1, or None where the model's own
        safety checker withholds it. Without ``strengths`` equal to what a plain call of the pipeline gives.

        A batch that does not fit the memory is halved, down to one.

        Args:
            strengths: soft mask by cells of so many pixels, as `SoftMask`; None where nothing is soft.
            done, show: as of `Steps`.

        Raises:
            Cancelled: within a step.
            NotReady: not even one fits.
        """
        try:
            return self._call(params, scene, seeds, context, strengths, done, show)
        except StudioError:
            raise
        except Exception as error:
            self._free()
            if len(seeds) == 1:
                if is_out_of_memory(error):
                    raise too_large(scene.size, self.loaded.device, params.offload) from None
                raise
            if not is_out_of_memory(error):
                # Some pipelines take one picture at a time only, and say so in as many ways.
                context.log.info("A batch of %d failed, so one by one: %s", len(seeds), error)
            self.together = len(seeds) // 2 if is_out_of_memory(error) else 1
        found: list[Array | None] = []
        while len(found) < len(seeds):
            # Less may fit by now than when this began.
            part = seeds[len(found) : len(found) + self.together]
            found += self.pictures(params, scene, part, context, strengths=strengths, done=done, show=show)
        return found

    def _call(  # noqa: PLR0917 - of `pictures`.
        self,
        params: DiffusersParams,
        scene: Scene,
        seeds: Sequence[int],
        context: RunContext,
        strengths: Callable[[int], Array] | None,
        done: Callable[[int, int], None],
        show: Callable[[Array], None] | None,
    ) -> list[Array | None]:
        pipe = self.loaded.pipe
        set_scheduler(self.loaded, params.scheduler)
        given = arguments(self.loaded, params, scene, seeds)
        soft = None if strengths is None else SoftMask(strengths, scene.picture, seeds[0])
        try:
            with (
                Watch(sampler_of(pipe).scheduler) as watch,
                stoppable(pipe, context),
                quiet(),
                torch.inference_mode(),
            ):
                steps = Steps(
                    context, watch, scene.size, done=done, show=show, colours=self.colours, soft=soft
                )
                answer = pipe(**given, **_callback(self.loaded, steps))
        except Cancelled:
            # To look for what is left of it takes half a second, and the next run can use that memory.
            self._free_hooks()
            raise
        withheld = getattr(answer, "nsfw_content_detected", None) or [False] * len(seeds)
        pictures = np.asarray(answer.images, np.float32)
        return [None if hidden else drawn for hidden, drawn in zip(withheld, pictures, strict=True)]

    def colours(self, cell: int) -> Colours | None:
        """The map from latents to colours, fitted when it is first needed."""
        if cell not in self._colours:
            try:
                self._colours[cell] = Colours.fitted(sampler_of(self.loaded.pipe), cell)
            except (RuntimeError, ValueError, TypeError, AttributeError):
                # A preview is not worth a job.
                self._colours[cell] = None
        return self._colours[cell]

    def _free(self) -> None:
        self._free_hooks()
        release(self.loaded.device)

    def _free_hooks(self) -> None:
        free_hooks = getattr(self.loaded.pipe, "maybe_free_model_hooks", None)
        if free_hooks is not None:
            free_hooks()


def _callback(loaded: Loaded, steps: Steps) -> dict[str, Any]:
    if "callback_on_step_end" in loaded.call:
        return {"callback_on_step_end": steps.on_step_end}
    if "callback" in loaded.call:
        return {"callback": steps.on_step, "callback_steps": 1}
    return {}
