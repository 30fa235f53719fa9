"""How good a scene is: clean test views, and masks against true ones. Training never reads these files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.masks.files import load_mask
from maskengines.scene.rasteriser import render
from maskengines.scene.ssim import mean_ssim
from maskengines.scene.views import View, resized
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.image_io import load_image
from maskengines.subjects.scene import TEST, SceneSubject
from maskengines.subjects.scene_files import clean_photo, true_mask
from maskengines.subjects.scene_photos import read_photo

Array = np.ndarray[Any, Any]

_CLUTTER = 0.5
"""Up to this a mask counts as clutter."""


@dataclass(frozen=True, eq=False)
class TestView:
    """A view that is not trained on, ``photo`` (h, w, 3) float32 in 0..1 without clutter."""

    __test__ = False

    camera: Camera
    photo: Array


def test_views(subject: SceneSubject, longest: int) -> list[TestView]:
    """The test views of a scene at the size of a training; the clean photo where its folder has one, else the
    photo as it is. None where the scene has no test views."""
    views = []
    for photo in subject.placed(TEST):
        assert photo.camera is not None
        clean = clean_photo(subject, photo)
        pixels = read_photo(photo) if clean is None else load_image(clean).display_rgb8()
        scale = min(1.0, longest / max(photo.width, photo.height))
        camera = photo.camera if scale == 1 else photo.camera.scaled(scale)
        pixels = resized(pixels, camera.width, camera.height)
        views.append(TestView(camera, pixels.astype(np.float32) / np.float32(255)))
    return views


test_views.__test__ = False  # type: ignore[attr-defined]  # a test that imports it would run it


def quality(gaussians: Gaussians, views: Sequence[TestView]) -> tuple[float, float]:
    """Mean PSNR in dB and mean SSIM over test views, of pictures cut to 0..1 in front of black."""
    found = []
    for view in views:
        picture = np.clip(render(gaussians, view.camera).colour, 0, 1)
        error = float(((picture - view.photo) ** 2).mean(dtype=np.float64))
        found.append((-10 * np.log10(max(error, 1e-10)), mean_ssim(picture, view.photo)))
    psnr, similarity = np.mean(found, axis=0)
    return float(psnr), float(similarity)


def true_masks(subject: SceneSubject, views: Sequence[View]) -> dict[str, Array]:
    """``(h, w)`` bool by the name of a training photo: where the clutter is, of those of which the scene's
    folder says so."""
    found = {}
    for view in views:
        file = true_mask(subject, subject.photo(view.name))
        if file is not None:
            mask = resized(load_mask(file, view.size), view.camera.width, view.camera.height)
            found[view.name] = mask >= 128
    return found


def agreement(truths: Mapping[str, Array], views: Sequence[View], mask: Callable[[View], Array]) -> float:
    """Intersection over union of learned and true clutter over all pixels of all photos whose truth is known;
    1 where there is none of either.

    Args:
        mask: what counts as static in a view, (h, w) in 0..1.
    """
    both = either = 0
    for view in views:
        if view.name in truths:
            truth, found = truths[view.name], mask(view) <= _CLUTTER
            both += int((truth & found).sum())
            either += int((truth | found).sum())
    return both / either if either else 1.0
