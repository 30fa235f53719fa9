"""What the engines that ask a classifier have in common: the network they keep, and the photo it is shown."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any, cast

import numpy as np

from maskengines.attribution.masking.geometry import warm_up
from maskengines.attribution.networks import Network, load_network
from maskengines.contract import Request, RunContext
from maskengines.subjects.image import ImageSubject

Array = np.ndarray[Any, Any]


class Loaded:
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

    def network_for(self, model: str, context: RunContext) -> Network:
        """The network that ``model`` names.

        Raises:
            BadInput, NotReady: see `load_network`.
        """
        key = (model.strip(), context.device)
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


def shown(request: Request) -> Array:
    """``(H, W, 3)`` uint8: the photo in the screen's colours, whatever its depth and channels; what is
    transparent is taken as it is painted underneath."""
    return displayed(cast(ImageSubject, request.subject))


def displayed(subject: ImageSubject) -> Array:
    """See `shown`."""
    return replace(subject, alpha=None).display_rgb8()
