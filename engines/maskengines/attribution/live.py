"""The engine `layer-probe`: class probabilities that follow the brush."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from maskengines.attribution.info import LAYER_PROBE, ProbeParams
from maskengines.attribution.loaded import Loaded, shown
from maskengines.attribution.probe import Probe, candidate, others, table
from maskengines.contract import Candidate, Changes, Request, RunContext

_REST_SECONDS = 0.25


class LayerProbe(Loaded):
    """Answers every change of the mask with the class probabilities, until the job is closed."""

    info = LAYER_PROBE

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield a candidate for the first mask and one more after every change of mask or params."""
        params = cast(ProbeParams, request.params)
        mask = request.masks.get("pixels")
        probe: Probe | None = None
        while True:
            network = self.network_for(params.model, context)
            if probe is None or probe.network is not network:
                probe = Probe(network, shown(request), context.ask, context.checkpoint)
            visible = probe.visible(mask, params.keep)
            look = probe.look(visible, params.strategy, request.seed)
            yield candidate(table(probe, visible, look, params.strategy, []), request.seed)
            changes = context.changes(_REST_SECONDS if not visible.all() else None)
            if _nothing(changes):
                # The brush rests: time to ask the other strategies, one by one while it goes on resting.
                beside: list[dict[str, Any]] = []
                for strategy in others(params.strategy):
                    beside += probe.beside(visible, [strategy])
                    changes = context.changes(0.0)
                    if not _nothing(changes):
                        break
                else:
                    yield candidate(table(probe, visible, look, params.strategy, beside), request.seed)
                    changes = context.changes()
            if changes is None:
                return
            mask = changes.masks.get("pixels", mask)
            if changes.params is not None:
                params = cast(ProbeParams, changes.params)


def _nothing(changes: Changes | None) -> bool:
    """Whether the wait for changes ended without any, and the job is still open."""
    return changes is not None and not changes.masks and changes.params is None
