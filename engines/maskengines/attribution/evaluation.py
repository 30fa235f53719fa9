"""How often the built-in network is right on scenes that it was never trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from maskengines.attribution.recipes import CLEAN, OCCLUDED, STANDARD, Recipe
from maskengines.attribution.resnet import SmallResNet
from maskengines.attribution.scenes import HELD_OUT, Scene, empty_scene, make_scene
from maskengines.attribution.scoring import probabilities

Array = np.ndarray[Any, Any]

_CHUNK = 50


def _logits(network: SmallResNet, scenes: Iterator[Scene]) -> tuple[Array, Array]:
    images, labels = zip(*((one.image, one.label) for one in scenes), strict=True)
    rows = []
    with torch.inference_mode():
        for start in range(0, len(images), _CHUNK):
            rows.append(network(network.prepared(np.stack(images[start : start + _CHUNK]))).numpy())
    return np.concatenate(rows), np.array(labels)


def hits(network: SmallResNet, seeds: Sequence[int], recipe: Recipe = STANDARD) -> tuple[Array, Array]:
    """Whether the first answer is right, ``(N,)`` bool, and the true labels, ``(N,)``, of scenes."""
    recipe = replace(recipe, size=network.config.size)
    logits, labels = _logits(network, (make_scene(seed, recipe) for seed in seeds))
    return logits.argmax(axis=1) == labels, labels


def figures(network: SmallResNet, count: int = 4000, first: int = 0) -> dict[str, Any]:
    """Figures of the model card over ``count`` held-out seeds from ``first``: accuracies in 0..1.

    Keys: ``accuracy`` and ``per_class`` on standard scenes, ``occluded``, ``clean``, and
    ``empty_top``: the mean of the greatest probability on scenes without any object.
    """
    assert first + count <= HELD_OUT
    seeds = range(first, first + count)
    found, labels = hits(network, seeds)
    empty = replace(STANDARD, size=network.config.size)
    logits, _ = _logits(network, (empty_scene(seed, empty) for seed in seeds[: count // 4]))
    return {
        "scenes": count,
        "accuracy": round(float(found.mean()), 4),
        "per_class": {
            name: round(float(found[labels == index].mean()), 4)
            for index, name in enumerate(network.config.labels)
        },
        "occluded": round(float(hits(network, seeds, OCCLUDED)[0].mean()), 4),
        "clean": round(float(hits(network, seeds, CLEAN)[0].mean()), 4),
        "empty_top": round(float(probabilities(logits).max(axis=1).mean()), 4),
    }
