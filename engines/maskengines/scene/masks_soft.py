"""The self-supervised soft mask (paper, section 3.2): a logit for each pixel of each photo, fitted to how
well the features of the rendered picture agree with the photo's."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskengines.scene.adam import Moments
from maskengines.scene.views import View

Array = np.ndarray[Any, Any]

SHARPNESS = np.float32(8)
_START = 1.0
_RATE = 0.1


class SoftMasks:
    """Logits z of every photo; the mask is ``sigmoid(8 z)``, almost 1 at first."""

    def __init__(self) -> None:
        self._logits: dict[str, Array] = {}
        self._moments: dict[str, Moments] = {}
        self._steps: dict[str, int] = {}

    def mask(self, view: View) -> Array:
        """``(h, w)`` float32 in 0..1, low in distractors."""
        found: Array = 1 / (1 + np.exp(-SHARPNESS * self._of(view)))
        return found

    def fit(self, view: View, apart: Array) -> None:
        """One step of Adam on ``|sigmoid(8 z) - (1 - d)|``, d the distance of features in this view scaled to
        0..1 (paper, eq. 4)."""
        logits = self._of(view)
        low, high = float(apart.min()), float(apart.max())
        wanted = 1 - (apart - low) / np.float32(max(high - low, 1e-8))
        mask = self.mask(view)
        slope = np.sign(mask - wanted) * SHARPNESS * mask * (1 - mask) / np.float32(mask.size)
        self._steps[view.name] += 1
        self._moments[view.name].move(
            logits, slope.astype(np.float32), _RATE, self._steps[view.name], epsilon=1e-15
        )

    def _of(self, view: View) -> Array:
        if view.name not in self._logits:
            shape = (view.camera.height, view.camera.width)
            self._logits[view.name] = np.full(shape, _START, np.float32)
            self._moments[view.name] = Moments(shape)
            self._steps[view.name] = 0
        return self._logits[view.name]
