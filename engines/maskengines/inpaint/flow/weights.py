"""The model's weights on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

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
        told: dict[str, Any] = config["sizes"]  # type: ignore[assignment]
        sizes = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
        network = MaskedFlow(Sizes(**sizes))  # type: ignore[arg-type]
        network.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise NotReady(f"The weights {path} are of another version. {REMEDY}") from error
    return network.laid_out().eval().requires_grad_(False), digest


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
