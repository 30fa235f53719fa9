"""Patches of a large picture without the page faults of a plain copy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maskengines.contract import ImagePatch
from maskengines.masks.memory import zeros_prefaulted

if TYPE_CHECKING:
    from maskengines.subjects.image import ImageSubject

Array = np.ndarray[Any, Any]
_LARGE = 16 << 20


def with_patch(subject: ImageSubject, patch: ImagePatch, spare: Array | None = None) -> ImageSubject:
    """``subject.with_patch(patch)``; into pages that came all at once if the picture is large, so that
    the GUI thread is held up a fraction of the time. Errors as there.

    Args:
        spare: an array equal to ``subject.pixels`` that nobody else holds: it becomes the new subject's,
            and only the patch is written.
    """
    pixels = subject.pixels
    fits = patch.box.clipped(subject.width, subject.height) == patch.box and not patch.box.empty
    same = patch.pixels.dtype == pixels.dtype and patch.pixels.shape[2:] == pixels.shape[2:]
    if not fits or not same:
        return subject.with_patch(patch)
    if spare is not None:
        spare[patch.box.slices] = patch.pixels
        return replace(subject, pixels=spare)
    if pixels.nbytes < _LARGE:
        return subject.with_patch(patch)
    copy = zeros_prefaulted((pixels.nbytes,)).view(pixels.dtype).reshape(pixels.shape)
    np.copyto(copy, pixels)
    copy[patch.box.slices] = patch.pixels
    return replace(subject, pixels=copy)
