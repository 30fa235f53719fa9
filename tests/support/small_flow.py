"""A network of a few weights for `masked-diffusion`, and the engine asked as a worker would ask it."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from maskengines.contract import Cancelled, Request
from maskengines.inpaint import masked_diffusion
from maskengines.inpaint.flow.network import MaskedFlow, Sizes
from maskengines.inpaint.info import MaskedDiffusionParams

SMALL = Sizes(widths=(16, 32), blocks=1, attended=(1,), time=32)


def small_network() -> MaskedFlow:
    """Random weights, the same ones every time."""
    torch.manual_seed(0)
    made = MaskedFlow(SMALL).eval().requires_grad_(False)
    for parameter in made.parameters():
        parameter.add_(0.05 * torch.randn_like(parameter))
    return made


class Context:
    """What the engine sees of a worker; cancels at the `last` checkpoint."""

    device = "cpu"
    log = logging.getLogger("test")

    def __init__(self, last: int | None = None) -> None:
        self.last, self.seen = last, 0
        self.previews: list[Any] = []
        self.told: list[float] = []

    def progress(self, done: float, total: float, text: str = "") -> None:
        self.told.append(done / total)

    def preview(self, result: Any) -> None:
        self.previews.append(result)

    def checkpoint(self) -> None:
        self.seen += 1
        if self.last is not None and self.seen >= self.last:
            raise Cancelled()

    def generator(self, seed: int) -> np.random.Generator:
        return np.random.default_rng(seed)


def engine_with(network: MaskedFlow) -> masked_diffusion.MaskedDiffusion:
    """The engine as prepared, with another network."""
    made = masked_diffusion.MaskedDiffusion()
    made._network = network
    return made


def photo(height: int = 90, width: int = 130, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(3)
    rows, columns = np.indices((height, width))
    waves = 127 + 60 * np.sin(rows / 9) + 50 * np.cos(columns / 13)
    return np.clip(waves[..., None] + rng.normal(0, 6, (height, width, channels)), 0, 255).astype(np.uint8)


def disc(shape: tuple[int, int], radius: float = 14.0, at: tuple[float, float] | None = None) -> np.ndarray:
    y, x = at or (shape[0] / 2, shape[1] / 2)
    rows, columns = np.indices(shape)
    return (255 * (np.hypot(rows - y, columns - x) < radius)).astype(np.uint8)


def ask(
    engine: Any, pixels: np.ndarray, mask: np.ndarray, count: int = 1, seed: int = 0, **params: Any
) -> Any:
    subject = cast(Any, SimpleNamespace(pixels=pixels))
    context = cast(Any, params.pop("run", None) or Context())
    wanted = MaskedDiffusionParams(**{"texture": "model", "steps": 2, **params})
    return list(engine.sample(Request(subject, {"pixels": mask}, wanted, count, seed), context))
