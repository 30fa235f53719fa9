"""Pictures of any size in one buffer on the device, and random views of them, drawn there.

Reading and cutting photos on the CPU would feed a graphics card a hundred times too slowly. Each picture
is kept at full, half and quarter size, so that a view that shows much of it does not alias.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

LEVELS = 3


@dataclass(frozen=True)
class Variety:
    """How far views stray from the pictures."""

    shows: tuple[float, float] = (0.22, 1.0)  # share of the picture's shorter side that a view's side shows
    enlarged: float = 1.3  # at most this many pixels of a view for one of the picture
    tilted: float = 0.3  # share of views that are tilted, up to 15 degrees
    turned: float = 0.12  # share that stand on their side or head
    tinted: float = 0.5  # share with other colours
    swapped: float = 0.08  # share with channels in another order
    grey: float = 0.04


class Album:
    """RGB pictures (h, w, 3) uint8, sides of at least 64 px, in one flat buffer on `device`."""

    def __init__(self, pictures: Sequence[np.ndarray], device: torch.device) -> None:
        if not pictures:
            raise ValueError("An album needs at least one picture.")
        pixels, shapes, starts, start = [], [], [], 0
        for picture in pictures:
            level = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float()
            for step in range(LEVELS):
                if step:
                    level = torch.nn.functional.avg_pool2d(level, 2)
                flat = level[0].permute(1, 2, 0).round().to(torch.uint8).reshape(-1, 3)
                pixels.append(flat)
                shapes.append(level.shape[-2:])
                starts.append(start)
                start += len(flat)
        self.pixels = torch.cat(pixels).to(device)
        self.shapes = torch.tensor(shapes, device=device).reshape(len(pictures), LEVELS, 2)
        self.starts = torch.tensor(starts, device=device).reshape(len(pictures), LEVELS)

    def __len__(self) -> int:
        return len(self.starts)

    def views(self, count: int, side: int, generator: Generator, variety: Variety = Variety()) -> Tensor:
        """(count, 3, side, side) float32 in -1..1; pictures are drawn evenly."""
        device = self.pixels.device

        def uniform(low: float = 0.0, high: float = 1.0, *more: int) -> Tensor:
            drawn = torch.rand(count, *more, generator=generator, device=device)
            return low + (high - low) * drawn

        index = torch.randint(len(self), (count,), generator=generator, device=device)
        full = self.shapes[index, 0].float()
        shorter = full.amin(1)
        low, high = variety.shows
        shown = shorter * torch.exp(uniform(math.log(low), math.log(high)))
        shown = torch.minimum(torch.maximum(shown, torch.full_like(shown, side / variety.enlarged)), shorter)
        turn = (
            (uniform() < variety.turned)
            * torch.randint(1, 4, (count,), generator=generator, device=device)
            * (math.pi / 2)
        )
        angle = turn + (uniform() < variety.tilted) * uniform(-math.pi / 12, math.pi / 12)
        # A tilted view must fit into the picture, too.
        reach = shown * (angle.cos().abs() + angle.sin().abs())
        shown = shown * torch.clamp(shorter / reach, max=1.0)
        margin = shown * (angle.cos().abs() + angle.sin().abs()) / 2
        centre = margin[:, None] + uniform(0, 1, 2) * (full - 2 * margin[:, None]).clamp_min(0)
        scale = shown / side
        level = torch.log2(scale.clamp_min(1.0)).round().long().clamp_max(LEVELS - 1)
        mirror = torch.where(uniform() < 0.5, -1.0, 1.0)
        along = (torch.arange(side, device=device) + 0.5) - side / 2
        rows, columns = torch.meshgrid(along, along, indexing="ij")
        cos, sin = (angle.cos() * scale)[:, None, None], (angle.sin() * scale)[:, None, None]
        columns = columns * mirror[:, None, None]
        y = centre[:, 0, None, None] + rows * cos - columns * sin
        x = centre[:, 1, None, None] + rows * sin + columns * cos
        return recoloured(self._sampled(index, level, y, x), variety, generator)

    def _sampled(self, index: Tensor, level: Tensor, y: Tensor, x: Tensor) -> Tensor:
        """Bilinear samples at full-size positions `y` and `x` (B, h, w) of the pictures' chosen levels."""
        shape, start = self.shapes[index, level], self.starts[index, level][:, None, None]
        high, wide = shape[:, 0, None, None], shape[:, 1, None, None]
        shrink = (2.0**level)[:, None, None]
        y, x = y / shrink - 0.5, x / shrink - 0.5
        top, left = y.floor(), x.floor()
        down, right = (y - top)[..., None], (x - left)[..., None]
        rows = [(top.long() + step).clamp_min(0).minimum(high - 1) * wide for step in (0, 1)]
        columns = [(left.long() + step).clamp_min(0).minimum(wide - 1) for step in (0, 1)]
        corner = [[self.pixels[start + row + column].float() for column in columns] for row in rows]
        upper = corner[0][0] * (1 - right) + corner[0][1] * right
        lower = corner[1][0] * (1 - right) + corner[1][1] * right
        return (upper * (1 - down) + lower * down).permute(0, 3, 1, 2) / 127.5 - 1


def recoloured(views: Tensor, variety: Variety, generator: Generator) -> Tensor:
    """Some views with other gamma, gain, saturation or order of channels; what lies outside -1..1 is cut."""
    count, device = len(views), views.device

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        drawn = torch.rand(count, channels, 1, 1, generator=generator, device=device)
        return low + (high - low) * drawn

    def chance(share: float) -> Tensor:
        return torch.rand(count, 1, 1, 1, generator=generator, device=device) < share

    light = ((views + 1) / 2).clamp(0, 1)
    tinted = light ** torch.exp(uniform(-0.35, 0.35)) * uniform(0.8, 1.15) * uniform(0.88, 1.12, 3)
    grey = tinted.mean(1, keepdim=True)
    tinted = grey + (tinted - grey) * uniform(0.5, 1.4)
    light = torch.where(chance(variety.tinted), tinted, light)
    order = torch.rand(count, 3, generator=generator, device=device).argsort(1)
    swapped = light.gather(1, order[:, :, None, None].expand_as(light))
    light = torch.where(chance(variety.swapped), swapped, light)
    light = torch.where(chance(variety.grey), light.mean(1, keepdim=True).expand_as(light), light)
    return light.clamp(0, 1) * 2 - 1
