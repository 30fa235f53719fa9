"""The graphics card: whether there is one worth using, and a place to draw that no window shows."""

from __future__ import annotations

import logging
from typing import Any

from PySide6.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat

log = logging.getLogger(__name__)

SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software", "gdi generic", "basic render")
"""Parts of the names of renderers that run on the CPU; the studio's own one is faster than they are."""

_RENDERER, _MOST_TEXELS = 0x1F01, 0x0D33


class Graphics:
    """An OpenGL 3.3 core context of its own, for the GUI thread.

    Attributes:
        gl: its functions, `QOpenGLFunctions_3_3_Core`.
        renderer: what the card calls itself.
        most: sides of the largest texture.
    """

    def __init__(self, context: QOpenGLContext, surface: QOffscreenSurface, gl: Any) -> None:
        self._context, self._surface, self.gl = context, surface, gl
        self.renderer = str(gl.glGetString(_RENDERER))
        self.most = int(gl.glGetIntegerv(_MOST_TEXELS))

    @property
    def software(self) -> bool:
        """It is no card: the CPU pretends to be one."""
        return any(name in self.renderer.lower() for name in SOFTWARE)

    def enter(self) -> bool:
        """Make it the one that is drawn with; False if the card is gone."""
        return self._context.makeCurrent(self._surface)

    def leave(self) -> None:
        """Let others draw."""
        self._context.doneCurrent()


def open_graphics() -> Graphics | None:
    """A context, current; None where OpenGL 3.3 cannot be had."""
    from PySide6.QtOpenGL import QOpenGLFunctions_3_3_Core

    wanted = QSurfaceFormat()
    wanted.setVersion(3, 3)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    context, surface = QOpenGLContext(), QOffscreenSurface()
    context.setFormat(wanted)
    surface.setFormat(wanted)
    # Whatever goes on with a context that could not be made ends the process.
    if not context.create():
        return None
    surface.create()
    if not surface.isValid() or not context.makeCurrent(surface):
        return None
    gl = QOpenGLFunctions_3_3_Core()
    if context.format().version() < (3, 3) or not gl.initializeOpenGLFunctions():
        context.doneCurrent()
        return None
    found = Graphics(context, surface, gl)
    log.info("OpenGL: %s", found.renderer)
    return found
