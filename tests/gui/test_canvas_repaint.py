"""Repainting parts gives the very pixels of repainting everything, whatever was done before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from maskengines.contract import Box, ImagePatch
from maskengines.projects.patching import with_patch
from maskengines.subjects.image import ImageSubject
from maskstudio.canvas.heat import Heat
from maskstudio.canvas.raster_renderer import RasterRenderer
from maskstudio.canvas.view import Placement, View
from maskstudio.tools.base import ToolEvent
from maskstudio.tools.brush import BrushTool
from maskstudio.tools.settings import BrushSettings
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

WIDTH, HEIGHT = 301, 223
VIEWPORT = (240, 170)


class Scene:
    """A mask and a renderer that is told of changes only, as the canvas tells it."""

    def __init__(self, alpha: bool) -> None:
        rng = np.random.default_rng(5)
        pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        cover = rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8) if alpha else None
        self.subject = ImageSubject(pixels=pixels, alpha=cover, icc=None, exif=None, source_format="PNG")
        self.data = np.zeros((HEIGHT, WIDTH), np.uint8)
        self.view = View()
        self.view.set_viewport(*VIEWPORT)
        self.view.set_image(WIDTH, HEIGHT)
        self.shown = QImage(*VIEWPORT, QImage.Format.Format_RGB32)
        self.patch: ImagePatch | None = None
        self.answered = self.data.copy()
        self.heat: Heat | None = None
        self.renderer = self.new_renderer()
        self.repaint([QRect(0, 0, *VIEWPORT)])
        self.settings = BrushSettings()
        self.tool = BrushTool(self.settings)

    def new_renderer(self) -> RasterRenderer:
        renderer = RasterRenderer()
        renderer.place(self.view.placement)
        renderer.set_pictures(self.subject, self.subject, self.data)
        return renderer

    # What a tool needs of a document.
    @property
    def mask(self) -> Scene:
        return self

    @property
    def active(self) -> bool:
        return True

    def begin_mask_edit(self, label: str) -> Scene:
        return self

    def touch(self, box: Box) -> None:
        assert box == box.clipped(WIDTH, HEIGHT)

    def changed(self, box: Box) -> None:
        self.repaint(self.renderer.mask_changed(box))

    def commit(self) -> bool:
        return True

    def abort(self) -> None:
        raise AssertionError("nothing aborts here")

    def repaint(self, rects: list[QRect]) -> None:
        painter = QPainter(self.shown)
        for rect in rects:
            painter.setClipRect(rect)
            self.renderer.paint(painter, rect, 1.0)
        painter.end()

    def everything(self) -> None:
        self.renderer.place(self.view.placement)
        self.repaint([QRect(0, 0, *VIEWPORT)])

    def fresh(self) -> np.ndarray[Any, Any]:
        renderer = self.new_renderer()
        if self.patch is not None:
            now = self.data.copy()
            self.data[...] = self.answered
            renderer.set_preview(self.patch)
            self.data[...] = now
            renderer.mask_changed(Box(0, 0, WIDTH, HEIGHT))
        if self.heat is not None:
            renderer.set_heat(self.heat)
        image = QImage(*VIEWPORT, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        renderer.paint(painter, QRect(0, 0, *VIEWPORT), 1.0)
        painter.end()
        return words(image)

    def do(self, action: tuple[Any, ...]) -> None:
        kind, *values = action
        if kind == "stroke":
            x0, y0, x1, y1, size, hardness, opacity = values
            self.settings.size, self.settings.hardness, self.settings.opacity = size, hardness, opacity
            self.tool.press(self, ToolEvent(x0 * WIDTH, y0 * HEIGHT))
            self.tool.move(ToolEvent(x1 * WIDTH, y0 * HEIGHT))
            self.tool.release(ToolEvent(x1 * WIDTH, y1 * HEIGHT))
        elif kind == "zoom":
            self.view.zoom_to(values[0], (values[1] * VIEWPORT[0], values[2] * VIEWPORT[1]))
            self.everything()
        elif kind == "pan":
            self.view.pan(*values)
            self.everything()
        elif kind == "preview":
            box = Box(*values).clipped(WIDTH, HEIGHT)
            colour = np.full((box.height, box.width, 3), 90, np.uint8)
            self.patch = None if box.empty else ImagePatch(box.x, box.y, colour)
            self.answered = self.data.copy()
            self.repaint(self.renderer.set_preview(self.patch))
        else:
            box = Box(*values).clipped(WIDTH, HEIGHT)
            shares = np.zeros((HEIGHT, WIDTH))
            shares[box.slices] = np.linspace(0, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)[box.slices]
            self.heat = None if box.empty else Heat.of_disagreement(shares)
            self.repaint(self.renderer.set_heat(self.heat))


def words(image: QImage) -> np.ndarray[Any, Any]:
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    return pixels & 0xFFFFFF


UNIT = st.floats(-0.1, 1.1)
SIZE = st.floats(1, 120)
SHARE = st.sampled_from([0.01, 0.5, 1])
ZOOM = st.sampled_from([0.11, 0.25, 0.37, 0.5, 0.83, 1, 1.4, 2, 3.3, 9, 24])
SHIFT = st.floats(-90, 90)
SIDE = st.integers(0, 200)
ACTION = st.one_of(
    st.tuples(st.just("stroke"), UNIT, UNIT, UNIT, UNIT, SIZE, SHARE, SHARE),
    st.tuples(st.just("zoom"), ZOOM, UNIT, UNIT),
    st.tuples(st.just("pan"), SHIFT, SHIFT),
    st.tuples(st.just("preview"), SIDE, SIDE, SIDE, SIDE),
    st.tuples(st.just("heat"), SIDE, SIDE, SIDE, SIDE),
)


@pytest.mark.parametrize("alpha", [False, True])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=st.lists(ACTION, min_size=1, max_size=8))
def test_partial_repaints_equal_a_full_repaint(
    qapp: object, alpha: bool, script: list[tuple[Any, ...]]
) -> None:
    scene = Scene(alpha)
    for action in script:
        scene.do(action)
    assert np.array_equal(words(scene.shown), scene.fresh())


@pytest.mark.parametrize("zoom", [0.37, 1.0, 2.0])
def test_a_result_and_heat_that_come_and_go_repaint_what_they_change(qapp: object, zoom: float) -> None:
    scene = Scene(alpha=False)
    scene.do(("zoom", zoom, 0.5, 0.5))
    scene.do(("stroke", 0.4, 0.4, 0.45, 0.45, 12, 1, 1))
    told: list[QRect] = []
    repaint = scene.repaint
    scene.repaint = lambda rects: (told.extend(rects), repaint(rects))[1]  # type: ignore[method-assign]
    x, y = round(0.4 * WIDTH), round(0.4 * HEIGHT)
    nothing = (0, 0, 0, 0)
    for kind, box in (
        ("preview", (x - 4, y - 4, 16, 14)), ("preview", (x - 4, y - 4, 16, 14)), ("preview", nothing),
        ("heat", (x - 2, y, 9, 9)), ("heat", (x + 3, y - 3, 9, 9)), ("heat", nothing),
    ):  # fmt: skip
        before = words(scene.shown).copy()
        told.clear()
        scene.do((kind, *box))
        assert np.array_equal(words(scene.shown), scene.fresh())
        assert (words(scene.shown) != before).any() or told
        painted = sum(rect.width() * rect.height() for rect in told)
        assert 0 < painted < (3 * 30 * 30) * zoom**2 + 400


@pytest.mark.parametrize("ratio", [1.25, 1.5, 1.75, 2.0])
def test_a_scaled_screen_shows_the_photo_pixel_by_pixel(qapp: object, ratio: float) -> None:
    scene = Scene(alpha=False)
    device = (round(200 * ratio), round(120 * ratio))
    scene.renderer.place(Placement(1.0, -20, -30, *device))
    image = QImage(*device, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    for rect in (QRect(0, 0, 200, 120), QRect(13, 7, 31, 57), QRect(111, 63, 5, 3)):
        painter.setClipRect(rect)
        scene.renderer.paint(painter, rect, ratio)
    painter.end()
    seen = words(image)
    right, bottom = min(device[0], WIDTH - 20), min(device[1], HEIGHT - 30)
    pixels = scene.subject.pixels[30 : 30 + bottom, 20 : 20 + right].astype(np.uint32)
    expected = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    assert np.array_equal(seen[:bottom, :right], expected)


@pytest.mark.parametrize("alpha", [False, True])
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=st.lists(ACTION, min_size=1, max_size=6), steps=st.integers(0, 9), zoom=ZOOM)
def test_what_is_prepared_while_idle_shows_the_same_pixels(
    qapp: object, alpha: bool, script: list[tuple[Any, ...]], steps: int, zoom: float
) -> None:
    scene = Scene(alpha)
    for action in script:
        work = scene.renderer.idle_work()
        for _ in range(steps):
            next(work, None)
        scene.do(action)
        for _ in work:
            pass
    scene.do(("zoom", zoom, 0.3, 0.6))
    assert np.array_equal(words(scene.shown), scene.fresh())


def test_a_picture_changed_while_it_is_being_prepared_is_shown_as_it_is_now(qapp: object) -> None:
    scene = Scene(alpha=False)
    scene.do(("zoom", 1.0, 0.5, 0.5))
    work = scene.renderer.idle_work()
    next(work)
    patch = ImagePatch(40, 30, np.full((90, 100, 3), 200, np.uint8))
    scene.subject = with_patch(scene.subject, patch)
    scene.renderer.picture_changed(scene.subject, patch.box)
    for _ in work:
        pass
    scene.do(("zoom", 0.4, 0.5, 0.5))
    assert np.array_equal(words(scene.shown), scene.fresh())
