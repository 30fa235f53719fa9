"""Runs an engine in this process, for scripts, notebooks and an engine's own tests."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from maskengines.contract import Box, Candidate, Changes, Engine, ImagePatch, Request
from maskengines.errors import EngineFault
from maskengines.runtime.finishing import Finisher
from maskengines.runtime.plain import as_rows
from maskengines.runtime.worker_context import accelerator

Shown = ImagePatch | np.ndarray[Any, Any] | Mapping[str, Any]


class LocalContext:
    """A `RunContext` without a studio around it.

    Args:
        changes: handed out one by one to a live engine; when they are used up the job is closed.
        progress, preview: called with what the engine reports.
    """

    def __init__(
        self,
        changes: Sequence[Changes] = (),
        *,
        progress: Callable[[float, float, str], None] | None = None,
        preview: Callable[[Shown], None] | None = None,
    ) -> None:
        self.device = accelerator()
        self.log = logging.getLogger("maskengines.engine")
        self.newest: dict[str, np.ndarray[Any, Any]] = {}
        self._changes = list(changes)
        self._progress = progress
        self._preview = preview

    def progress(self, done: float, total: float, text: str = "") -> None:
        if self._progress is not None:
            self._progress(done, total, text)

    def preview(self, result: Shown) -> None:
        if self._preview is not None:
            self._preview(result)

    def checkpoint(self) -> None:
        """Nobody cancels a function call."""

    def changes(self, wait: float | None = None) -> Changes | None:
        if not self._changes:
            return None
        change = self._changes.pop(0)
        self.newest.update(change.masks)
        return change

    def ask(self, engine_id: str, request: Request) -> Sequence[Candidate]:
        """The other engine, found in the registry, runs here too."""
        from maskengines.runtime.loading import load_engine
        from maskengines.runtime.registry import EngineRegistry

        engine = EngineRegistry.default().get(engine_id)
        if engine.plugin_folder is not None:
            raise EngineFault(f"'{engine_id}' is a plugin; plugins run in a worker only.")
        params = engine.info.params.read(request.params.model_dump(mode="json"))
        return run_here(load_engine(engine.info), replace(request, params=params))

    def generator(self, seed: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(seed))


def run_here(engine: Engine, request: Request, context: LocalContext | None = None) -> list[Candidate]:
    """Prepare ``engine`` and let it answer ``request`` in this process.

    Image results are composited as the runtime does it: where a mask is 0 nothing changes.

    Raises:
        StudioError: what the engine raised of them; other exceptions come through as they are.
    """
    context = context or LocalContext()
    masks = request.masks

    def newest(space: str, box: Box) -> np.ndarray[Any, Any]:
        return as_rows(context.newest.get(space, masks[space]))[box.slices]

    finisher = Finisher(engine.info, request.subject, masks, request.params, newest)
    if finisher.nothing_asked and not engine.info.live:
        return [finisher.unchanged(request.candidate_seed(index)) for index in range(request.count)]
    engine.prepare(context)
    candidates = []
    begun = time.monotonic()
    for answer in engine.sample(request, context):
        for space, mask in context.newest.items():
            finisher.widen(space, Box.of_mask(as_rows(mask)))
        fields = {
            "kind": answer.kind,
            "result": answer.result,
            "seed": answer.seed,
            "label": answer.label,
            "score": answer.score,
            "metrics": dict(answer.metrics),
        }
        candidates.append(finisher.candidate(fields, time.monotonic() - begun, None))
        if len(candidates) >= request.count and not engine.info.live:
            break
        begun = time.monotonic()
    return candidates
