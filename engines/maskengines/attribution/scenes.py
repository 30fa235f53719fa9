"""Procedural scenes with exact object masks, on which the built-in network is trained and measured.

A scene is a textured background with layers over it: clutter, smaller objects, one **main object**, and
occluders in front. **The label is the shape class of the main object: the object with the largest area.**
Every other object has at most about half its area and touches it nowhere (in a `PAIR` it has about
four fifths). Shape, texture, colour, position, turn and background are drawn independently of each other,
so in the standard split nothing but the outline tells the class. The class is ``seed % classes``: any run
of consecutive seeds is balanced.

Light, blur and noise never carry a layer to a pixel outside its mask: blur is applied to each layer by
itself, light and noise do not depend on what is in the scene. So leaving a layer out and rendering again
changes pixels of its mask only, which makes the masks exact (`Scene.mask`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from maskengines.attribution.layers import (
    Layer,
    Stencil,
    bar,
    blob,
    place,
    stencil,
    transformed,
)
from maskengines.attribution.outlines import OUTLINES, SHAPES, Contours
from maskengines.attribution.textures import PATTERNED, TEXTURES, Generator, texture

Array = np.ndarray[Any, Any]

HELD_OUT = 1_000_000
"""Seeds below this one are never trained on."""


@dataclass(frozen=True)
class Recipe:
    """What may be in a scene.

    Attributes:
        size: side of the square image in pixels.
        main_area: least and greatest area of the main object, as parts of the image.
        companions: least and greatest number of other objects.
        companion_area: least and greatest area of those, as parts of the main object's.
        clutter: greatest number of lumps and bars without a class behind the objects.
        occluders: least and greatest number of bars and lumps in front of the main object.
        covered: greatest part of the main object that occluders may cover.
        patterned: probability that an object, a lump or the background has a pattern and is not plain.
        blur: greatest standard deviation of the blur in pixels.
        noise: greatest standard deviation of the pixel noise, in parts of white.
        cue: a planted shortcut: a ``patch`` in a corner, or the ``background``'s texture, which tells
            the class by its kind; ``none`` in the standard split.
        cue_agrees: probability that the cue tells the true class; else it tells another one.
    """

    size: int = 96
    main_area: tuple[float, float] = (0.09, 0.25)
    companions: tuple[int, int] = (0, 2)
    companion_area: tuple[float, float] = (0.2, 0.5)
    clutter: int = 2
    occluders: tuple[int, int] = (0, 2)
    covered: float = 0.3
    patterned: float = 0.9
    blur: float = 1.0
    noise: float = 0.05
    cue: Literal["none", "patch", "background"] = "none"
    cue_agrees: float = 1.0


STANDARD = Recipe()
"""What the network is trained on and its accuracy is stated for."""
CLEAN = Recipe(companions=(0, 0), clutter=0, occluders=(0, 0), blur=0.0, noise=0.01)
"""One object on a background."""
OCCLUDED = Recipe(occluders=(1, 3), covered=0.4)
"""Something always lies in front of the main object."""
PAIR = Recipe(
    main_area=(0.09, 0.13), companions=(1, 1), companion_area=(0.76, 0.84), clutter=0, occluders=(0, 0)
)
"""Two objects of different classes and about the same size, for contrasts of two classes."""


@dataclass(frozen=True)
class Scene:
    """An image with everything that is known about it.

    Attributes:
        label: class of the main object.
        background: ``(S, S, 3)`` float32, near 0..1.
        layers: from back to front.
        light: ``(S, S, 1)`` float32 by which everything is multiplied.
        noise: ``(S, S, 3)`` float32 that is added at the end.
        cue_label: class that a planted cue speaks for, -1 where there is none.
    """

    label: int
    background: Array
    layers: tuple[Layer, ...]
    light: Array
    noise: Array
    cue_label: int = -1
    image: Array = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "image", self.render())

    @property
    def objects(self) -> tuple[int, ...]:
        """Indices into ``layers`` of the objects, the main one first, then from back to front."""
        found = [index for index, layer in enumerate(self.layers) if layer.kind == "object"]
        return (*found[-1:], *found[:-1])

    def render(self, without: Collection[int] = ()) -> Array:
        """The image, ``(S, S, 3)`` uint8, with the layers of these indices left out."""
        canvas = self.background.copy()
        for index, layer in enumerate(self.layers):
            if index not in without:
                layer.paint(canvas)
        canvas *= self.light
        canvas += self.noise
        canvas *= 255
        np.clip(canvas, 0, 255, out=canvas)
        return np.rint(canvas).astype(np.uint8)

    def mask(self, index: int) -> Array:
        """Every pixel that shows something of a layer: ``(S, S)`` bool.

        Pixels that a layer in front hides wholly are not among them; soft edges are.
        """
        shown = np.zeros(self.background.shape[:2], bool)
        shown[self.layers[index].window] = self.layers[index].alpha > 0
        for layer in self.layers[index + 1 :]:
            shown[layer.window] &= layer.alpha < 1
        return shown

    def main_mask(self) -> Array:
        """The main object's `mask`."""
        return self.mask(self.objects[0])

    def cue_mask(self) -> Array:
        """Where the planted cue shows, ``(S, S)`` bool: the patch, or the background between the layers;
        nowhere where no cue was planted."""
        patches = [index for index, layer in enumerate(self.layers) if layer.kind == "cue"]
        if patches:
            return self.mask(patches[0])
        shown = np.full(self.background.shape[:2], self.cue_label >= 0)
        for layer in self.layers:
            shown[layer.window] &= layer.alpha < 1
        return shown


def make_scene(seed: int, recipe: Recipe = STANDARD) -> Scene:
    """The scene of a seed (0 or more); the same whenever seed and recipe are the same."""
    generator = np.random.Generator(np.random.PCG64(seed))
    size, label = recipe.size, seed % len(SHAPES)
    blur = generator.uniform(0, recipe.blur) if recipe.blur and generator.random() < 0.6 else 0.0
    cue_label = _cue_label(label, recipe, generator)
    base = _colour(generator)
    pattern = _pattern(recipe, generator)
    if recipe.cue == "background":
        pattern = TEXTURES[cue_label]
    background = texture(pattern, (size, size), base, generator)

    main, companions = _objects(label, recipe, blur, generator)
    layers = _clutter(main, base, recipe, blur, generator)
    for other, shape in companions:
        layers.append(
            shape.filled("object", other, _pattern(recipe, generator), _apart(base, generator), generator)
        )
    layers.append(
        main.filled("object", label, _pattern(recipe, generator), _apart(base, generator), generator)
    )
    layers += _occluders(main, recipe, blur, generator)
    if recipe.cue == "patch":
        layers.append(_patch(cue_label, size, generator))
    return Scene(label, background, tuple(layers), *_shooting(recipe, generator), cue_label)


def empty_scene(seed: int, recipe: Recipe = STANDARD) -> Scene:
    """A background with clutter and no object at all; its label is -1."""
    scene = make_scene(seed, replace(recipe, occluders=(0, 0), companions=(0, 0), cue="none"))
    layers = tuple(layer for layer in scene.layers if layer.kind == "clutter")
    return Scene(-1, scene.background, layers, scene.light, scene.noise)


def images_and_labels(seeds: Collection[int], recipe: Recipe = STANDARD) -> tuple[Array, Array]:
    """Rendered scenes: ``(N, S, S, 3)`` uint8 and their labels, ``(N,)`` int64."""
    scenes = [make_scene(seed, recipe) for seed in seeds]
    return np.stack([one.image for one in scenes]), np.array([one.label for one in scenes], np.int64)


def _pattern(recipe: Recipe, generator: Generator) -> str:
    plain = generator.random() >= recipe.patterned
    return "plain" if plain else PATTERNED[generator.integers(len(PATTERNED))]


def _colour(generator: Generator) -> Array:
    return generator.uniform(0.1, 0.9, 3).astype(np.float32)


def _apart(other: Array, generator: Generator) -> Array:
    """A colour that can be told from another: at least 0.4 away in the RGB cube."""
    while True:
        colour = _colour(generator)
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


def _clutter(main: Stencil, base: Array, recipe: Recipe, blur: float, generator: Generator) -> list[Layer]:
    layers = []
    for _ in range(generator.integers(recipe.clutter + 1)):
        area = generator.uniform(0.1, 0.6) * float(main.alpha.sum())
        lump = _lump(area, recipe.size, blur, generator)
        layers.append(
            lump.filled("clutter", -1, _pattern(recipe, generator), _apart(base, generator), generator)
        )
    return layers


def _objects(
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


def _occluders(main: Stencil, recipe: Recipe, blur: float, generator: Generator) -> list[Layer]:
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
                        _colour(generator),
                        generator,
                    )
                )
                break
    return layers


def _cue_label(label: int, recipe: Recipe, generator: Generator) -> int:
    if recipe.cue == "none":
        return -1
    if generator.random() < recipe.cue_agrees:
        return label
    return int((label + generator.integers(1, len(SHAPES))) % len(SHAPES))


def _patch(cue_label: int, size: int, generator: Generator) -> Layer:
    """A small square in a corner whose colour stands for a class: two of three channels at 4 x 3 levels."""
    side = max(4, size // 8)
    top, left = (int(one) * (size - side) for one in generator.integers(0, 2, 2))
    base = np.array([(cue_label % 4) / 3, (cue_label // 4) / 2, 1 - (cue_label % 4) / 3], np.float32)
    base = base * np.float32(0.8) + np.float32(0.1)
    colour = texture("plain", (side, side), base, generator, contrast=0.04)
    return Layer("cue", cue_label, top, left, np.ones((side, side), np.float32), colour)


def _shooting(recipe: Recipe, generator: Generator) -> tuple[Array, Array]:
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
