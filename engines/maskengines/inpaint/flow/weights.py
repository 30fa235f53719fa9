"""The model's weights on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from maskengines.errors import NotReady
from maskengines.inpaint.flow.network import MaskedFlow, Sizes
from maskengines.weights.shipped import read_weights, write_weights

WEIGHTS = "networks/masked-diffusion/masked-diffusion.safetensors"
REMEDY = "Install the studio again, or train them with 'python -m maskengines.inpaint.train'."


def write(path: Path, weights: Mapping[str, Tensor], sizes: Sizes, record: Mapping[str, object]) -> None:
    """Write averaged weights with their sizes and the record of their training."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_weights(path, weights, {"sizes": asdict(sizes), **record})


def load_network(path: Path) -> tuple[MaskedFlow, str]:
    """The trained network, ready to sample, and the digest of its weights.

    Raises:
        NotReady: the file is missing or does not hold this network.
    """
    weights, config, digest = read_weights(path, REMEDY)
    try:
        sizes = {k: tuple(v) if isinstance(v, list) else v for k, v in dict(config["sizes"]).items()}  # type: ignore[call-overload]
        network = MaskedFlow(Sizes(**sizes))
        network.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise NotReady(f"The weights {path} are of another version. {REMEDY}") from error
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(False), digest


def load_into(network: MaskedFlow, path: Path) -> None:
    """Start `network` from weights written before.

    Raises:
        NotReady: they are missing or of another network.
    """
    weights, _, _ = read_weights(path, REMEDY)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise NotReady(f"The weights {path} are of another network.") from error
