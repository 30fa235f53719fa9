"""The engine `layer-masking`: one probe, or a map of what a network goes by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np

from maskengines.attribution.answers import as_map
from maskengines.attribution.explaining import explain
from maskengines.attribution.info import LAYER_MASKING, MaskingParams
from maskengines.attribution.loaded import Loaded, shown
from maskengines.attribution.probe import Probe, candidate, others, table
from maskengines.contract import Box, Candidate, Request, RunContext
from maskengines.results.maps import MapResult

Array = np.ndarray[Any, Any]

_REMEMBERED = 8
_BATCH = 4
"""Photos asked about at once. More take no less time each, and cancelling waits for them."""


class LayerMaskingEngine(Loaded):
    """What was asked before is not asked again: a map that was stopped goes on where it was, and one for
    another class of the same photo takes no longer than its curves."""

    info = LAYER_MASKING

    def __init__(self) -> None:
        super().__init__()
        self._states: dict[tuple[Any, ...], dict[str, Any]] = {}

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield one candidate of kind ``table`` for ``method="probe"``, and for the others one of kind
        ``map`` a seed; a stopped map is yielded as far as it came.

        Raises:
            BadInput, NotReady: the network or the class is none that can be asked; says why.
        """
        params = cast(MaskingParams, request.params)
        network = self.network_for(params.model, context)
        probe = Probe(network, shown(request), context.ask, context.checkpoint)
        mask = request.masks.get("pixels")
        if params.method == "probe":
            context.progress(0.5, 1.0, "Asking the network")
            visible = probe.visible(mask, params.keep)
            look = probe.look(visible, params.strategy, request.seed)
            beside = probe.beside(visible, others(params.strategy))
            yield candidate(table(probe, visible, look, params.strategy, beside), request.seed)
            return
        painted = None if mask is None or not mask.any() else ~probe.visible(mask, keep=False)
        facing = cast(RunContext, _Framed(context, probe.frame))
        wanted = _Wanted(params, _BATCH)
        for index in range(request.count):
            seed = request.candidate_seed(index)
            scorer = probe.scorer(params.strategy, seed)
            key = (network.weights_hash, scorer.used, request.subject.content_hash, params.method, seed)
            facts = {"Network": network.name, "Hidden by": scorer.used}
            warnings = () if scorer.used == params.strategy else (network.check.badge()["text"],)
            for found in explain(scorer, wanted, facing, seed, painted=painted, state=self._states.get(key)):
                self._remember(key, found.result["state"])
                made = as_map(found.result, found.metrics, probe.frame, facts, warnings)
                yield replace(found, result=made.to_plain())

    def _remember(self, key: tuple[Any, ...], state: dict[str, Any]) -> None:
        self._states.pop(key, None)
        self._states[key] = state
        while len(self._states) > _REMEMBERED:
            del self._states[next(iter(self._states))]


class _Wanted:
    """The parameters as `explain` reads them, with how many photos to ask about at once."""

    def __init__(self, params: MaskingParams, batch: int) -> None:
        self._params = params
        self.batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._params, name)


class _Framed:
    """A run context whose previews lie where the network looks."""

    def __init__(self, context: RunContext, frame: Box) -> None:
        self._context = context
        self._frame = frame

    def preview(self, result: Any) -> None:
        self._context.preview(MapResult(result, self._frame, signed=True).to_plain())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)
