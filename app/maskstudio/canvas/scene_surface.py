"""Takes Qt's events of a viewport and hands them on: to the pointer, and as signals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)  # fmt: skip
from PySide6.QtWidgets import QWidget

from maskstudio.canvas.drops import dropped_files

if TYPE_CHECKING:
    from maskstudio.canvas.scene_pointer import ScenePointer


class SceneSurface(QWidget):
    """What it shows is another's; whoever inherits sets `pointer`.

    Signals:
        files_dropped: list of `pathlib.Path`.
        awake_changed: the viewport came to be seen, or went.
    """

    files_dropped = Signal(list)
    awake_changed = Signal(bool)

    pointer: ScenePointer
    """Mouse and keys go there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setMinimumSize(160, 120)

    def fit_eye(self) -> None:
        """It has another size, or its screen other pixels."""
        raise NotImplementedError

    def hover(self, at: QPointF | None) -> None:
        """The pointer is here, or gone."""
        raise NotImplementedError

    def lose_hold(self) -> None:
        """The keyboard went elsewhere: a stroke ends without effect."""
        raise NotImplementedError

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if self.pointer.knows(event.key(), event.modifiers()):
                event.accept()
                return True
        elif event.type() == QEvent.Type.DevicePixelRatioChange:
            self.fit_eye()
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.pointer.press(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.pointer.wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.pointer.knows(event.key(), event.modifiers()):
            self.pointer.press_key(event)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self.pointer.release_key(event)
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.pointer.forget()
        self.lose_hold()
        super().focusOutEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hover(None)
        super().leaveEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.awake_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.awake_changed.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit_eye()
        super().resizeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files: list[Path] = dropped_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.files_dropped.emit(files)
