"""How far an explanation agrees with what is known: exact object masks, and masks that must tell nothing.

Three measures of a map against the exact mask of what decided the answer (`pointing_game`, `mask_cosine`,
`jaccard_at_area`), and two of a strategy of hiding: does the outline of what it hides leak into the answer?
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from maskengines.attribution.recipes import CLEAN, STANDARD
from maskengines.attribution.scenes import Array, empty_scene, make_scene
from maskengines.attribution.scoring import Scorer, probabilities

Case = tuple[Scorer, Array, int]
"""A photo seen through a strategy, a mask ``(H, W)`` bool, and the class whose outline the mask has."""


def pointing_game(heat: Array, mask: Array) -> float:
    """Whether the hottest pixel of a map lies in the mask: 1 or 0.

    The pointing game of Zhang et al. (arXiv 1608.00507) without its margin of 15 pixels, for which
    masks that are exact have no need.

    Where several pixels are equally hot, as in a map of superpixels, the part of them that lies in it.

    Args:
        heat: ``(H, W)`` finite, higher for what speaks more for the class.
        mask: ``(H, W)`` bool.
    """
    return float(mask[heat == heat.max()].mean())


def mask_cosine(heat: Array, mask: Array) -> float:
    """Cosine of the angle between a map and a mask of zeros and ones, both ``(H, W)``: -1..1.

    0 where either is zero everywhere. Negative heat counts as it is.
    """
    length = float(np.linalg.norm(heat.astype(np.float64))) * float(np.sqrt(mask.sum()))
    return float(heat.astype(np.float64)[mask].sum()) / length if length else 0.0


def jaccard_at_area(heat: Array, mask: Array) -> float:
    """Intersection over union of a mask and the map's hottest pixels, as many as the mask has: 0..1.

    Of equally hot pixels at the border every one is taken in part, so the answer does not depend on their
    order: a constant map has the value of a random choice.
    """
    area = int(mask.sum())
    if not area:
        return 0.0
    least = np.partition(heat.ravel(), heat.size - area)[heat.size - area]
    above, equal = heat > least, heat == least
    share = (area - int(above.sum())) / int(equal.sum())
    common = float(mask[above].sum()) + share * float(mask[equal].sum())
    return common / (2 * area - common)


def broken(mask: Array) -> Array:
    """The mask with its four quarters exchanged diagonally: the same area, the outline destroyed."""
    height, width = mask.shape
    return np.roll(mask, (height // 2, width // 2), axis=(0, 1))


@dataclass(frozen=True)
class ObjectLeak:
    """What is left of right answers when exactly the object is hidden; see `object_leak`.

    Attributes:
        photos: how many were answered rightly before anything was hidden.
        kept: part of those that are still answered rightly.
        kept_broken: the same with the quarters of the mask exchanged.
    """

    photos: int
    kept: float
    kept_broken: float


def object_leak(cases: Iterable[Case]) -> ObjectLeak:
    """The mask-shape experiment of arXiv 2211.14646 on Pixel ImageNet (what its abstract calls "the shape of
    the mask may leak information about the class"; the published notebook "Mask shape bias").

    Of every photo that is answered rightly, exactly the object is hidden. A right answer can then come
    from the background or from the mask's outline alone. On scenes whose background is independent of the
    class only the outline is left: ``kept`` above ``1 / classes`` is leakage. As a control the same mask is
    hidden with its quarters exchanged (`broken`): an object in the middle shows, and no outline does.
    """
    rows = []
    for scorer, mask, label in cases:
        visible = np.stack([np.ones_like(mask), ~mask, ~broken(mask)])
        whole, hidden, control = scorer.logits(visible).argmax(axis=1) == label
        if whole:
            rows.append((hidden, control))
    kept, kept_broken = np.mean(rows, axis=0) if rows else (np.nan, np.nan)
    return ObjectLeak(len(rows), float(kept), float(kept_broken))


@dataclass(frozen=True)
class SilhouetteLeak:
    """How often a strategy makes a network see what is not there; see `silhouette_leak`.

    Attributes:
        photos: how many photos without an object were asked about.
        hidden: part of them where hiding a silhouette makes the answer the silhouette's class.
        kept: the same when all but the silhouette is hidden.
        plain: the same when nothing is hidden, which is what chance gives.
        rise: mean growth of that class's probability by hiding the silhouette, -1..1.
    """

    photos: int
    hidden: float
    kept: float
    plain: float
    rise: float


def silhouette_leak(cases: Iterable[Case]) -> SilhouetteLeak:
    """Hides the outline of a class in photos that hold no object at all, and asks whether it is seen.

    Sharper than `object_leak`: nothing of any class is in the photo, so whatever rises above ``plain``
    was put there by the strategy.
    """
    hits, rises = [], []
    for scorer, mask, label in cases:
        logits = scorer.logits(np.stack([~mask, mask, np.ones_like(mask)]))
        hits.append(logits.argmax(axis=1) == label)
        hidden, _, plain = probabilities(logits)[:, label]
        rises.append(hidden - plain)
    hidden, kept, plain = np.mean(hits, axis=0)
    return SilhouetteLeak(len(hits), float(hidden), float(kept), float(plain), float(np.mean(rises)))


def object_cases(bind: Callable[[Array], Scorer], seeds: Iterable[int]) -> Iterable[Case]:
    """Scenes with one object each, for `object_leak`.

    Args:
        bind: a strategy: given a photo, ``(S, S, 3)`` uint8, the `Scorer` of the built-in network on it.
        seeds: below `scenes.HELD_OUT`, so that the network has not learnt from them.
    """
    alone = replace(STANDARD, companions=(0, 0), occluders=(0, 0))
    for scene in (make_scene(seed, alone) for seed in seeds):
        yield bind(scene.image), scene.main_mask(), scene.label


def silhouette_cases(bind: Callable[[Array], Scorer], seeds: Iterable[int]) -> Iterable[Case]:
    """Scenes without an object, each with the silhouette of a class, for `silhouette_leak`.

    Args as in `object_cases`.
    """
    for seed in seeds:
        outline = make_scene(seed, CLEAN)
        yield bind(empty_scene(seed).image), outline.main_mask(), outline.label
