"""Checks on every network, when it is loaded, that hiding hides.

The hidden pixels of the photo *and the hidden activations of every layer* are overwritten with noise, twice:
the logits must come out the same, or somewhere a hidden activation was read. With nothing hidden the
logits must be those of the plain network, bit for bit. A network whose answers are always the same would
pass both, so they must also follow what is visible.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from maskengines.attribution.masking.mode import Forward, LayerMasking, Scrambling, masked_logits
from maskengines.attribution.masking.visibility import Untracked

Tensor = torch.Tensor
TOLERANCE = 1e-5
"""Largest change of the logits, as a share of the largest logit, that counts as rounding."""
LEAST_ANSWER = 1e-4
"""Smallest change of the logits that counts as an answer to what is visible."""


@dataclass(frozen=True)
class SelfCheck:
    """What the check found; changes are shares of the largest logit.

    Attributes:
        exact: with nothing hidden the logits are bit-equal to the plain network's.
        beside: change of a wholly visible photo's logits by one with holes in the same batch.
        hidden: change by noise in everything hidden, in all layers.
        visible: change by another picture in what is visible.
        reason: why the network failed, in a sentence; empty if it passed.
    """

    passed: bool
    exact: bool
    beside: float
    hidden: float
    visible: float
    reason: str = ""

    def badge(self) -> dict[str, Any]:
        """The same as plain data, with a line to show."""
        if self.passed:
            text = "Layer masking holds on this network."
        else:
            text = f"{self.reason} Hidden parts are painted over (Telea) instead."
        return {**asdict(self), "text": text}


def check_masking(
    forward: Forward,
    shape: tuple[int, int],
    layout: torch.memory_format = torch.contiguous_format,
    device: str = "cpu",
    seed: int = 0,
) -> SelfCheck:
    """Check a network on noise pictures of ``shape`` with a hole, with scattered patches and with neither.

    Takes as long as about twelve photos. Never raises for what a rule cannot do: that is the answer.
    """
    try:
        return _measured(forward, shape, layout, device, seed)
    except Untracked as missing:
        return _failed(f"This network uses '{missing}', for which layer masking has no rule.")
    except (RuntimeError, ValueError, TypeError, IndexError, KeyError, AssertionError) as error:
        said = str(error).strip().partition("\n")[0][:160]
        return _failed(f"This network stops under layer masking ({type(error).__name__}: {said}).")


@torch.no_grad()
def _measured(
    forward: Forward, shape: tuple[int, int], layout: torch.memory_format, device: str, seed: int
) -> SelfCheck:
    generator = torch.Generator().manual_seed(seed)
    first, second = (_pictures(shape, generator).to(device, memory_format=layout) for _ in range(2))
    visible = torch.stack([_hole(shape), _patches(shape, generator)]).to(device)
    everything = torch.ones_like(visible)

    plain = forward(first)
    exact = torch.equal(masked_logits(forward, first, everything), plain)
    mixed = torch.stack([visible[0], everything[1]])
    beside = _change(masked_logits(forward, first, mixed)[1:], plain[1:])
    other = torch.where(visible[:, None], first, second).contiguous(memory_format=layout)
    hidden = _change(
        masked_logits(forward, first, visible, Scrambling(seed)),
        masked_logits(forward, other, visible, Scrambling(seed + 1)),
    )
    answers = [masked_logits(forward, pictures, visible) for pictures in (first, second)]
    ordinary = masked_logits(forward, first, visible, LayerMasking())
    changed = _change(answers[0], answers[1])

    reason = ""
    if not all(bool(torch.isfinite(each).all()) for each in (plain, ordinary, *answers)):
        reason = "This network gives numbers that are not finite."
    elif not exact:
        reason = "This network's logits are not repeatable, so layer masking cannot be checked."
    elif not hidden < TOLERANCE:
        reason = f"In this network hidden parts change the logits by {hidden:.0e}."
    elif not beside < 10 * TOLERANCE:
        reason = f"In this network one photo changes another's logits by {beside:.0e}."
    elif not changed > LEAST_ANSWER:
        reason = "This network's answers hardly follow its input, so nothing can be checked."
    return SelfCheck(not reason, exact, beside, hidden, changed, reason)


def _failed(reason: str) -> SelfCheck:
    return SelfCheck(passed=False, exact=False, beside=1.0, hidden=1.0, visible=0.0, reason=reason)


def _change(logits: Tensor, others: Tensor) -> float:
    scale = max(float(logits.abs().max()), float(others.abs().max()), 1e-30)
    return float((logits - others).abs().max()) / scale


def _pictures(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Two noise pictures with coarse and fine structure, ``(2, 3, H, W)``."""
    coarse = torch.randn(2, 3, 4, 4, generator=generator)
    fine = torch.randn(2, 3, *shape, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, shape, mode="bilinear", align_corners=False)
    return smooth + 0.5 * fine


def _hole(shape: tuple[int, int]) -> Tensor:
    visible = torch.ones(shape, dtype=torch.bool)
    height, width = shape
    visible[height // 4 : (3 * height) // 4, width // 5 : (2 * width) // 3] = False
    return visible


def _patches(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """A third of an 8 by 8 grid hidden."""
    cells = torch.rand(8, 8, generator=generator) > 1 / 3
    rows = torch.arange(shape[0]) * 8 // shape[0]
    columns = torch.arange(shape[1]) * 8 // shape[1]
    return cells[rows][:, columns]
