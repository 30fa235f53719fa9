"""Where a scene needs more Gaussians, and which it can do without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.scene.model import Model
from maskengines.scene.rasteriser.autograd import Trace
from maskengines.subjects.cameras import Camera
from maskengines.subjects.quaternions import rotation_matrices

Array = np.ndarray[Any, Any]

_SPLIT_SHRINK = 1.6
_CHILDREN = 2


@dataclass(frozen=True)
class Growth:
    """How a model may grow.

    Attributes:
        threshold: mean absolute gradient of a centre, in halves of the picture (AbsGS, Ye et al. 2024),
            from which a Gaussian is split or cloned.
        dense: share of the scene's extent up to which a Gaussian is cloned and beyond which it is split.
        faintest: opacity below which one is removed.
        cap: Gaussians at most.
    """

    threshold: float = 4e-4
    dense: float = 0.01
    faintest: float = 0.005
    cap: int = 30_000


@dataclass(frozen=True, eq=False)
class Revision:
    """What became of a model's Gaussians.

    Attributes:
        sources: ``(N,)`` int64: which former Gaussian each one now comes from.
        children: how many at the end were split off their source and lie elsewhere than it did.
    """

    sources: Array
    children: int


class Densifier:
    """Watches the gradients of one model and grows it (Kerbl et al. 2023, section 5.2, with the absolute
    gradients of AbsGS); opacities are never reset (paper, section 4.1)."""

    def __init__(self, growth: Growth) -> None:
        self.growth = growth
        self._start = 0
        self._sum = np.zeros(0, np.float64)
        self._seen = np.zeros(0, np.int64)

    def watch(self, trace: Trace, camera: Camera) -> None:
        """Note what one backward pass told."""
        if len(self._sum) != len(trace.visible):
            self._sum, self._seen = np.zeros(len(trace.visible)), np.zeros(len(trace.visible), np.int64)
        half = np.array([camera.width / 2, camera.height / 2], np.float32)
        self._sum += np.linalg.norm(trace.absolute * half, axis=1)
        self._seen += trace.visible

    def revise(self, model: Model, share: float) -> Revision:
        """Remove what is too faint, then clone and split what has been pulled most; a copy of the model can
        follow what is returned.

        Args:
            share: of the way to the cap that may be gone by now, 0..1. Were it gone at once, nothing would be
                left for what shows later to be missing.
        """
        keep = 1 / (1 + np.exp(-model.arrays["opacities"].astype(np.float64))) >= self.growth.faintest
        keep &= np.isfinite(model.arrays["means"]).all(axis=1)
        mean = self._sum / np.maximum(self._seen, 1)
        wanted = keep & (mean >= self.growth.threshold)
        self._start = self._start or len(model)
        allowed = self._start + share * max(0, self.growth.cap - self._start)
        room = max(0, int(allowed) - int(keep.sum()))
        chosen = np.flatnonzero(wanted)
        if len(chosen) > room:
            chosen = np.sort(chosen[np.argsort(-mean[chosen], kind="stable")[:room]])
        large = np.exp(model.arrays["scales"][chosen].max(axis=1)) > self.growth.dense * model.extent
        split, cloned = chosen[large], chosen[~large]
        keep[split] = False
        kept = np.flatnonzero(keep)
        more = {name: model.arrays[name][cloned] for name in model.arrays}
        children = _children(model, split)
        model.take(kept)
        model.grow({name: np.concatenate([more[name], children[name]]) for name in model.arrays})
        self._sum, self._seen = np.zeros(len(model)), np.zeros(len(model), np.int64)
        sources = np.concatenate([kept, cloned, np.tile(split, _CHILDREN)])
        return Revision(sources, _CHILDREN * len(split))


def _children(model: Model, split: Array) -> dict[str, Array]:
    """Two Gaussians for each of ``split``, side by side on its longest axis, which together have its mean,
    its variance and its weight.

    Kerbl et al. draw them from it at random. Half of the Gaussians may be split at once here, and the picture
    is then so far off that a tenth of all steps goes into mending it, in which masks see differences
    everywhere.
    """
    parents = np.tile(split, _CHILDREN)
    found = {name: model.arrays[name][parents].copy() for name in model.arrays}
    rows, longest = np.arange(len(parents)), found["scales"].argmax(axis=1)
    side = np.repeat(np.array([1, -1], np.float32), len(split)) * np.float32(np.sqrt(1 - _SPLIT_SHRINK**-2))
    reach = side * np.exp(found["scales"][rows, longest])
    found["means"] += rotation_matrices(found["rotations"])[rows, :, longest] * reach[:, None]
    found["scales"][rows, longest] -= np.float32(np.log(_SPLIT_SHRINK))
    opacity = _SPLIT_SHRINK / _CHILDREN / (1 + np.exp(-found["opacities"].astype(np.float64)))
    found["opacities"] = np.log(opacity / (1 - opacity)).astype(np.float32)
    return found
