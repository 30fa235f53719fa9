"""Layers of a procedural scene: a soft shape filled with a texture, at a place in the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from maskengines.attribution.outlines import Contours
from maskengines.attribution.textures import Generator, texture

Array = np.ndarray[Any, Any]
Kind = Literal["object", "clutter", "occluder", "cue"]

_SHIFT = 4  # cv2 takes polygon corners in sixteenths of a pixel


@dataclass(frozen=True)
class Layer:
    """One thing in a scene.

    Attributes:
        kind: ``object`` has a class; ``clutter`` and ``occluder`` have none; ``cue`` is a planted shortcut.
        label: index of the class for an object, of the class it speaks for for a cue, else -1.
        top, left: where the crop lies in the image, in pixels.
        alpha: opacity, ``(h, w)`` float32 in 0..1.
        colour: ``(h, w, 3)`` float32, near 0..1.
    """

    kind: Kind
    label: int
    top: int
    left: int
    alpha: Array
    colour: Array

    @property
    def window(self) -> tuple[slice, slice]:
        """The crop's rows and columns in the image."""
        height, width = self.alpha.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def paint(self, canvas: Array) -> None:
        """Lay this over ``canvas``, ``(H, W, 3)`` float32, in place."""
        part = canvas[self.window]
        part += self.alpha[..., None] * (self.colour - part)


@dataclass(frozen=True)
class Stencil:
    """A soft shape without a colour yet: see `Layer` for the fields."""

    top: int
    left: int
    alpha: Array

    @property
    def window(self) -> tuple[slice, slice]:
        height, width = self.alpha.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def filled(self, kind: Kind, label: int, pattern: str, base: Array, generator: Generator) -> Layer:
        """This shape painted with a texture around the colour ``base`` (see `textures.texture`)."""
        colour = texture(pattern, self.alpha.shape, base, generator)
        return Layer(kind, label, self.top, self.left, self.alpha, colour)


def transformed(contours: Contours, area: float, generator: Generator, size: int) -> Contours:
    """Contours of unit area turned by any angle, stretched by up to 15 % and scaled to ``area`` pixels.

    What would be longer than the image is made smaller, and comes out smaller than ``area``.
    """
    stretch = generator.uniform(0.86, 1.16)
    angle = generator.uniform(0, 2 * np.pi)
    cosine, sine = np.cos(angle), np.sin(angle)
    wide, tall = (area * stretch) ** 0.5, (area / stretch) ** 0.5
    matrix = np.array([[wide * cosine, wide * sine], [-tall * sine, tall * cosine]])
    points = [one @ matrix for one in contours]
    extent = (points[0].max(axis=0) - points[0].min(axis=0)).max()
    shrink = min(1.0, (size - 6) / extent)
    return tuple(one * shrink for one in points)


def place(contours: Contours, generator: Generator, size: int) -> Contours:
    """Moved to a random position where the whole outline lies at least 2 pixels inside the image."""
    low, high = contours[0].min(axis=0), contours[0].max(axis=0)
    corner = generator.random(2) * np.maximum(size - 4 - (high - low), 0) + 2
    return tuple(one + (corner - low) for one in contours)


def stencil(contours: Contours, size: int, blur: float) -> Stencil:
    """Rasterise contours given in pixels, holes left open, with soft edges of ``blur`` pixels (0: crisp).

    The blur is of the shape alone, so that nothing of it ever reaches a pixel outside its alpha.
    """
    margin = 2 + int(np.ceil(2 * blur))
    low = np.floor(contours[0].min(axis=0)).astype(int) - margin
    high = np.ceil(contours[0].max(axis=0)).astype(int) + margin + 1
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, size)
    paper = np.zeros((bottom - top, right - left), np.uint8)
    corners = [np.round((one - (left, top)) * (1 << _SHIFT)).astype(np.int32) for one in contours]
    cv2.fillPoly(paper, corners, 255, lineType=cv2.LINE_AA, shift=_SHIFT)
    alpha: Array = paper.astype(np.float32) / np.float32(255)
    if blur > 0:
        width = 2 * int(np.ceil(2 * blur)) + 1
        alpha = cv2.GaussianBlur(alpha, (width, width), blur, borderType=cv2.BORDER_CONSTANT)
        # Rounding in the blur must not let a layer behind shine through the opaque inside.
        alpha[alpha > 0.999] = 1
    return Stencil(int(top), int(left), alpha)


def blob(generator: Generator) -> Contours:
    """A random lumpy closed curve of about unit area: clutter that is none of the classes."""
    angle = np.arange(40) * (2 * np.pi / 40)
    radius = np.ones(40)
    for wave in (2, 3, 4, 5):
        radius += generator.uniform(0.08, 0.22) * np.cos(wave * angle + generator.uniform(0, 2 * np.pi))
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return (points / np.sqrt(np.pi),)


def bar(generator: Generator) -> Contours:
    """A long thin rectangle of unit area."""
    length = generator.uniform(2.2, 4.0)
    x, y = length / 2, 1 / length / 2
    return (np.array([(-x, -y), (x, -y), (x, y), (-x, y)]),)
