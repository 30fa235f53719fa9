"""The two lists of the models dialog: what is here, and what could be."""

from __future__ import annotations

from dataclasses import dataclass

from maskengines.weights.store import Installed, ModelStore
from maskengines.weights.store.catalogue import suggestions
from maskengines.weights.store.kinds import KINDS
from maskengines.weights.store.space import size_words
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout

from maskstudio.panels.style import STEP, Note, tone

EMPTY = "No models yet. Choose one below, type the id of another, or import a folder."
ROLE = Qt.ItemDataRole.UserRole
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Holdings:
    """What the store holds, read off the GUI thread."""

    models: tuple[Installed, ...]
    unfinished: dict[str, int]
    folder: str

    @classmethod
    def read(cls) -> Holdings:
        store = ModelStore()
        return cls(tuple(store.installed()), store.unfinished(), str(store.folder))

    def bytes_of(self, name: str) -> int:
        """What goes when a model, or what is left of it, is removed."""
        whole = sum(model.bytes for model in self.models if model.id == name)
        return whole + self.unfinished.get(name, 0)


class ModelList(QTreeWidget):
    """Rows with several columns, the first of which stretches.

    Args:
        numbers: columns of numbers, which stand at the right.
        called: for who listens instead of looking.
    """

    def __init__(self, titles: list[str], numbers: tuple[int, ...], called: str) -> None:
        super().__init__()
        self._numbers = numbers
        self.setHeaderLabels(titles)
        self.setAccessibleName(called)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for column in numbers:
            self.headerItem().setTextAlignment(column, RIGHT)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    @property
    def chosen(self) -> str:
        """Id of the selected row, or an empty text."""
        items = self.selectedItems()
        return str(items[0].data(0, ROLE)) if items else ""

    def choose(self, name: str) -> None:
        """Select the row of an id, if there is one."""
        for index in range(self.topLevelItemCount()):
            item = self.topLevelItem(index)
            if item is not None and item.data(0, ROLE) == name:
                self.setCurrentItem(item)

    def add(self, name: str, cells: list[str], tip: str) -> QTreeWidgetItem:
        """A row for the model of that id."""
        item = QTreeWidgetItem(cells)
        item.setData(0, ROLE, name)
        for column in range(len(cells)):
            item.setToolTip(column, tip)
        for column in self._numbers:
            item.setTextAlignment(column, RIGHT)
        self.addTopLevelItem(item)
        return item


class InstalledList(ModelList):
    """Models on this machine; what is damaged or not finished says so."""

    def __init__(self) -> None:
        super().__init__(["Model", "Kind", "Size", "Licence", "From"], (2,), "Models on this machine")
        self._empty = Note(EMPTY)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        over = QVBoxLayout(self.viewport())
        over.addWidget(self._empty)

    def fill(self, holdings: Holdings) -> None:
        """Show what the store holds; the selection stays where it can."""
        before = self.chosen
        self.clear()
        for model in holdings.models:
            record = model.record
            source = "hub" if record.source.startswith("http") else "folder"
            kind = KINDS.get(record.kind, record.kind)
            tip = f"{model.path}\nfrom {record.source}"
            if model.missing:
                kind, tip = "damaged", f"'{model.missing[0]}' is missing. Fetch or import it again.\n{tip}"
            cells = [model.id, kind, size_words(model.bytes), record.licence or "not stated", source]
            item = self.add(model.id, cells, tip)
            if model.missing:
                item.setForeground(1, tone("warning"))
        for name, count in holdings.unfinished.items():
            pulled = "/" in name
            cells = [name, "not finished", f"{size_words(count)} so far", "", "hub" if pulled else "folder"]
            tip = (
                "Fetch it again to go on from there, or remove it."
                if pulled
                else "Remove it, and import anew."
            )
            item = self.add(name, cells, tip)
            for column in range(len(cells)):
                item.setForeground(column, tone("second"))
        self._empty.setVisible(not holdings.models and not holdings.unfinished)
        self.choose(before)


class SuggestedList(ModelList):
    """Well-known models that could be fetched; choosing one fetches nothing yet."""

    def __init__(self) -> None:
        titles = ["Model", "Size", "Graphics memory", "Licence"]
        super().__init__(titles, (1, 2), "Models that could be fetched")
        self._told = {each.id: each for each in suggestions()}
        for each in self._told.values():
            size, memory = (
                f"about {size_words(each.bytes)}",
                f"{each.gpu_gb} GB" if each.gpu_gb else "not needed",
            )
            licence = f"{each.licence}, gated" if each.gated else each.licence
            self.add(each.id, [each.title, size, memory, licence], each.id)

    def sizeHint(self) -> QSize:
        rows = sum(self.sizeHintForRow(row) for row in range(self.topLevelItemCount()))
        return QSize(super().sizeHint().width(), rows + self.header().sizeHint().height() + 2 * STEP)

    @property
    def sentence(self) -> str:
        """What the chosen one is good for; without one, what the list is."""
        each = self._told.get(self.chosen)
        if each is None:
            return "Sizes are those of 16-bit weights. Nothing is fetched before you have seen its licence."
        gated = " Gated: agree to its authors' terms on the hub and log in first." if each.gated else ""
        return f"{each.title}: {each.use}.{gated}"
