"""The Dynamic EMA Proxy (paper, section 3.3): a running average of a model that is still growing."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from maskengines.scene.densify import Revision
from maskengines.scene.model import Model
from maskengines.scene.rasteriser import Options
from maskengines.scene.views import View
from maskengines.subjects.gaussians import FIELDS

Array = np.ndarray[Any, Any]

KEPT = np.float32(0.8)
"""Share of the average that stays at each step."""


class Proxy:
    """Averages the raw parameters of a model."""

    def __init__(self, model: Model) -> None:
        self._arrays = {name: array.copy() for name, array in model.arrays.items()}
        self._drawn_by = model.drawn_by

    def update(self, model: Model) -> None:
        """Take in the model as it is now."""
        for name in FIELDS:
            array = self._arrays[name]
            array *= KEPT
            array += (1 - KEPT) * model.arrays[name]

    def follow(self, revision: Revision, model: Model) -> None:
        """Prune, clone and split as the model has been. What was split starts where, as large and as dense as
        the model put it; all else of it is the average of what it came from."""
        for name in FIELDS:
            self._arrays[name] = np.ascontiguousarray(self._arrays[name][revision.sources])
        if revision.children:
            for name in ("means", "scales", "opacities"):
                self._arrays[name][-revision.children :] = model.arrays[name][-revision.children :]

    def draw(self, view: View, degree: int) -> torch.Tensor:
        """Its picture from a view, which no gradient passes."""
        own = {name: torch.from_numpy(self._arrays[name]) for name in FIELDS}
        with torch.no_grad():
            picture, _ = self._drawn_by(
                own["means"], own["scales"], own["rotations"], own["opacities"], own["harmonics"],
                view.camera, options=Options(degree=degree),
            )  # fmt: skip
        return picture
