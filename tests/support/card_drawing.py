"""Draws one scene by OpenGL and by the studio's own rasteriser, and prints how far apart the frames are.

To be run where there is a display, with MASKSTUDIO_GRAPHICS=any; prints a line of JSON, `null` where there is
no OpenGL.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from maskengines.scene.viewing import Picture
from maskstudio.canvas.gl.graphics import Graphics
from maskstudio.canvas.gl.splat_painter import SplatPainter
from maskstudio.canvas.gl.texels import texels_of
from maskstudio.window.graphics_card import Card
from PySide6.QtGui import QGuiApplication
from some_scene import around, some_gaussians


def compare(graphics: Graphics, degree: int) -> dict[str, float]:
    """How far frames of a scene with colours of that degree are apart.

    Returns:
        ``worst`` of all but a thousandth of the pixels' numbers and their ``mean`` (0..255), ``depth`` as a
        share, and ``drawn``, the mean of what is drawn.
    """
    gaussians = some_gaussians(3000, degree)
    rng = np.random.default_rng(degree)
    shown, selected, locked = rng.random(3000) < 0.9, rng.random(3000) < 0.2, rng.random(3000) < 0.2
    painter, picture = SplatPainter(graphics, texels_of(gaussians)), Picture(gaussians)
    tint = (1.0, 0.4, 0.1)
    painter.show(shown, selected, locked, tint)
    picture.show({"shown": shown, "selected": selected, "locked": locked, "tint": tint})
    pixels, depths, means = [], [], []
    for number, camera in enumerate(around(3, 150, 101, 9.0)):
        theirs, own = painter.frame(camera, number), picture.frame(camera, number)
        assert theirs.number == number
        pixels.append(np.abs(theirs.pixels.astype(int) - own.pixels))
        both = (theirs.depth > 0) & (own.depth > 0)
        assert ((theirs.depth > 0) != (own.depth > 0)).mean() < 0.02
        depths.append(np.abs(theirs.depth - own.depth)[both] / own.depth[both])
        means.append(own.pixels.mean())
    painter.close()
    apart = np.concatenate([each.ravel() for each in pixels])
    return {
        "worst": float(np.percentile(apart, 99.9)), "mean": float(apart.mean()),
        "depth": float(np.median(np.concatenate(depths))), "drawn": float(np.mean(means)),
    }  # fmt: skip


if __name__ == "__main__":
    application = QGuiApplication(sys.argv)
    card = Card().graphics()
    print(json.dumps(card and [compare(card, degree) for degree in range(4)]))
