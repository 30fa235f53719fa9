"""Segments of a photo that may be a distractor: those that nothing shows to be static."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_SPARSE = 0.3
"""A segment is a candidate where its points are less dense than this share of the photo's. The authors' code
says 0.1, of whole objects; beside a small piece of a distractor a stray point weighs more."""

_ALONE = 1 / 2
"""And where more than this share of it is in no other photo. The paper asks for sparse points alone, which
are nowhere in blurred backgrounds: what is there and not learned yet is masked then, and never learned."""

_SCALES = (50.0,)
"""Of Felzenszwalb's method. Coarser segments reach beyond the distractors."""
_SMOOTHING = 0.6
_LEAST_AREA = 1 / 1500
"""Of a segment, as a share of the photo."""


@dataclass(frozen=True, eq=False)
class Segments:
    """Several segmentations of one photo, from fine to coarse.

    Attributes:
        labels: ``(L, h, w)`` int32: which segment of a level a pixel is in.
        areas: for each level ``(S,)`` pixels of its segments.
        allowed: for each level ``(S,)`` bool: the segment may be a distractor.
    """

    labels: Array
    areas: Sequence[Array]
    allowed: Sequence[Array]


def segments_of(photo: Array, observed: Array, alone: Array) -> Segments:
    """Felzenszwalb's segments (the paper takes Semantic-SAM's at two levels), and which of them
    may be distractors (paper, section 3.2, and `_ALONE`).

    Args:
        photo: ``(h, w, 3)`` float32 in 0..1.
        observed: ``(M, 2)`` pixels where points that three photos see were found; with none of them every
            segment may be a distractor.
        alone: ``(h, w)`` bool: no other photo shows this.
    """
    from skimage.segmentation import felzenszwalb

    height, width = photo.shape[:2]
    columns, rows = np.floor(observed).astype(np.int64).T if len(observed) else (np.zeros(0, np.int64),) * 2
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    columns, rows = columns[inside], rows[inside]
    least = max(10, round(_LEAST_AREA * height * width))
    labels, areas, allowed = [], [], []
    for scale in _SCALES:
        found = felzenszwalb(photo, scale=scale, sigma=_SMOOTHING, min_size=least).astype(np.int32)
        area = np.bincount(found.reshape(-1))
        points = np.bincount(found[rows, columns], minlength=len(area))
        labels.append(found)
        areas.append(area)
        lonely = np.bincount(found.reshape(-1), weights=alone.reshape(-1), minlength=len(area))
        poor = points / area <= _SPARSE * len(rows) / (height * width)
        allowed.append(poor & (lonely / area > _ALONE))
    return Segments(np.stack(labels), areas, allowed)
