"""The one row on top: menus, document tabs, and at the right undo, redo, compare and Run."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QMenuBar, QPushButton, QSizePolicy, QTabBar, QToolButton, QWidget

from maskstudio.window.icons import SIZE, icon

HEIGHT = 44
NARROWEST, WIDEST = 110, 240
"""A tab, in device-independent pixels: a short name is read whole, a long one leaves room for others."""
SLIMMEST, ARROWS = 60, 48
"""The least of a tab in a window with no room, and what the arrows to the others take beside it."""


class DocumentTabs(QTabBar):
    """Tabs of the open documents; a middle click closes one."""

    def __init__(self) -> None:
        super().__init__()
        self.setTabsClosable(True)
        self.setMovable(True)
        self.setExpanding(False)
        self.setDocumentMode(True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setUsesScrollButtons(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Open documents")
        # Rather part of a tab than a menu that is cut off.
        self.setMinimumWidth(SLIMMEST)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def tabSizeHint(self, index: int) -> QSize:
        size = super().tabSizeHint(index)
        return QSize(min(size.width(), WIDEST), size.height())

    def minimumTabSizeHint(self, index: int) -> QSize:
        size = self.tabSizeHint(index)
        # Where there is hardly room for one, the arrows beside it leave its title some of that.
        room = max(SLIMMEST, self.width() - ARROWS)
        return QSize(min(size.width(), NARROWEST, room), size.height())

    def turn(self, step: int) -> None:
        """Bring the tab ``step`` places further to the front; after the last comes the first."""
        if self.count():
            self.setCurrentIndex((self.currentIndex() + step) % self.count())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.tabAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton and index >= 0:
            self.tabCloseRequested.emit(index)
            return
        super().mouseReleaseEvent(event)

    def tabInserted(self, index: int) -> None:
        """Give each tab the studio's own close button, which the style sheet cannot draw."""
        close = QToolButton()
        close.setIcon(icon("close", "second"))
        close.setIconSize(QSize(12, 12))
        close.setFixedSize(20, 20)
        close.setStyleSheet("padding: 0; min-width: 0")
        close.setToolTip("Close")
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(lambda: self._close(close))
        self.setTabButton(index, QTabBar.ButtonPosition.RightSide, close)

    def _close(self, button: QToolButton) -> None:
        for index in range(self.count()):
            if self.tabButton(index, QTabBar.ButtonPosition.RightSide) is button:
                self.tabCloseRequested.emit(index)
                return


class TopBar(QWidget):
    """Signals: ``compare_held(bool)`` while the compare button is down; ``cancel_clicked()``."""

    compare_held = Signal(bool)
    cancel_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        self.menus = QMenuBar()
        self.menus.setNativeMenuBar(False)
        self.menus.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.tabs = DocumentTabs()
        self.new_tab = self._button()
        self.undo = self._button()
        self.redo = self._button()
        self.compare = self._button()
        self.compare.pressed.connect(lambda: self.compare_held.emit(True))
        self.compare.released.connect(lambda: self.compare_held.emit(False))
        self.run = QPushButton("Run")
        self.run.setProperty("primary", True)
        self.run.setFixedHeight(28)
        self.run.setMinimumWidth(76)
        self._running = False
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 12, 0)
        row.setSpacing(4)
        row.addWidget(self.menus, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addSpacing(8)
        row.addWidget(self.tabs, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.new_tab)
        row.addStretch(1)
        for button in (self.undo, self.redo, self.compare):
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self.run)

    def connect_actions(
        self, *, open_file: QAction, undo: QAction, redo: QAction, compare: QAction, run: QAction
    ) -> None:
        """Hang the buttons on their commands."""
        for button, action in ((self.new_tab, open_file), (self.undo, undo), (self.redo, redo)):
            button.setDefaultAction(action)
        self.new_tab.setIcon(icon("plus", "second"))
        self.compare.setIcon(icon("compare"))
        self.compare.setAccessibleName("Compare with the original")
        compare.changed.connect(lambda: self._mirror(self.compare, compare))
        self._run_action = run
        self.run.clicked.connect(self._run_clicked)
        self.show_running(False)
        self._mirror(self.compare, compare)

    def show_running(self, running: bool) -> None:
        """While a job runs the button stops it."""
        if running != self._running:
            self._running = running
            self.run.setText("Cancel" if running else "Run")
            self.run.setProperty("primary", not running)
            self.run.style().unpolish(self.run)
            self.run.style().polish(self.run)
        if running:
            self.run.setEnabled(True)
            self.run.setToolTip("Stop the job  (Esc)")
        else:
            self._mirror(self.run, self._run_action)

    def _run_clicked(self) -> None:
        if self._running:
            self.cancel_clicked.emit()
        else:
            self._run_action.trigger()

    @staticmethod
    def _mirror(button: QPushButton | QToolButton, action: QAction) -> None:
        button.setEnabled(action.isEnabled())
        button.setToolTip(action.toolTip())

    @staticmethod
    def _button() -> QToolButton:
        button = QToolButton()
        button.setIconSize(QSize(SIZE, SIZE))
        button.setFixedSize(32, 32)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button
