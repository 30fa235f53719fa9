"""Listens to a pipeline's scheduler while it runs: what it last noised, and what it takes the end to be."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor

_WATCHED = ("step", "add_noise", "scale_noise")


class Watch:
    """Stands between a pipeline and its scheduler for one call, and changes nothing.

    Pipelines that were not trained to inpaint put the noised original back outside the mask after every step.
    What they noise, as they lay it, is what a soft mask needs.

    Attributes:
        original: the last latents of the original that were noised; None so far.
        noised: the outcome, since the last step; None if nothing was noised.
    """

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._plain: dict[str, Callable[..., Any]] = {
            name: getattr(scheduler, name) for name in _WATCHED if hasattr(scheduler, name)
        }
        self.original: Tensor | None = None
        self.noised: Tensor | None = None
        self._last: tuple[Any, ...] | None = None

    def __enter__(self) -> Self:
        for name, plain in self._plain.items():
            setattr(self._scheduler, name, _signed(plain, getattr(self, f"_{name}")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self._plain:
            delattr(self._scheduler, name)
        self._last = None

    def add_noise(self, original: Tensor, noise: Tensor, level: Tensor) -> Tensor:
        """The scheduler's own, without listening."""
        noised: Tensor = self._plain["add_noise"](original, noise, level.to(original.device))
        return noised

    def scale_noise(self, original: Tensor, level: Tensor, noise: Tensor) -> Tensor:
        """The scheduler's own, without listening."""
        noised: Tensor = self._plain["scale_noise"](original, level.to(original.device), noise)
        return noised

    def expected(self) -> Tensor | None:
        """What the last step took the end to be, the predicted x0; None where the scheduler does not say."""
        if self._last is None:
            return None
        output, given, answer, sigma = self._last
        if isinstance(answer, tuple) and len(answer) > 1 and isinstance(answer[1], Tensor):
            said: Tensor = answer[1]
            return said if said.shape == given.shape else None
        history = getattr(self._scheduler, "model_outputs", None) if self._keeps_expected() else None
        if history and isinstance(history[-1], Tensor) and history[-1].shape == given.shape:
            converted: Tensor = history[-1]
            return converted
        if sigma is not None and output.shape == given.shape:
            return given.float() - sigma * output.float()
        return None

    def _step(self, *args: Any, **kwargs: Any) -> Any:
        names = ("model_output", "timestep", "sample")
        said = {**dict(zip(names, args, strict=False)), **kwargs}
        answer = self._plain["step"](*args, **kwargs)
        self.noised = None
        self._last = said["model_output"], said["sample"], answer, self._flow_sigma()
        return answer

    def _keeps_expected(self) -> bool:
        """Whether a solver of several steps keeps what it expects, rather than the noise."""
        config = self._scheduler.config
        return str(config.get("algorithm_type", "++")).endswith("++") and config.get("predict_x0", True)

    def _flow_sigma(self) -> float | None:
        """Level of noise before the step just taken, of schedulers that go straight from noise to picture."""
        if not hasattr(self._scheduler, "scale_noise"):
            return None
        index = getattr(self._scheduler, "step_index", None)
        sigmas = getattr(self._scheduler, "sigmas", None)
        return float(torch.as_tensor(sigmas)[index - 1]) if index and sigmas is not None else None

    def _add_noise(self, original_samples: Tensor, noise: Tensor, timesteps: Tensor) -> Any:
        self.original = original_samples
        self.noised = self._plain["add_noise"](original_samples, noise, timesteps)
        return self.noised

    def _scale_noise(self, sample: Tensor, timestep: Tensor, noise: Tensor | None = None) -> Any:
        self.original = sample
        self.noised = self._plain["scale_noise"](sample, timestep, noise)
        return self.noised


def _signed(plain: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
    """``ours`` with the signature of ``plain``, which pipelines look at."""

    @functools.wraps(plain)
    def method(*args: Any, **kwargs: Any) -> Any:
        return ours(*args, **kwargs)

    return method
