"""The image canvas: shows a document and hands pointer events to the tool in use."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable
from typing import Any, cast

from maskengines.contract import Box, ImagePatch
from maskengines.masks.mask import Asked
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTabletEvent,
    QWheelEvent,
)  # fmt: skip
from PySide6.QtWidgets import QWidget

from maskstudio.canvas import navigation
from maskstudio.canvas.cursor import CursorOutline
from maskstudio.canvas.decoration_layer import Decoration
from maskstudio.canvas.decorations_over import DecorationsOver
from maskstudio.canvas.dirty import DirtyRects
from maskstudio.canvas.drops import dropped_files
from maskstudio.canvas.fade import Fade
from maskstudio.canvas.heat import Heat
from maskstudio.canvas.idle import IdleWork
from maskstudio.canvas.outlines import draw_shape, shape_bounds
from maskstudio.canvas.pointer import Pointer
from maskstudio.canvas.raster_renderer import RasterRenderer
from maskstudio.canvas.renderer import Renderer
from maskstudio.canvas.view import View
from maskstudio.tools.base import Tool, ToolEvent
from maskstudio.tools.brush import BrushTool

_SURROUND_DARK, _SURROUND_LIGHT = "#18191b", "#e3e5e8"


class ImageCanvas(QWidget):
    """Signals:
    zoom_changed: device pixels per image pixel.
    cursor_moved: the image pixel under the pointer as `QPoint`, or ``None`` outside the picture.
    files_dropped: list of `pathlib.Path`.
    stroke_finished: a tool has changed the mask and its undo step is made.
    """

    zoom_changed = Signal(float)
    cursor_moved = Signal(object)
    files_dropped = Signal(list)
    stroke_finished = Signal()

    def __init__(self, parent: QWidget | None = None, renderer: Renderer | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Image canvas"))
        self.setAccessibleDescription(self.tr("Paint here over what you want to ask about."))
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TabletTracking)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMinimumSize(120, 90)
        self._renderer: Renderer = renderer or RasterRenderer()
        self._document: Any = None
        self._tool: Tool | None = None
        self._view = View()
        self._views: weakref.WeakKeyDictionary[Any, View] = weakref.WeakKeyDictionary()
        self._pointer = Pointer(self)
        self._outline = CursorOutline()
        self._shape: list[QPointF] = []
        self._emitted_zoom = 0.0
        self._idle = IdleWork(self._renderer.idle_work, self)
        self._cursor_shape = self.cursor().shape()
        self._dirty = DirtyRects()
        self._fade = Fade(self)
        self._decoration_hidden = False
        # Several changes of one event, or of one frame, are drawn once.
        self._decorating = QTimer(self)
        self._decorating.setSingleShot(True)
        self._decorating.timeout.connect(self._decorate)
        self._over = DecorationsOver(self._decorating.start)
        self._match_palette()

    def sizeHint(self) -> QSize:
        return QSize(960, 640)

    # --- document and tool ----------------------------------------------------------------------

    @property
    def document(self) -> Any:
        """The `Document` shown, or ``None``."""
        return self._document

    @property
    def tool(self) -> Tool | None:
        return self._tool

    @property
    def tool_active(self) -> bool:
        """Between a tool's press and its release."""
        return self._tool is not None and self._tool.active

    def set_document(self, document: Any) -> None:
        """Show a document, where and as large as it was shown last; ``None`` shows nothing."""
        if document is self._document:
            return
        self.cancel_stroke()
        self._fade.stop()
        self._pointer.end_hover()
        self.set_decorations()
        if self._document is not None:
            self._document.mask_changed.disconnect(self._on_mask_changed)
            self._document.image_changed.disconnect(self._on_image_changed)
        self._document = document
        if document is None:
            self._renderer.clear()
            self.cursor_moved.emit(None)
        else:
            document.mask_changed.connect(self._on_mask_changed)
            document.image_changed.connect(self._on_image_changed)
            self._view = self._view_of(document)
            self._place()
            self._renderer.set_pictures(document.subject, document.original, document.mask.data)
            self._idle.postpone()
        self.update()
        self.refresh_cursor()

    def set_tool(self, tool: Tool | None) -> None:
        """Pointer events go to this tool from now on; without one, a drag moves the picture."""
        if tool is self._tool:
            return
        self.cancel_stroke()
        self._pointer.end_hover()
        if isinstance(self._tool, BrushTool):
            self._tool.settings.changed.disconnect(self.refresh_cursor)
        if isinstance(tool, BrushTool):
            tool.settings.changed.connect(self.refresh_cursor)
        self._tool = tool
        self.refresh_cursor()

    def cancel_stroke(self) -> None:
        """End what a tool is doing and put back what it changed."""
        if self._tool is not None and self._tool.active:
            self._tool.cancel()
            self._follow_shape()
        self._pointer.forget()

    # --- zoom and position ----------------------------------------------------------------------

    @property
    def zoom(self) -> float:
        """Device pixels per image pixel: at 1 the picture is shown pixel by pixel."""
        return self._view.zoom

    def zoom_in(self) -> None:
        """The next larger round zoom."""
        self.zoom_to(self._view.step_in(), self._pointer.inside)

    def zoom_out(self) -> None:
        """The next smaller round zoom."""
        self.zoom_to(self._view.step_out(), self._pointer.inside)

    def fit(self) -> None:
        """Show the whole picture, and keep it whole when the window is resized."""
        self._view.fit()
        self._moved()

    def actual_size(self) -> None:
        """One image pixel per device pixel."""
        self.zoom_to(1.0, self._pointer.inside)

    def zoom_to(self, scale: float, anchor: QPointF | None = None) -> None:
        """Set the zoom; the point under ``anchor`` (widget coordinates, default centre) stays put."""
        self._view.zoom_to(scale, self._device(anchor))
        self._moved()

    def zoom_by(self, factor: float, anchor: QPointF | None = None) -> None:
        """Multiply the zoom, stopping once at 100 % on the way."""
        self._view.zoom_by(factor, self._device(anchor))
        self._moved()

    def pan(self, delta: QPointF) -> None:
        """Move the picture by widget coordinates."""
        ratio = self.devicePixelRatioF()
        self._view.pan(delta.x() * ratio, delta.y() * ratio)
        self._moved()

    def to_image(self, position: QPointF) -> QPointF:
        """Image coordinates (pixel ``i`` covers ``i .. i+1``) of a point of the widget."""
        ratio = self.devicePixelRatioF()
        return QPointF(*self._view.to_image(position.x() * ratio, position.y() * ratio))

    def to_widget(self, x: float, y: float) -> QPointF:
        """The widget's point that shows image coordinates ``(x, y)``."""
        ratio = self.devicePixelRatioF()
        device = self._view.to_device(x, y)
        return QPointF(device[0] / ratio, device[1] / ratio)

    # --- what lies over the picture -------------------------------------------------------------

    def set_preview(self, patch: ImagePatch | None, asked: Asked | None = None) -> None:
        """Show a result in place of the picture, or the picture again.

        Args:
            asked: the mask that it answers, if that is not the mask as it is now.
        """
        self._fade.stop()
        self._update_device(self._renderer.set_preview(patch, asked))

    def fade_to_preview(self, patch: ImagePatch | None, asked: Asked | None = None) -> None:
        """`set_preview`, and let it fade in; at once while a tool is at work."""
        if patch is None or self.tool_active or not self.isVisible() or not self._fade.duration():
            self.set_preview(patch, asked)
            return
        before = self._renderer.snapshot()
        self.set_preview(patch, asked)
        box = patch.box
        near, far = self.to_widget(box.x, box.y), self.to_widget(box.x + box.width, box.y + box.height)
        self._fade.start(before, QRectF(near, far).toAlignedRect().adjusted(-1, -1, 1, 1) & self.rect())

    def set_decorations(self, *decorations: Decoration) -> None:
        """Draw these over the picture and all else, from the bottom up; another document starts without."""
        self._repaint_soon(self._over.set(decorations, self.size(), self.devicePixelRatioF()))
        self._decorate()

    def set_compare(self, original: bool) -> None:
        """Show the picture as it was opened, with nothing over it, or what it is now."""
        self._fade.stop()
        self._decoration_hidden = original
        self._over.move()
        self._decorate()
        self._renderer.set_original_shown(original)
        self.update()

    def set_heat(self, heat: Heat | None) -> None:
        """Show a map over the picture, or none."""
        self._fade.stop()
        self._update_device(self._renderer.set_heat(heat))

    def set_overlay(self, colour: QColor | str, opacity: float) -> None:
        """Colour of the mask, and its opacity in 0..1."""
        self._renderer.set_tint(QColor(colour), opacity)
        self.update()

    def set_overlay_visible(self, visible: bool) -> None:
        """Show or hide the mask."""
        self._renderer.set_mask_shown(visible)
        self.update()

    def set_surround(self, colour: QColor | str) -> None:
        """What lies around the picture; a neutral grey, since colours are judged against it."""
        self._renderer.set_surround(QColor(colour))
        self.update()

    # --- for the pointer ------------------------------------------------------------------------

    def tool_event(
        self, position: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float
    ) -> ToolEvent:
        """A pointer position in the tool's words."""
        at = self.to_image(position)
        pixel = self.devicePixelRatioF() / self._view.zoom
        return ToolEvent(at.x(), at.y(), button, modifiers, pressure, pixel)

    def report_cursor(self, position: QPointF | None) -> None:
        """Follow the pointer: outline, status bar."""
        self.refresh_cursor()
        at = None
        if position is not None and self._document is not None:
            point = self.to_image(position)
            at = QPoint(math.floor(point.x()), math.floor(point.y()))
            width, height = self._view.image
            if not (0 <= at.x() < width and 0 <= at.y() < height):
                at = None
        self.cursor_moved.emit(at)

    def refresh_cursor(self) -> None:
        """Draw the tool's outline where the pointer is now; call it when the brush changes too."""
        scale = self._view.zoom / self.devicePixelRatioF()
        diameter = self._tool.cursor_diameter() if self._tool and self._document is not None else None
        at = None if self._pointer.panning else self._pointer.inside
        dirty = self._outline.follow(at, None if diameter is None else diameter * scale, self.rect())
        self._repaint_soon(dirty)
        shape = self._pointer.cursor_shape(round_tool=diameter is not None)
        if shape != self._cursor_shape:
            self._cursor_shape = shape
            self.setCursor(shape)

    def tool_moved(self) -> None:
        """The tool in use may draw another shape."""
        if self._shape or (self._tool and self._tool.outline()):
            self._follow_shape()

    # --- events ---------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._decorating.isActive():
            self._decorate()
        self._dirty.clear()
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        if ratio != 1:
            # A widget at a fraction of a device pixel would blur the frame.
            placed = painter.deviceTransform()
            painter.translate((round(placed.dx()) - placed.dx()) / ratio, 0)
            painter.translate(0, (round(placed.dy()) - placed.dy()) / ratio)
        # Clips at a fraction of a device pixel might not meet.
        parts = list(cast(Iterable[QRect], event.region())) if ratio == int(ratio) else [event.rect()]
        for part in parts:
            if len(parts) > 1:
                painter.setClipRect(part)
            self._renderer.paint(painter, part, ratio)
            self._fade.paint(painter, part)
            self._over.paint(painter, part)
            if self._outline.copied(ratio):
                self._outline.paint(painter, ratio)
        painter.setClipping(False)
        if self._shape:
            draw_shape(painter, self._shape)
        if not self._outline.copied(ratio):
            self._outline.paint(painter, ratio)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if self._pointer.wants_key(event):
                event.accept()
                return True
        elif kind == QEvent.Type.NativeGesture:
            return navigation.gesture(self, event)
        elif kind == QEvent.Type.DevicePixelRatioChange:
            self._place()
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pointer.press(event.position(), event.button(), event.modifiers(), 1.0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event.position(), event.modifiers(), 1.0)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer.release(event.position(), event.button(), event.modifiers(), 1.0)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def tabletEvent(self, event: QTabletEvent) -> None:
        self._pointer.tablet(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self._pointer.wheel(event):
            navigation.wheel(self, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._pointer.key_press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._pointer.key_release(event):
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._pointer.release_space()
        super().focusOutEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._match_palette()
        super().changeEvent(event)

    def enterEvent(self, event: Any) -> None:
        self._pointer.enter(event.position())
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer.leave()
        super().leaveEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = dropped_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.files_dropped.emit(files)

    # --- inside ---------------------------------------------------------------------------------

    def _view_of(self, document: Any) -> View:
        view = self._views.get(document)
        if view is None:
            view = self._views[document] = View()
            view.set_viewport(*self._device_size())
            view.set_image(document.subject.width, document.subject.height)
        return view

    def _match_palette(self) -> None:
        dark = self.palette().window().color().lightness() < 128
        self.set_surround(_SURROUND_DARK if dark else _SURROUND_LIGHT)

    def _device_size(self) -> tuple[int, int]:
        ratio = self.devicePixelRatioF()
        return math.ceil(self.width() * ratio), math.ceil(self.height() * ratio)

    def _device(self, position: QPointF | None) -> tuple[float, float] | None:
        if position is None:
            return None
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, position.y() * ratio

    def _place(self) -> None:
        self._view.set_viewport(*self._device_size())
        self._moved()

    def _moved(self) -> None:
        self._fade.stop()
        self._renderer.place(self._view.placement)
        self._idle.postpone()
        self._follow_shape()
        self._over.move()
        self._decorating.start()
        self.update()
        self.refresh_cursor()
        if self._view.zoom != self._emitted_zoom:
            self._emitted_zoom = self._view.zoom
            self.zoom_changed.emit(self._emitted_zoom)

    def _follow_shape(self) -> None:
        corners = self._tool.outline() if self._tool else ()
        shape = [self.to_widget(x, y) for x, y in corners]
        dirty = shape_bounds(self._shape, self.rect()) | shape_bounds(shape, self.rect())
        self._shape = shape
        self._repaint_soon([dirty])

    def _decorate(self) -> None:
        self._decorating.stop()
        ratio = self.devicePixelRatioF()
        if self._decoration_hidden or self._document is None:
            rects = self._over.hide(self.size(), ratio)
        else:
            rects = self._over.draw(self.to_widget, self._view.zoom / ratio, self.size(), ratio)
        self._repaint_soon(rects)

    def _on_mask_changed(self, box: Box) -> None:
        self._fade.stop()
        self._idle.postpone()
        self._update_device(self._renderer.mask_changed(box))

    def _on_image_changed(self, box: Box) -> None:
        self._fade.stop()
        self._idle.postpone()
        self._renderer.picture_changed(self._document.subject, box)
        self.update()

    def _update_device(self, rects: list[QRect]) -> None:
        if not rects:
            return
        ratio = self.devicePixelRatioF()
        if ratio != 1:
            rects = [
                QRectF(rect.toRectF().topLeft() / ratio, rect.toRectF().size() / ratio).toAlignedRect()
                for rect in rects
            ]
        self._repaint_soon(rects)

    def _repaint_soon(self, rects: list[QRect]) -> None:
        for rect in self._dirty.add(rects):
            self.update(rect)
