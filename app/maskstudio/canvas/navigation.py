"""Wheel, touchpad and pinch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QInputDevice, QNativeGestureEvent, QWheelEvent

if TYPE_CHECKING:
    from maskstudio.canvas.image_canvas import ImageCanvas

_NOTCH = 120
_PER_NOTCH = 2**0.25
_PAN_PER_NOTCH = 96


def wheel(canvas: ImageCanvas, event: QWheelEvent) -> None:
    """A wheel zooms at the pointer, with Shift it pans sideways; two fingers on a touchpad pan, with
    Ctrl they zoom."""
    if canvas.document is None:
        event.ignore()
        return
    event.accept()
    turned, modifiers = event.angleDelta(), event.modifiers()
    notches = (turned.y() or turned.x()) / _NOTCH
    if modifiers & Qt.KeyboardModifier.ControlModifier:
        canvas.zoom_by(_PER_NOTCH**notches, event.position())
    elif from_touchpad(event):
        pixels = event.pixelDelta()
        delta = QPointF(pixels) if not pixels.isNull() else QPointF(turned) * (_PAN_PER_NOTCH / _NOTCH)
        canvas.pan(delta)
    elif modifiers & Qt.KeyboardModifier.ShiftModifier:
        canvas.pan(QPointF(notches * _PAN_PER_NOTCH, 0))
    elif not turned.y():
        canvas.pan(QPointF(turned.x() / _NOTCH * _PAN_PER_NOTCH, 0))
    else:
        canvas.zoom_by(_PER_NOTCH**notches, event.position())


def gesture(canvas: ImageCanvas, event: QEvent) -> bool:
    """A pinch zooms, a smart zoom (double tap) changes between the whole picture and 100 %."""
    if not isinstance(event, QNativeGestureEvent) or canvas.document is None:
        return False
    kind = event.gestureType()
    if kind == Qt.NativeGestureType.ZoomNativeGesture:
        canvas.zoom_by(max(0.2, 1 + event.value()), event.position())
    elif kind == Qt.NativeGestureType.SmartZoomNativeGesture:
        if abs(canvas.zoom - 1) < 1e-6:
            canvas.fit()
        else:
            canvas.zoom_to(1.0, event.position())
    else:
        return False
    return True


def from_touchpad(event: QWheelEvent) -> bool:
    """Whether two fingers did it."""
    device = event.device()
    touchpad = device is not None and device.type() == QInputDevice.DeviceType.TouchPad
    return touchpad or event.phase() != Qt.ScrollPhase.NoScrollPhase
