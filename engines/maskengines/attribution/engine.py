"""The engines `layer-masking` and `layer-probe`."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np

from maskengines.attribution.info import LAYER_MASKING, LAYER_PROBE, MaskingParams, ProbeParams, Strategy
from maskengines.attribution.masking.geometry import warm_up
from maskengines.attribution.networks import Network, load_network
from maskengines.attribution.probe import SIDE_BY_SIDE, Probe, candidate, table
from maskengines.contract import Candidate, Changes, Request, RunContext
from maskengines.errors import NotReady
from maskengines.subjects.image import ImageSubject

Array = np.ndarray[Any, Any]
Explain = Callable[[Any, MaskingParams, RunContext, int], Iterator[Candidate]]
"""How a map is made: a scorer, the parameters, the context, a seed."""


class _Loaded:
    """Keeps the network that was asked last: loading one takes longer than asking it."""

    def __init__(self) -> None:
        self._network: Network | None = None
        self._key: tuple[str, str] | None = None

    @property
    def weights_hash(self) -> str | None:
        """Of the network that answered last; goes into every answer's provenance."""
        return None if self._network is None else self._network.weights_hash

    def prepare(self, context: RunContext) -> None:
        """Compile (or load from the cache) the kernels; which network to load is known with the first
        request."""
        warm_up()

    def _network_for(self, params: ProbeParams, context: RunContext) -> Network:
        key = (params.model.strip(), context.device)
        if self._network is None or key != self._key:
            context.progress(0.0, 1.0, "Loading the network")
            context.checkpoint()
            self._network = None
            gc.unfreeze()
            self._network, self._key = load_network(*key), key
            # A collection of all that was loaded takes half a second; nothing of it is garbage.
            gc.collect()
            gc.freeze()
        return self._network


class LayerMaskingEngine(_Loaded):
    """One probe, or a map of what the network goes by."""

    info = LAYER_MASKING

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield one candidate of kind ``table`` for ``method="probe"``, and what the method gives of kind
        ``map`` for the others.

        Raises:
            BadInput, NotReady: the network or the class is none that can be asked; says why.
        """
        params = cast(MaskingParams, request.params)
        network = self._network_for(params, context)
        probe = Probe(network, shown(request), context.ask, context.checkpoint)
        mask = request.masks.get("pixels")
        if params.method == "probe":
            context.progress(0.5, 1.0, "Asking the network")
            visible = probe.visible(mask, params.keep)
            look = probe.look(visible, params.strategy, request.seed)
            beside = probe.beside(visible, _others(params.strategy))
            yield candidate(table(probe, visible, look, params.strategy, beside), request.seed)
            return
        params = params.model_copy(
            update={
                key: str(network.class_index(value))
                for key, value in (("target", params.target), ("contrast", params.contrast))
                if value.strip()
            }
        )
        scorer = probe.scorer(params.strategy, request.seed)
        if mask is not None and mask.any():
            scorer.painted = ~probe.visible(mask, keep=False)
        yield from _explain()(scorer, params, context, request.seed)


class LayerProbe(_Loaded):
    """Answers every change of the mask with the class probabilities, until the job is closed."""

    info = LAYER_PROBE

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield a candidate for the first mask and one more after every change of mask or params."""
        params = cast(ProbeParams, request.params)
        mask = request.masks.get("pixels")
        probe: Probe | None = None
        while True:
            network = self._network_for(params, context)
            if probe is None or probe.network is not network:
                probe = Probe(network, shown(request), context.ask, context.checkpoint)
            visible = probe.visible(mask, params.keep)
            look = probe.look(visible, params.strategy, request.seed)
            yield candidate(table(probe, visible, look, params.strategy, []), request.seed)
            changes = context.changes(_REST_SECONDS)
            if _nothing(changes):
                # The brush rests: time to ask the other strategies, one by one while it goes on resting.
                beside: list[dict[str, Any]] = []
                for strategy in _others(params.strategy):
                    beside += probe.beside(visible, [strategy])
                    changes = context.changes(0.0)
                    if not _nothing(changes):
                        break
                else:
                    result = table(probe, visible, look, params.strategy, beside)
                    yield candidate(result, request.seed)
                    changes = context.changes()
            if changes is None:
                return
            mask = changes.masks.get("pixels", mask)
            if changes.params is not None:
                params = cast(ProbeParams, changes.params)


_REST_SECONDS = 0.25


def shown(request: Request) -> Array:
    """``(H, W, 3)`` uint8: the photo in the screen's colours, whatever its depth and channels; what is
    transparent is taken as it is painted underneath."""
    subject = cast(ImageSubject, request.subject)
    return replace(subject, alpha=None).display_rgb8()


def _explain() -> Explain:
    """The generator of maps; it goes by ``params.method``.

    Raises:
        NotReady: it is not part of this installation.
    """
    try:
        return cast(Explain, importlib.import_module("maskengines.attribution.explaining").explain)
    except ModuleNotFoundError:
        raise NotReady("Maps are not part of this installation. Choose the method 'probe'.") from None


def _others(strategy: Strategy) -> list[Strategy]:
    return [each for each in SIDE_BY_SIDE if each != strategy]


def _nothing(changes: Changes | None) -> bool:
    """Whether the wait for changes ended without any, and the job is still open."""
    return changes is not None and not changes.masks and changes.params is None
