"""Colours that go together as they do in photos: light varies most, then blue to yellow, then red to green.

The axes and their shares follow D. L. Ruderman, T. W. Cronin, C.-C. Chiao, "Statistics of cone responses
to natural images", JOSA A 15, 1998: light carries most of the variance and the axes are uncorrelated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Floats = np.ndarray[Any, np.dtype[np.float32]]

LIGHT = np.array([1.0, 1.0, 1.0]) / np.sqrt(3.0)
WARM = np.array([1.0, 0.0, -1.0]) / np.sqrt(2.0)
GREEN = np.array([-1.0, 2.0, -1.0]) / np.sqrt(6.0)


@dataclass(frozen=True)
class Palette:
    """A few related colours; ``anchors`` is ``(n, 3)`` float, RGB, 0..255, dark to light."""

    anchors: Floats

    def colours(self, count: int, rng: np.random.Generator, *, spread: float = 8.0) -> Bytes:
        """``(count, 3)`` RGB colours: random anchors, each a little off in light (``spread``, in levels)."""
        picked = self.anchors[rng.integers(len(self.anchors), size=count)]
        off = rng.normal(0, spread, (count, 1)) + rng.normal(0, 0.25 * spread, (count, 3))
        return np.clip(picked + off, 0, 255).astype(np.uint8)

    def colour(self, rng: np.random.Generator) -> Bytes:
        """One colour ``(3,)`` of the palette."""
        return self.colours(1, rng)[0]

    def pair(self, rng: np.random.Generator) -> tuple[Bytes, Bytes]:
        """Two colours that can be told apart: a darker and a lighter one."""
        cut = int(rng.integers(1, len(self.anchors)))
        dark, light = self.anchors[rng.integers(cut)], self.anchors[rng.integers(cut, len(self.anchors))]
        gap = max(0.0, 40.0 - float(light.mean() - dark.mean())) / 2
        return (np.clip(dark - gap, 0, 255).astype(np.uint8), np.clip(light + gap, 0, 255).astype(np.uint8))

    def ramp(self, rng: np.random.Generator) -> Bytes:
        """``(256, 3)`` colours from one end of the palette to the other, through some of its anchors."""
        count = int(rng.integers(2, len(self.anchors) + 1))
        stops = self.anchors[np.sort(rng.choice(len(self.anchors), count, replace=False))]
        if rng.uniform() < 0.3:
            stops = stops[::-1]
        at = np.concatenate([[0.0], np.sort(rng.uniform(20, 235, count - 2)), [255.0]])
        levels = np.arange(256)
        return np.stack([np.interp(levels, at, stops[:, c]) for c in range(3)], 1).astype(np.uint8)


def palette(rng: np.random.Generator) -> Palette:
    """A random palette of three to seven colours; one in ten is grey, one in ten vivid."""
    count = int(rng.integers(3, 8))
    vividness = float(rng.choice([0.0, 1.0, 2.6], p=[0.1, 0.8, 0.1]))
    light = np.sort(rng.uniform(40, 210) + rng.normal(0, rng.uniform(25, 75), count))
    warm = rng.normal(rng.normal(0, 14), rng.lognormal(2.8, 0.5), count) * vividness
    green = rng.normal(rng.normal(0, 5), rng.lognormal(1.9, 0.5), count) * vividness
    rgb = np.sqrt(3.0) * light[:, None] * LIGHT + warm[:, None] * WARM + green[:, None] * GREEN
    rgb = np.clip(rgb, 4, 251)
    return Palette(rgb[np.argsort(rgb.sum(1))].astype(np.float32))
