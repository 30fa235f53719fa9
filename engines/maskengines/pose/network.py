"""The whole network and its weights' file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor, nn

from maskengines.errors import NotReady
from maskengines.pose.denoiser import Denoiser
from maskengines.pose.embedding import EmbeddingTransformer
from maskengines.weights.shipped import read_weights as read

UNIT_MM = 330.0
"""Millimetres of one unit of the model, about the standard deviation of the training poses' coordinates."""

WEIGHTS = "networks/diffpose/diffpose.safetensors"
BASELINE = "networks/diffpose/baseline.safetensors"


@dataclass(frozen=True)
class Sizes:
    """What decides the shapes of the weights; kept beside them."""

    width: int = 96
    layers: int = 3
    heads: int = 4
    condition: int = 256
    hidden: int = 512
    blocks: int = 3
    candidates: int = 16


class DiffPose(nn.Module):
    """Embedding transformer and denoiser."""

    def __init__(self, sizes: Sizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or Sizes()
        self.embedding = EmbeddingTransformer(sizes.width, sizes.layers, sizes.heads, sizes.condition)
        self.denoiser = Denoiser(sizes.hidden, sizes.blocks, sizes.condition)

    def prepared(
        self, candidates: Tensor, pins: Tensor, pinned: Tensor, hidden: Tensor | None = None
    ) -> Tensor:
        """All that the steps need of evidence and pins; see `EmbeddingTransformer` and
        `Denoiser.prepared`.
        """
        return self.denoiser.prepared(self.embedding(candidates, hidden), pins, pinned)


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, object], str]:
    """Weights as float32, their config and the hex digest of the file.

    Raises:
        NotReady: there is no such file, or it is none of ours.
    """
    return read(path, "Install the studio again, or train them with 'python -m maskengines.pose.train'.")


def load_network(path: Path) -> tuple[DiffPose, str]:
    """The trained network, ready to sample, and the digest of its weights.

    Raises:
        NotReady: the file is missing or does not hold this network.
    """
    weights, config, digest = read_weights(path)
    try:
        network = DiffPose(Sizes(**config["sizes"]))  # type: ignore[arg-type]
        network.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise NotReady(f"The weights {path} are of another version. Install the studio again.") from error
    return network.eval().requires_grad_(False), digest


def sizes_record(sizes: Sizes) -> dict[str, object]:
    return asdict(sizes)
