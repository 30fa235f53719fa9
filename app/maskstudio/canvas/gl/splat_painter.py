"""Frames of a scene, drawn by the graphics card."""

from __future__ import annotations

from typing import Any

import numpy as np
from maskengines.results.frames import DEPTH_STEP, TINTED, SceneFrame
from maskengines.subjects.cameras import Camera
from PySide6.QtCore import QSize
from PySide6.QtGui import QVector3D, QVector4D
from PySide6.QtOpenGL import (
    QOpenGLBuffer,
    QOpenGLFramebufferObject,
    QOpenGLShader,
    QOpenGLShaderProgram,
    QOpenGLTexture,
    QOpenGLVertexArrayObject,
)
from shiboken6 import VoidPtr

from maskstudio.canvas.gl import shaders
from maskstudio.canvas.gl.graphics import Graphics
from maskstudio.canvas.gl.splat_order import back_to_front
from maskstudio.canvas.gl.texels import ROW, Texels, flags

Array = np.ndarray[Any, Any]

BLUR = 0.3
"""Variance in square pixels that is added to every splat, as all viewers do."""

# Names of OpenGL, from its registry.
_TEXTURE_2D, _TEXTURE0 = 0x0DE1, 0x84C0
_FIRST_TARGET = 0x8CE0
_BLEND, _ONE, _ONE_MINUS_SOURCE_ALPHA = 0x0BE2, 1, 0x0303
_TRIANGLES, _STRIP = 0x0004, 0x0005
_UNSIGNED_BYTE, _UNSIGNED_INT, _FLOAT, _HALF_FLOAT = 0x1401, 0x1405, 0x1406, 0x140B
_RED, _RG, _RGBA = 0x1903, 0x8227, 0x1908
_RGBA8, _RGBA16F, _R32F, _RG32F = 0x8058, 0x881A, 0x822E, 0x8230
_COLOR, _PACK_ALIGNMENT, _UNPACK_ALIGNMENT = 0x1800, 0x0D05, 0x0CF5


class TooLarge(ValueError):
    """The card's textures do not hold the scene."""


class SplatPainter:
    """Draws N Gaussians, of which some are hidden and some are tinted, as `SceneFrame`.

    Every call needs the GUI thread; `close` gives the card's memory back.

    Raises:
        RuntimeError: the card refuses the programs.
        TooLarge: see there.
    """

    def __init__(self, graphics: Graphics, texels: Texels) -> None:
        self._graphics, self._gl = graphics, graphics.gl
        self._count = len(texels)
        self._bands = texels.bands
        self._means = texels.means
        self._tint = (0.0, 0.0, 0.0)
        self._targets: tuple[QSize, Any, Any, Any] | None = None
        self._enter()
        self._splats = _program(shaders.SPLAT_VERTEX, shaders.SPLAT_FRAGMENT)
        self._shade = _program(shaders.SCREEN_VERTEX, shaders.SHADE_FRAGMENT)
        self._depth = _program(shaders.SCREEN_VERTEX, shaders.DEPTH_FRAGMENT)
        self._array = QOpenGLVertexArrayObject()
        self._array.create()
        self._array.bind()
        self._order = QOpenGLBuffer(QOpenGLBuffer.Type.VertexBuffer)
        self._order.create()
        self._order.bind()
        self._gl.glEnableVertexAttribArray(0)
        self._gl.glVertexAttribIPointer(0, 1, _UNSIGNED_INT, 0, VoidPtr(0))
        self._gl.glVertexAttribDivisor(0, 1)
        self._gl.glPixelStorei(_PACK_ALIGNMENT, 1)
        self._gl.glPixelStorei(_UNPACK_ALIGNMENT, 1)
        formats = QOpenGLTexture.TextureFormat
        self._textures = [
            self._texture(texels.geometry, formats.RGBA32F, _FLOAT, _RGBA),
            self._texture(texels.harmonics, formats.RGBA16F, _HALF_FLOAT, _RGBA),
            self._texture(flags(self._count), formats.RG8_UNorm, _UNSIGNED_BYTE, _RG),
        ]
        graphics.leave()

    def show(self, shown: Array, selected: Array, locked: Array, tint: tuple[float, float, float]) -> None:
        """Hide, tint and dim from now on: ``(N,)`` bool each, and sRGB in 0..1."""
        self._enter()
        self._tint = tint
        self._fill(self._textures[2], flags(self._count, shown, selected, locked), _UNSIGNED_BYTE, _RG)
        self._graphics.leave()

    def frame(self, camera: Camera, number: int) -> SceneFrame:
        """What `camera` sees."""
        self._enter()
        gl, size = self._gl, QSize(camera.width, camera.height)
        drawn, packed, coarse = self._prepared(size)
        view = np.ascontiguousarray(camera.world_to_camera[:3], np.float32)
        order = back_to_front(self._means @ view[2, :3] + view[2, 3], camera.near)
        self._array.bind()
        self._order.bind()
        self._order.allocate(order.tobytes(), order.nbytes)
        drawn.bind()
        gl.glDrawBuffers(2, [_FIRST_TARGET, _FIRST_TARGET + 1])
        gl.glViewport(0, 0, camera.width, camera.height)
        for target in (0, 1):
            gl.glClearBufferfv(_COLOR, target, [0.0, 0.0, 0.0, 0.0])
        gl.glEnable(_BLEND)
        gl.glBlendFunc(_ONE, _ONE_MINUS_SOURCE_ALPHA)
        self._told(camera, view)
        if len(order):
            gl.glDrawArraysInstanced(_STRIP, 0, 4, len(order))
        gl.glDisable(_BLEND)
        names = drawn.textures()
        pixels = self._screen(
            self._shade, packed, names, np.empty((size.height(), size.width(), 4), np.uint8)
        )
        rows, columns = coarse.height(), coarse.width()
        depth = self._screen(self._depth, coarse, names, np.empty((rows, columns), np.float32))
        drawn.release()
        self._graphics.leave()
        return SceneFrame(number, pixels, depth)

    def close(self) -> None:
        """Give back what it holds of the card; it draws no more."""
        if self._graphics.enter():
            for texture in self._textures:
                texture.destroy()
            self._order.destroy()
            self._array.destroy()
            self._targets = None
            self._graphics.leave()

    # --- drawing --------------------------------------------------------------------------------

    def _enter(self) -> None:
        if not self._graphics.enter():
            raise RuntimeError("The graphics card does not answer any more.")

    def _told(self, camera: Camera, view: Array) -> None:
        """Tell the program of the splats from where they are seen."""
        program = self._splats
        program.bind()
        for unit, (name, texture) in enumerate(
            zip(("geometry", "harmonics", "state"), self._textures, strict=True)
        ):
            self._gl.glActiveTexture(_TEXTURE0 + unit)
            texture.bind()
            program.setUniformValue1i(program.uniformLocation(name), unit)
        spare_x, spare_y = 0.15 * camera.width / camera.fx, 0.15 * camera.height / camera.fy
        program.setUniformValue1i(program.uniformLocation("bands"), self._bands)
        for row in range(3):
            program.setUniformValue(program.uniformLocation(f"view[{row}]"), QVector4D(*view[row].tolist()))
        program.setUniformValue(
            program.uniformLocation("eye"), QVector3D(*(float(value) for value in camera.position))
        )
        for name, values in (
            ("lens", (camera.fx, camera.fy, camera.cx, camera.cy)),
            ("slopes", (
                -camera.cx / camera.fx - spare_x, (camera.width - camera.cx) / camera.fx + spare_x,
                -camera.cy / camera.fy - spare_y, (camera.height - camera.cy) / camera.fy + spare_y,
            )),
            ("frame", (camera.width, camera.height, camera.near, BLUR)),
            ("tint", (*self._tint, TINTED)),
        ):  # fmt: skip
            program.setUniformValue(
                program.uniformLocation(name), QVector4D(*(float(value) for value in values))
            )

    def _screen(self, program: Any, target: Any, names: list[int], into: Array) -> Array:
        """Run a program over every pixel of `target` and read what it wrote."""
        gl = self._gl
        target.bind()
        gl.glViewport(0, 0, target.width(), target.height())
        program.bind()
        for unit, (name, texture) in enumerate(zip(("shades", "depths"), names, strict=True)):
            gl.glActiveTexture(_TEXTURE0 + unit)
            gl.glBindTexture(_TEXTURE_2D, texture)
            program.setUniformValue1i(program.uniformLocation(name), unit)
        program.setUniformValue1i(program.uniformLocation("step"), DEPTH_STEP)
        gl.glDrawArrays(_TRIANGLES, 0, 3)
        kind = (_RGBA, _UNSIGNED_BYTE) if into.dtype == np.uint8 else (_RED, _FLOAT)
        gl.glReadPixels(0, 0, target.width(), target.height(), *kind, VoidPtr(into.ctypes.data))
        return into

    def _prepared(self, size: QSize) -> tuple[Any, Any, Any]:
        """Something to draw on for pictures of that size."""
        if self._targets is None or self._targets[0] != size:
            small = QSize(-(-size.width() // DEPTH_STEP), -(-size.height() // DEPTH_STEP))
            drawn = _target(size, _RGBA16F)
            drawn.bind()  # Qt attaches to whichever target is bound
            drawn.addColorAttachment(size, _RG32F)
            packed, coarse = _target(size, _RGBA8), _target(small, _R32F)
            if not all(target.isValid() for target in (drawn, packed, coarse)):
                raise RuntimeError("The graphics card cannot draw pictures of this size.")
            self._targets = size, drawn, packed, coarse
        return self._targets[1:]

    # --- uploading ------------------------------------------------------------------------------

    def _texture(self, texels: Array, form: Any, kind: int, channels: int) -> Any:
        height = len(texels)
        if max(ROW, height) > self._graphics.most:
            raise TooLarge(f"{self._count} Gaussians do not fit into this card's textures.")
        texture = QOpenGLTexture(QOpenGLTexture.Target.Target2D)
        texture.setFormat(form)
        texture.setSize(ROW, height)
        texture.setMipLevels(1)
        texture.allocateStorage()
        texture.setMinMagFilters(QOpenGLTexture.Filter.Nearest, QOpenGLTexture.Filter.Nearest)
        self._fill(texture, texels, kind, channels)
        return texture

    def _fill(self, texture: Any, texels: Array, kind: int, channels: int) -> None:
        self._gl.glActiveTexture(_TEXTURE0)
        texture.bind()
        self._gl.glTexSubImage2D(
            _TEXTURE_2D, 0, 0, 0, ROW, len(texels), channels, kind, VoidPtr(texels.ctypes.data)
        )


def _program(vertex: str, fragment: str) -> QOpenGLShaderProgram:
    program = QOpenGLShaderProgram()
    kinds = QOpenGLShader.ShaderTypeBit
    parts = ((kinds.Vertex, vertex), (kinds.Fragment, fragment))
    if not all(program.addShaderFromSourceCode(kind, source) for kind, source in parts) or not program.link():
        raise RuntimeError(f"The graphics card refuses a program: {program.log()}")
    return program


def _target(size: QSize, form: int) -> QOpenGLFramebufferObject:
    nothing_else = QOpenGLFramebufferObject.Attachment.NoAttachment
    return QOpenGLFramebufferObject(size, nothing_else, _TEXTURE_2D, form)
