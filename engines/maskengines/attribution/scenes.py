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
from typing import Any

import numpy as np

from maskengines.attribution.composing import (
    clutter,
    cue_class,
    cue_patch,
    light_and_noise,
    occluders,
    painted,
    pattern_of,
    place_objects,
    random_colour,
)
from maskengines.attribution.layers import Layer
from maskengines.attribution.outlines import SHAPES
from maskengines.attribution.recipes import STANDARD, Recipe
from maskengines.attribution.textures import TEXTURES, texture

Array = np.ndarray[Any, Any]

HELD_OUT = 1_000_000
"""Seeds below this one are never trained on."""


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
    cue_label = cue_class(label, recipe, generator)
    base = random_colour(generator)
    pattern = pattern_of(recipe, generator)
    if recipe.cue == "background":
        pattern = TEXTURES[cue_label]
    background = texture(pattern, (size, size), base, generator)

    main, companions = place_objects(label, recipe, blur, generator)
    layers = clutter(main, base, recipe, blur, generator)
    for other, shape in companions:
        layers.append(painted(shape, other, base, recipe, generator))
    layers.append(painted(main, label, base, recipe, generator))
    layers += occluders(main, recipe, blur, generator)
    if recipe.cue == "patch":
        layers.append(cue_patch(cue_label, size, generator))
    return Scene(label, background, tuple(layers), *light_and_noise(recipe, generator), cue_label)


def empty_scene(seed: int, recipe: Recipe = STANDARD) -> Scene:
    """A background with clutter and no object at all; its label is -1."""
    scene = make_scene(seed, replace(recipe, occluders=(0, 0), companions=(0, 0), cue="none"))
    layers = tuple(layer for layer in scene.layers if layer.kind == "clutter")
    return Scene(-1, scene.background, layers, scene.light, scene.noise)
