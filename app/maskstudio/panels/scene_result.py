"""Scenes in the gallery, as the first camera sees them: the picture that came with one, else dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.contract import Candidate, ImagePatch
from maskengines.errors import BadInput
from maskengines.results.scenes import SceneResult
from maskengines.subjects.cameras import Camera
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from maskstudio.panels.parts import WHOLE, Part
from maskstudio.window import theme

if TYPE_CHECKING:
    from maskstudio.documents.document import Document

Array = np.ndarray[Any, Any]

_MOST = 20_000
_LEAST_ALPHA = 0.05


class SceneResultView:
    """A scene as one answer."""

    kind = "scene"
    columns = 2
    aspect = 4 / 3

    def parts(self, candidate: Candidate) -> Sequence[Part]:
        return (WHOLE,)

    def thumbnail(self, candidate: Candidate, part: Part, document: Document, size: QSize) -> QImage:
        try:
            scene = SceneResult.read(candidate.result)
        except BadInput:
            return QImage()
        if scene.picture is not None:
            pixels = np.ascontiguousarray(scene.picture)
            height, width = pixels.shape[:2]
            return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        camera = scene.cameras[0] if scene.cameras else _before(scene.gaussians.means)
        return dots(scene, camera, size)

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        return None


def dots(scene: SceneResult, camera: Camera, size: QSize) -> QImage:
    """A picture of ``size`` with a dot for each Gaussian that is not too faint, the near ones in front."""
    width, height = max(1, size.width()), max(1, size.height())
    seen = camera.resized(width, height)
    gaussians = scene.gaussians
    gaussians = gaussians.take(slice(None, None, max(1, len(gaussians) // _MOST)))
    gaussians = gaussians.take(gaussians.alphas > _LEAST_ALPHA)
    pixels, depth = seen.project(gaussians.means)
    radius = np.exp(gaussians.scales.max(axis=1)) * seen.fx / np.maximum(depth, seen.near)
    shown = theme.current().colour("canvas")
    picture = np.full((height, width, 3), (shown.red(), shown.green(), shown.blue()), np.uint8)
    colours = np.rint(np.clip(gaussians.colours, 0, 1) * 255).astype(np.uint8)
    order = np.argsort(-depth, kind="stable")
    order = order[np.isfinite(pixels[order]).all(axis=1)]
    for row in order[(np.abs(pixels[order]) < 1e4).all(axis=1)].tolist():
        x, y, side = int(pixels[row, 0]), int(pixels[row, 1]), int(min(max(radius[row], 0.0), 4.0))
        picture[max(0, y - side) : max(0, y + side + 1), max(0, x - side) : max(0, x + side + 1)] = colours[
            row
        ]
    return QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _before(means: Array) -> Camera:
    """A camera that sees most of a scene that names none."""
    middle = np.median(means, axis=0) if len(means) else np.zeros(3)
    away = float(np.quantile(np.linalg.norm(means - middle, axis=1), 0.9)) if len(means) else 1.0
    matrix = np.eye(4)
    matrix[:3, 3] = -middle + (0, 0, 2.5 * max(away, 1e-6))
    return Camera(64, 48, 60.0, 60.0, 32.0, 24.0, matrix)
