"""The column at the right: panels under headings that fold."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from maskstudio.window.icons import icon

WIDTH = 320


class Section(QWidget):
    """A heading and the panel under it; a click on the heading folds the panel away. With a ``stretch`` of 0
    it is as tall as its panel."""

    def __init__(self, key: str, title: str, stretch: int) -> None:
        super().__init__()
        self.key = key
        policy = QSizePolicy.Policy
        self._unfolded = policy.Expanding if stretch else policy.Maximum
        self._head = QPushButton(title.upper())
        self._head.setObjectName("sectionHead")
        self._head.setCheckable(True)
        self._head.setChecked(True)
        self._head.setFixedHeight(34)
        self._head.setAccessibleName(f"{title} panel")
        self._head.setToolTip(f"Fold or unfold {title.lower()}")
        self._head.toggled.connect(self._fold)
        self._body: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self._head)
        self._layout.addStretch(0)
        self._fold(True)

    @property
    def open(self) -> bool:
        """Whether the panel shows."""
        return self._head.isChecked()

    @open.setter
    def open(self, value: bool) -> None:
        self._head.setChecked(value)

    def set_body(self, body: QWidget) -> None:
        """Put the panel in; once."""
        self._body = body
        self._layout.insertWidget(1, body, 1)
        body.setVisible(self.open)

    def _fold(self, open_: bool) -> None:
        self._head.setIcon(icon("down" if open_ else "next", "second"))
        if self._body is not None:
            self._body.setVisible(open_)
        self.setMaximumHeight(16777215 if open_ else self._head.height())
        self.setSizePolicy(
            QSizePolicy.Policy.Preferred, self._unfolded if open_ else QSizePolicy.Policy.Fixed
        )


class SideColumn(QWidget):
    """Sections stacked in a splitter whose places are remembered; it scrolls where the window is too low for
    all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sideColumn")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(WIDTH)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._sections: dict[str, Section] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._split)
        scroll.viewport().setAutoFillBackground(False)
        layout.addWidget(scroll)

    def add(self, key: str, title: str, stretch: int) -> Section:
        """A new section below the others."""
        section = self._sections[key] = Section(key, title, stretch)
        self._split.addWidget(section)
        self._split.setStretchFactor(self._split.count() - 1, stretch)
        return section

    def __getitem__(self, key: str) -> Section:
        return self._sections[key]

    def save(self, store: QSettings) -> None:
        """Remember heights and folds."""
        store.setValue("side/split", self._split.saveState())
        store.setValue("side/folded", [key for key, each in self._sections.items() if not each.open])

    def restore(self, store: QSettings) -> None:
        """Put heights and folds back as they were."""
        state = store.value("side/split")
        if state is not None:
            self._split.restoreState(state)
        folded = store.value("side/folded") or []
        for key in [folded] if isinstance(folded, str) else folded:
            if key in self._sections:
                self._sections[key].open = False
