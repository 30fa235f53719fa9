"""The multi-cue adaptive mask (paper, section 3.2): segments that are poorly covered by sparse points, that
other photos do not show, and in which pixels that differ in colour and in features are denser than in the
photo as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from maskengines.scene.segments import Segments, segments_of
from maskengines.scene.stereo import Stereo
from maskengines.scene.views import View

Array = np.ndarray[Any, Any]

DUAL_HIGH, EMA_HIGH = 0.9, 0.95
"""Share of the pixels whose colour does not count as different, with two models and with the EMA proxy (the
authors' code); for features it is `DUAL_HIGH` with both."""

_FILLED = 1 / 3
"""Share of a segment that differs, from which it is a distractor, if the photo's own is not greater. The
paper asks for no more than the photo's, of segments that are whole objects; among hundreds of small ones many
that are merely not learned yet pass that, are masked, and are never learned."""


class HardMasks:
    """The segments of the photos, found when they are first needed, and the masks that follow from them."""

    def __init__(self, stereo: Stereo, high: float) -> None:
        self._stereo, self._high = stereo, high
        self._segments: dict[str, Segments] = {}

    def mask(self, view: View, picture: Array, apart: Array) -> Array:
        """``(h, w)`` float32, 0 in distractors and 1 elsewhere.

        Args:
            picture: ``(h, w, 3)`` what the model draws from this view now.
            apart: ``(h, w)`` distance of its features from those of the photo.
        """
        photo = view.colour.numpy()
        if view.name not in self._segments:
            self._segments[view.name] = segments_of(photo, view.observed, self._stereo.alone(view))
        segments = self._segments[view.name]
        residual = np.abs(picture - photo).mean(axis=2)
        high = (residual > np.quantile(residual, self._high)) & (apart > np.quantile(apart, DUAL_HIGH))
        return 1 - distractors(segments, high).astype(np.float32)

    @property
    def found(self) -> Mapping[str, Segments]:
        """Segments by the name of the photo, of those that were needed so far."""
        return self._segments


def distractors(segments: Segments, high: Array) -> Array:
    """``(h, w)`` bool: within a candidate segment where ``high`` (h, w) is denser than `_FILLED` and than its
    mean."""
    found = np.zeros(high.shape, bool)
    least = max(_FILLED, float(high.mean()))
    flat = high.reshape(-1).astype(np.float64)
    for labels, areas, allowed in zip(segments.labels, segments.areas, segments.allowed, strict=True):
        dense = np.bincount(labels.reshape(-1), weights=flat, minlength=len(areas)) / areas > least
        found |= (dense & allowed)[labels]
    return found
