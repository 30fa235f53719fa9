"""What happens after each step of a pipeline: the soft mask, a preview, a look whether to go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor, nn

from maskengines.contract import RunContext
from maskengines.inpaint.pipelines.latents import Colours, Grid
from maskengines.inpaint.pipelines.soft import SoftMask
from maskengines.inpaint.pipelines.watching import Watch

Array = np.ndarray[Any, Any]

PREVIEW_EVERY = 0.5
_PREVIEW_SHARE = 0.1
"""Of the time, at most, goes into previews."""


class Steps:
    """The callback of one call of a pipeline.

    Args:
        done: told after each step how many of how many are done.
        show: given what the first picture looks like, ``(h, w, 3)`` float32 in 0..1; None for no previews.
        colours: called once, when the first preview is due, for the map from latents to colours.
        soft: None where everything is asked for wholly.
    """

    def __init__(
        self,
        context: RunContext,
        watch: Watch,
        size: tuple[int, int],
        *,
        done: Callable[[int, int], None],
        show: Callable[[Array], None] | None,
        colours: Callable[[int], Colours | None],
        soft: SoftMask | None,
    ) -> None:
        self._context, self._watch, self._size = context, watch, size
        self._done, self._show, self._colours, self._soft = done, show, colours, soft
        self._next = time.monotonic() + PREVIEW_EVERY
        self.count = 0

    def on_step_end(self, pipe: Any, step: int, level: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        """As diffusers' ``callback_on_step_end``. Raises `Cancelled`."""
        self._context.checkpoint()
        latents: Tensor = tensors["latents"]
        if self._soft is not None:
            latents = self._soft.blended(pipe, self._watch, latents, step)
        self._after(latents, step, int(pipe.num_timesteps))
        return {"latents": latents}

    def on_step(self, step: int, level: Any, latents: Tensor) -> None:
        """As the ``callback`` of older pipelines, which may only look. Raises `Cancelled`."""
        self._context.checkpoint()
        self._after(latents, step, 0)

    def _after(self, latents: Tensor, step: int, steps: int) -> None:
        self.count += 1
        self._done(step + 1, steps)
        begun = time.monotonic()
        if self._show is None or begun < self._next:
            return
        self._preview(latents)
        ended = time.monotonic()
        self._next = ended + max(PREVIEW_EVERY, (ended - begun) / _PREVIEW_SHARE)

    def _preview(self, latents: Tensor) -> None:
        """Show where the last step is heading, or what it left where the scheduler does not say."""
        expected = self._watch.expected()
        if expected is not None and expected.shape == latents.shape:
            latents = expected
        grid = Grid.of(latents, self._size)
        if grid is None or self._show is None:
            self._show = None
            return
        cells = grid.cells(latents)
        if cells.shape[2] == 3 and cells.shape[:2] == self._size[::-1]:
            self._show(np.clip(cells / 2 + 0.5, 0, 1))
            return
        colours = self._colours(self._size[1] // grid.height)
        if colours is None:
            self._show = None
        else:
            self._show(colours.picture(cells))


@contextmanager
def stoppable(pipe: Any, context: RunContext) -> Iterator[None]:
    """Inside a step, too, every layer with weights of every network looks whether to go on: on a processor a
    step can take half a minute, and a block of an encoder two seconds. Raises `Cancelled`."""

    def look(module: nn.Module, given: Any) -> None:
        context.checkpoint()

    hooks = [
        module.register_forward_pre_hook(look)
        for part in pipe.components.values()
        if isinstance(part, nn.Module)
        for module in part.modules()
        if any(weights.dim() > 1 for weights in module.parameters(recurse=False))
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
