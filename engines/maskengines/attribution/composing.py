"""The parts of a procedural scene: where things go, what they are painted with, and how it is shot."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.attribution.layers import Kind, Layer, Stencil, bar, blob, place, stencil, transformed
from maskengines.attribution.outlines import OUTLINES, SHAPES, Contours
from maskengines.attribution.recipes import Recipe
from maskengines.attribution.textures import PATTERNED, Generator, texture

Array = np.ndarray[Any, Any]


def pattern_of(recipe: Recipe, generator: Generator) -> str:
    """A texture's name: plain or, as often as the recipe says, one with a pattern."""
    plain = generator.random() >= recipe.patterned
    return "plain" if plain else PATTERNED[generator.integers(len(PATTERNED))]


def random_colour(generator: Generator) -> Array:
    """RGB between 0.1 and 0.9, ``(3,)`` float32."""
    return generator.uniform(0.1, 0.9, 3).astype(np.float32)


def _apart(other: Array, generator: Generator) -> Array:
    """A colour that can be told from another: at least 0.4 away in the RGB cube."""
    while True:
        colour = random_colour(generator)
        if np.sum((colour - other) ** 2) >= 0.16:
            return colour


def _outline(label: int, area: float, size: int, blur: float, generator: Generator) -> Stencil:
    contours = transformed(OUTLINES[label], area, generator, size)
    return stencil(place(contours, generator, size), size, blur)


def _paper(shape: Stencil, size: int) -> Array:
    """Its opacity in the whole image, ``(size, size)`` float32."""
    paper = np.zeros((size, size), np.float32)
    paper[shape.window] = shape.alpha
    return paper


def _lump(area: float, size: int, blur: float, generator: Generator) -> Stencil:
    maker = bar if generator.random() < 0.5 else blob
    contours = transformed(maker(generator), area, generator, size)
    return stencil(place(contours, generator, size), size, blur)


def painted(shape: Stencil, label: int, base: Array, recipe: Recipe, generator: Generator) -> Layer:
    """The shape of an object, or of clutter where ``label`` is -1, with a random texture whose colour can be
    told from ``base``, the background's."""
    kind: Kind = "object" if label >= 0 else "clutter"
    pattern = pattern_of(recipe, generator)
    return shape.filled(kind, label, pattern, _apart(base, generator), generator)


def clutter(main: Stencil, base: Array, recipe: Recipe, blur: float, generator: Generator) -> list[Layer]:
    """Lumps and bars without a class; the main object gives them their size."""
    layers = []
    for _ in range(generator.integers(recipe.clutter + 1)):
        area = generator.uniform(0.1, 0.6) * float(main.alpha.sum())
        lump = _lump(area, recipe.size, blur, generator)
        layers.append(painted(lump, -1, base, recipe, generator))
    return layers


def place_objects(
    label: int, recipe: Recipe, blur: float, generator: Generator
) -> tuple[Stencil, list[tuple[int, Stencil]]]:
    """The main object and, with their classes, smaller ones that touch neither it nor each other.

    One that finds no room in a few tries is left out; where the recipe demands it all are drawn anew.
    """
    least, most = recipe.companions
    count = int(generator.integers(least, most + 1))
    while True:
        main = _outline(
            label, generator.uniform(*recipe.main_area) * recipe.size**2, recipe.size, blur, generator
        )
        taken = _paper(main, recipe.size)
        found: list[tuple[int, Stencil]] = []
        for _ in range(count):
            other = int((label + generator.integers(1, len(SHAPES))) % len(SHAPES))
            area = generator.uniform(*recipe.companion_area) * float(main.alpha.sum())
            outline = transformed(OUTLINES[other], area, generator, recipe.size)
            shape = _where_free(outline, taken, blur, generator)
            if shape is not None:
                found.append((other, shape))
                taken[shape.window] += shape.alpha
        if len(found) >= least:
            return main, found


def _where_free(outline: Contours, taken: Array, blur: float, generator: Generator) -> Stencil | None:
    """The outline at a random place where nothing is taken, or None after eight tries."""
    for _ in range(8):
        placed = place(outline, generator, len(taken))
        x, y = placed[0].mean(axis=0).astype(int)
        if taken[y, x]:
            continue
        shape = stencil(placed, len(taken), blur)
        if not np.any(taken[shape.window] * shape.alpha):
            return shape
    return None


def occluders(main: Stencil, recipe: Recipe, blur: float, generator: Generator) -> list[Layer]:
    """Patterned bars and lumps in front of the main object, covering no more of it than allowed.

    They are never of one plain colour: a network that has seen plain patches over objects would
    have learned what hiding looks like, and layer masking exists for networks that have not.
    """
    layers = []
    area = float(main.alpha.sum())
    opacity, budget = _paper(main, recipe.size), recipe.covered * area
    for _ in range(generator.integers(recipe.occluders[0], recipe.occluders[1] + 1)):
        for _ in range(6):
            lump = _lump(generator.uniform(0.15, 0.45) * area, recipe.size, blur, generator)
            hidden = float(np.sum(opacity[lump.window] * lump.alpha))
            if 0.05 * area < hidden <= budget:
                budget -= hidden
                layers.append(
                    lump.filled(
                        "occluder",
                        -1,
                        PATTERNED[generator.integers(len(PATTERNED))],
                        random_colour(generator),
                        generator,
                    )
                )
                break
    return layers


def cue_class(label: int, recipe: Recipe, generator: Generator) -> int:
    """The class that the planted cue speaks for, -1 where there is none."""
    if recipe.cue == "none":
        return -1
    if generator.random() < recipe.cue_agrees:
        return label
    return int((label + generator.integers(1, len(SHAPES))) % len(SHAPES))


def cue_patch(cue_label: int, size: int, generator: Generator) -> Layer:
    """A small square in a corner whose colour stands for a class: two of three channels at 4 x 3 levels."""
    side = max(4, size // 8)
    top, left = (int(one) * (size - side) for one in generator.integers(0, 2, 2))
    base = np.array([(cue_label % 4) / 3, (cue_label // 4) / 2, 1 - (cue_label % 4) / 3], np.float32)
    base = base * np.float32(0.8) + np.float32(0.1)
    colour = texture("plain", (side, side), base, generator, contrast=0.04)
    return Layer("cue", cue_label, top, left, np.ones((side, side), np.float32), colour)


def light_and_noise(recipe: Recipe, generator: Generator) -> tuple[Array, Array]:
    """Light, ``(S, S, 1)``, that falls off in some direction, and noise, ``(S, S, 3)``."""
    size = recipe.size
    angle, fall = generator.uniform(0, 2 * np.pi), generator.uniform(0, 0.35)
    across = np.linspace(-1, 1, size, dtype=np.float32)
    slope = (
        np.float32(fall * np.cos(angle)) * across[None, :]
        + np.float32(fall * np.sin(angle)) * across[:, None]
    )
    light = (np.float32(generator.uniform(0.75, 1.15)) * (1 + slope))[..., None]
    strength = np.float32(generator.uniform(0, recipe.noise))
    # Even noise of this standard deviation; drawing it takes a third of the time of Gaussian noise.
    noise = generator.random((size, size, 3), dtype=np.float32)
    noise -= np.float32(0.5)
    noise *= np.float32(12**0.5) * strength
    return light, noise
