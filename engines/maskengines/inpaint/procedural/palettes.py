"""Colours that go together as they do in photos: light varies most, then blue to yellow, then red to green.

The axes and their shares follow D. L. Ruderman, T. W. Cronin, C.-C. Chiao, "Statistics of cone responses
to natural images", JOSA A 15, 1998: light carries most of the variance and the axes are uncorrelated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike

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
        gap = max(0.0, 60.0 - float(light.mean() - dark.mean())) / 2
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
    """A random palette of three to seven colours of up to three hues; one in ten is grey, one in ten vivid.

    Earth and skin lie near hue 0, leaves near 70 degrees, sky near 180; other hues are rare, as outdoors.
    """
    count = int(rng.integers(3, 8))
    light = np.clip(np.sort(rng.uniform(75, 185) + rng.normal(0, rng.uniform(35, 85), count)), 20, 245)
    strong = float(rng.choice([0.0, 1.0, 2.2], p=[0.1, 0.8, 0.1])) * rng.lognormal(3.5, 0.5)
    middle = np.radians(rng.choice([5.0, 65.0, 172.0, -40.0, -110.0], 3, p=[0.52, 0.2, 0.22, 0.04, 0.02]))
    hue = rng.choice(middle + rng.normal(0, 0.28, 3), count)
    chroma = strong * rng.uniform(0, 1.6, count) * np.clip(np.minimum(light, 255 - light) / 60, 0.15, 1)
    around = np.cos(hue)[:, None] * WARM + np.sin(hue)[:, None] * GREEN
    rgb = np.clip(np.sqrt(3.0) * light[:, None] * LIGHT + chroma[:, None] * around, 4, 251)
    return Palette(rgb[np.argsort(rgb.sum(1))].astype(np.float32))


def filled(height: int, width: int, colour: ArrayLike) -> Bytes:
    """``(height, width, 3)`` of one colour; by OpenCV, which is ten times as fast at it as `numpy.full`."""
    dot = np.clip(np.asarray(colour, np.float64), 0, 255).astype(np.uint8).reshape(1, 1, 3)
    return np.asarray(cv2.resize(dot, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
