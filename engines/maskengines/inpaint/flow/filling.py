"""One region, several seeds: the fill that the network walks to, at every size in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from maskengines.inpaint.flow.network import MaskedFlow
from maskengines.inpaint.flow.passes import AGAIN, Pass, framed, passes
from maskengines.inpaint.flow.sampling import Start, Step, noise_of, walk

Array = np.ndarray[Any, Any]
LEAST = 64  # sides of what the network looks at; shorter pictures are mirrored

Tell = Callable[[float, Callable[[], Array]], None]
"""Called after each step and tile with the share done and a way to get the fills so far, as `filled` returns
them.
"""


@dataclass(frozen=True)
class Walk:
    """How the path is walked.

    Attributes:
        steps: on the coarse pass; finer ones take half as many, as they have half of the path before them.
        start: where on the path to begin from a picture that is given, 1 being noise.
        most: pixels of the largest picture that is looked at; beyond it fills stay as they are.
    """

    steps: int = 10
    start: float = 0.6
    most: int = 640 * 640


def filled(
    network: MaskedFlow,
    picture: Array,
    hole: Array,
    seeds: Sequence[int],
    *,
    plan: Walk,
    tell: Tell,
    begun: Array | None = None,
) -> Array:
    """Fills (B, H, W, 3) float32 in -1..1, one for each seed; only what lies under the hole means anything.

    Args:
        picture: (H, W, 3) float32 in -1..1; what lies under the hole is not looked at.
        hole: (H, W) bool.
        begun: (B, H, W, 3) fills to begin from instead of noise.
    """
    todo = passes(picture, hole, hole, network.sizes.view, plan.most)
    work = [len(part.hole.ravel()) * _steps(plan, number) for number, part in enumerate(todo)]
    done, fills = 0.0, begun
    for number, part in enumerate(todo):
        share = work[number] / sum(work)

        def told(  # noqa: PLR0917 - the rest are bound here.
            step: float, steps: int, guess: Tensor, part: Pass = part, base: Array | None = fills,
            at: float = done, share: float = share,
        ) -> None:  # fmt: skip
            tell(at + share * step / steps, lambda: _placed(_out(guess, part), part, base, hole.shape))

        level = 1.0
        if fills is not None:
            level = plan.start if number == 0 else AGAIN
        found = _walked(network, part, seeds, _steps(plan, number), fills, level, told, number)
        fills = _placed(found, part, fills, hole.shape)
        done += share
    assert fills is not None
    return fills


def _steps(plan: Walk, number: int) -> int:
    return plan.steps if number == 0 else max(1, plan.steps // 2)


def _walked(  # noqa: PLR0917
    network: MaskedFlow, part: Pass, seeds: Sequence[int], steps: int, fills: Array | None, level: float,
    told: Step, number: int,
) -> Array:  # fmt: skip
    device = next(network.parameters()).device
    multiple = network.sizes.multiple
    picture = _tensor(framed(part.picture, multiple, LEAST), device)
    mask = torch.from_numpy(framed(part.hole, multiple, LEAST)).to(device).float()
    start = None
    if fills is not None:
        cut = [
            framed(
                cv2.resize(fill, part.size[::-1], interpolation=_way(fill, part))[part.box.slices],
                multiple,
                LEAST,
            )
            for fill in fills
        ]
        start = Start(torch.stack([_tensor(fill, device) for fill in cut]), level)
    noise = noise_of(seeds, (mask.shape[0], mask.shape[1]), device, number)
    return _out(walk(network, picture, mask, noise, steps=steps, tell=told, start=start), part)


def _way(fill: Array, part: Pass) -> int:
    return cv2.INTER_AREA if fill.shape[0] > part.size[0] else cv2.INTER_CUBIC


def _tensor(picture: Array, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))).to(device)


def _out(guess: Tensor, part: Pass) -> Array:
    """The pictures without their frame, (B, h, w, 3)."""
    height, width = part.hole.shape
    return guess[:, :, :height, :width].permute(0, 2, 3, 1).cpu().numpy()


def _placed(found: Array, part: Pass, base: Array | None, shape: tuple[int, int]) -> Array:
    """What a pass found, enlarged to the region, over what was there before."""
    out = []
    for index, picture in enumerate(found):
        whole = picture
        if base is not None and (part.box.width, part.box.height) != part.size[::-1]:
            whole = cv2.resize(base[index], part.size[::-1], interpolation=_way(base[index], part))
            whole[part.box.slices] = picture
        if part.size != shape:
            whole = cv2.resize(whole, shape[::-1], interpolation=cv2.INTER_CUBIC)
        out.append(whole)
    return np.stack(out)
