"""The U-Net that looks at a noisy picture, what is visible of it and the mask, and says what was there.

Pixels are folded into channels (pixel-unshuffle) instead of an autoencoder: no second model, no drift of
what is visible. The network predicts the clean picture, which a network of few channels can do where
noise, of full rank, is out of its reach (Li and He 2025, "Back to Basics: Let Denoising Generative Models
Denoise").
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUP = 16  # channels normalised together


@dataclass(frozen=True)
class Sizes:
    """What decides the shapes of the weights, and `view`, the side in pixels of the pictures that they have
    seen; kept beside them.
    """

    fold: int = 4
    widths: tuple[int, ...] = (64, 128, 160, 192)
    blocks: int = 2
    attended: tuple[int, ...] = (2, 3)
    time: int = 256
    view: int = 256

    @property
    def multiple(self) -> int:
        """Pixels that width and height of a picture must be a multiple of."""
        return self.fold * 2 ** (len(self.widths) - 1)


class Norm(nn.GroupNorm):
    """Group normalisation that answers in the precision that it is given, where autocast would make it
    single precision, and all that follows twice as much to move. Its sums are single precision anyway.
    """

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return functional.group_norm(
                x, self.num_groups, self.weight.to(x.dtype), self.bias.to(x.dtype), self.eps
            )


class Block(nn.Module):
    """Residual block; the time scales and shifts its second normalisation."""

    def __init__(self, inside: int, outside: int, time: int) -> None:
        super().__init__()
        self.norm1 = Norm(inside // GROUP, inside)
        self.conv1 = nn.Conv2d(inside, outside, 3, padding=1)
        self.time = nn.Linear(time, 2 * outside)
        self.norm2 = Norm(outside // GROUP, outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1)
        self.skip = nn.Conv2d(inside, outside, 1) if inside != outside else nn.Identity()
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.time.weight)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        scale, shift = self.time(time)[:, :, None, None].chunk(2, dim=1)
        h = self.conv1(functional.silu(self.norm1(x)))
        h = self.conv2(functional.silu(self.norm2(h) * (1 + scale) + shift))
        return self.skip(x) + h


class Attention(nn.Module):
    """Every place looks at all others: a line's other end may be on the far side of the hole."""

    def __init__(self, width: int, head: int = 32) -> None:
        super().__init__()
        self.head = head
        self.norm = Norm(width // GROUP, width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        count, width, high, wide = x.shape
        qkv = self.qkv(self.norm(x)).reshape(count, 3, width // self.head, self.head, high * wide)
        query, key, value = qkv.transpose(-1, -2).unbind(1)
        query, key = functional.rms_norm(query, (self.head,)), functional.rms_norm(key, (self.head,))
        seen = functional.scaled_dot_product_attention(query, key, value)
        return x + self.out(seen.transpose(-1, -2).reshape(count, width, high, wide))


class Level(nn.Module):
    """Blocks at one resolution, each followed by attention where the level is attended."""

    def __init__(self, inside: list[int], outside: int, time: int, attended: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, outside, time) for width in inside)
        self.attention = nn.ModuleList(Attention(outside) if attended else nn.Identity() for _ in inside)

    def step(self, index: int, x: Tensor, time: Tensor) -> Tensor:
        return self.attention[index](self.blocks[index](x, time))


class MaskedFlow(nn.Module):
    """``(noisy, visible, mask, moment) -> clean``, all pictures (B, 3, h, w) in -1..1, the mask (B, 1, h,
    w) 1 where something is asked for, `moment` (B,) from 0, clean, to 1, noise. h and w are multiples of
    `Sizes.multiple`.
    """

    def __init__(self, sizes: Sizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or Sizes()
        area, widths, time = sizes.fold**2, sizes.widths, sizes.time
        self.frequencies: Tensor
        self.register_buffer(
            "frequencies", torch.exp(torch.linspace(0, math.log(1000), time // 4)), persistent=False
        )
        self.time = nn.Sequential(nn.Linear(time // 2, time), nn.SiLU(), nn.Linear(time, time), nn.SiLU())
        self.enter = nn.Conv2d(area * 7, widths[0], 3, padding=1)
        self.down, self.shrink = nn.ModuleList(), nn.ModuleList()
        self.up, self.grow = nn.ModuleList(), nn.ModuleList()
        for index, width in enumerate(widths):
            attended = index in sizes.attended
            self.down.append(Level([width] * sizes.blocks, width, time, attended))
            # On the way up each block joins what the same level knew on the way down.
            self.up.append(Level([2 * width] * sizes.blocks, width, time, attended))
            if index + 1 < len(widths):
                self.shrink.append(nn.Conv2d(width, widths[index + 1], 3, stride=2, padding=1))
                self.grow.append(nn.Conv2d(widths[index + 1], width, 1))
        self.leave = nn.Sequential(
            Norm(widths[0] // GROUP, widths[0]),
            nn.SiLU(),
            nn.Conv2d(widths[0], area * 3, 3, padding=1),
        )

    def laid_out(self, device: torch.device | str = "cpu") -> MaskedFlow:
        """The network on `device`, its weights laid out as convolutions are quickest with."""
        moved: MaskedFlow = self.to(torch.device(device)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return moved

    def forward(self, noisy: Tensor, visible: Tensor, mask: Tensor, moment: Tensor) -> Tensor:
        angle = moment[:, None].float() * self.frequencies
        time = self.time(torch.cat((angle.sin(), angle.cos()), dim=1))
        x = self.enter(functional.pixel_unshuffle(torch.cat((noisy, visible, mask), dim=1), self.sizes.fold))
        known: list[Tensor] = []
        for index, level in enumerate(cast(Iterable[Level], self.down)):
            for block in range(self.sizes.blocks):
                x = level.step(block, x, time)
                known.append(x)
            if index < len(self.shrink):
                x = self.shrink[index](x)
        for index in reversed(range(len(self.up))):
            level = cast(Level, self.up[index])
            for block in range(self.sizes.blocks):
                x = level.step(block, torch.cat((x, known.pop()), dim=1), time)
            if index:
                x = functional.interpolate(self.grow[index - 1](x), scale_factor=2.0, mode="nearest")
        return functional.pixel_shuffle(self.leave(x), self.sizes.fold)
