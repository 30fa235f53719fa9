"""The models on this machine: what there is, and fetching, importing and removing."""

from __future__ import annotations

from maskengines.errors import Cancelled, StudioError
from maskengines.weights.store import Installed
from maskengines.weights.store.offline import is_offline, offline_variable
from maskengines.weights.store.settings import set_offline
from maskengines.weights.store.space import size_words
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from maskstudio.panels.style import STEP, Note
from maskstudio.panels.words import percent, remaining
from maskstudio.window import model_questions, theme
from maskstudio.window.background import Background
from maskstudio.window.icons import icon
from maskstudio.window.model_errand import ModelErrand
from maskstudio.window.model_lists import Holdings, InstalledList, SuggestedList

STEPS = 1000


class ModelsDialog(QDialog):
    """Shows the store and starts errands; an errand goes on when the dialog is closed."""

    def __init__(self, errand: ModelErrand, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Models")
        self.resize(820, 660)
        self._errand = errand
        self._background = background
        self._holdings = Holdings((), {}, "")
        self._build()
        errand.changed.connect(self._show_errand)
        errand.moved.connect(self._show_errand)
        errand.asked.connect(self._ask_licence)
        errand.succeeded.connect(self._succeeded)
        errand.failed.connect(self._failed)
        theme.changes.switched.connect(self._retint)
        self._show_errand()
        self.refresh()

    def refresh(self) -> None:
        """Read the store anew, off the GUI thread, and how the switch stands."""
        self.offline.blockSignals(True)  # another window or a command may have turned it
        self.offline.setChecked(is_offline())
        self.offline.blockSignals(False)
        variable = offline_variable()
        self.offline.setEnabled(variable is None)
        self.offline.setToolTip(f"The variable {variable} keeps the studio offline." if variable else "")
        self._background.do(Holdings.read, self._show_holdings, self._say_error)

    # --- layout ---------------------------------------------------------------------------------

    def _build(self) -> None:
        self.installed = InstalledList()
        self.installed.itemSelectionChanged.connect(self._show_errand)
        self.place = Note()
        self.import_button = _button("Import folder…", "import")
        self.import_button.clicked.connect(self._import)
        self.remove_button = _button("Remove…", "trash")
        self.remove_button.clicked.connect(self._remove)
        self.suggested = SuggestedList()
        self.suggested.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.suggested.itemSelectionChanged.connect(self._suggest)
        self.about = Note(self.suggested.sentence)
        self.name = QLineEdit()
        self.name.setPlaceholderText("owner/name on the hub")
        self.name.setAccessibleName("Id of the model to fetch")
        self.name.textChanged.connect(self._show_errand)
        self.name.returnPressed.connect(self._pull)
        self.precision = QComboBox()
        self.precision.addItem("16 bits", "half")
        self.precision.addItem("Full precision", "full")
        self.precision.setToolTip("Where the hub has both: 16 bits are half the size and do for pictures.")
        self.precision.setAccessibleName("Precision of the weights")
        self.pull_button = QPushButton("Fetch")
        self.pull_button.setAutoDefault(False)
        self.pull_button.setProperty("primary", True)
        self.pull_button.clicked.connect(self._pull)
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.state = Note()
        self.cancel_button = _button("Cancel", "cancel")
        self.cancel_button.clicked.connect(self._errand.cancel)
        self.news = Note()
        self.news.say("")
        self.offline = QCheckBox("Offline: never touch the network")
        self.offline.toggled.connect(self._switch)
        close = QPushButton("Close")
        close.setAutoDefault(False)
        close.clicked.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(5 * STEP, 4 * STEP, 5 * STEP, 4 * STEP)
        column.setSpacing(2 * STEP)
        column.addWidget(_heading("On this machine"))
        column.addWidget(self.installed, 1)
        column.addLayout(_row(self.import_button, self.remove_button, (self.place, 1)))
        column.addSpacing(2 * STEP)
        column.addWidget(_heading("Fetch another"))
        column.addWidget(self.suggested)
        column.addWidget(self.about)
        column.addLayout(_row((self.name, 1), self.precision, self.pull_button))
        column.addLayout(_row((self.state, 1), self.cancel_button))
        column.addWidget(self.bar)
        column.addWidget(self.news)
        column.addLayout(_row((self.offline, 1), close))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter in the field fetches; it does not press a button besides.
        if not (self.name.hasFocus() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)):
            super().keyPressEvent(event)

    # --- what is shown --------------------------------------------------------------------------

    def _show_holdings(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self.installed.fill(holdings)
        some = bool(holdings.models or holdings.unfinished)
        total = sum(model.bytes for model in holdings.models) + sum(holdings.unfinished.values())
        self.place.say(f"{size_words(total)} in {holdings.folder}" if some else f"Kept in {holdings.folder}")
        self._show_errand()

    def _retint(self) -> None:
        if self.isVisible():  # what is hidden is filled anew when it is shown
            self.refresh()

    def _show_errand(self, *_: object) -> None:
        errand = self._errand
        busy = errand.busy
        reason = self._cannot_pull()
        self.pull_button.setEnabled(not reason)
        self.pull_button.setToolTip(reason or "Asks the hub what it is, shows its licence, then fetches it.")
        self.import_button.setEnabled(not busy)
        self.import_button.setToolTip(errand.title if busy else "Copies a model from a folder.")
        self.remove_button.setEnabled(bool(self.installed.chosen) and not busy)
        self.remove_button.setToolTip(
            errand.title if busy else "Deletes the files of the model chosen." if self.installed.chosen
            else "Choose a model of the list first."
        )  # fmt: skip
        for widget in (self.bar, self.state, self.cancel_button):
            widget.setVisible(busy)
        if not busy:
            return
        share = errand.done / errand.total if errand.total else 0.0
        self.bar.setRange(0, STEPS if errand.total else 0)
        self.bar.setValue(round(STEPS * share))
        words = [errand.title]
        if errand.total:
            left = errand.seconds_left
            words += [f"{size_words(errand.done)} of {size_words(errand.total)}", percent(share)]
            words += [remaining(left)] if left is not None else []
        self.state.say(", ".join(words), "text")
        self.state.setToolTip(errand.file)

    def _cannot_pull(self) -> str:
        if self._errand.busy:
            return f"{self._errand.title}: wait for it, or cancel it"
        if is_offline():
            return "The studio is offline: switch that off first"
        if not self.name.text().strip():
            return "Choose a model of the list, or type its id"
        return ""

    def _say_error(self, error: StudioError) -> None:
        if isinstance(error, Cancelled):
            self.news.say("Cancelled. What was fetched is kept, and fetching it again goes on from there.")
        else:
            self.news.say(error.message, "error")

    def _suggest(self) -> None:
        self.about.say(self.suggested.sentence)
        if self.suggested.chosen:
            self.name.setText(self.suggested.chosen)

    # --- what is done ---------------------------------------------------------------------------

    def _pull(self) -> None:
        if not self._cannot_pull():
            self.news.say("")
            self._errand.pull(self.name.text().strip(), str(self.precision.currentData()))

    def _import(self) -> None:
        path = model_questions.ask_folder(self, "")
        if path is not None:
            self.news.say("")
            self._errand.import_folder(path)

    def _remove(self) -> None:
        name = self.installed.chosen
        if name and model_questions.ask_remove(self, name, self._holdings.bytes_of(name)):
            self.news.say("")
            self._errand.remove(name)

    def _ask_licence(self, offer: object) -> None:
        from maskengines.weights.store.pulling import Offer

        if isinstance(offer, Offer) and self._errand.offer is offer:
            self.show()  # it may have been closed meanwhile
            self._errand.answer(model_questions.ask_licence(self, offer))

    def _switch(self, offline: bool) -> None:
        try:
            set_offline(offline)
        except StudioError as error:
            self._say_error(error)
        self._show_errand()

    def _succeeded(self, answer: object) -> None:
        if isinstance(answer, Installed):
            self.news.say(f"“{answer.id}” is on this machine: {size_words(answer.bytes)}.")
        elif isinstance(answer, int):
            self.news.say(f"{size_words(answer)} freed.")
        self.refresh()

    def _failed(self, error: StudioError) -> None:
        self._say_error(error)
        self.refresh()


def _button(text: str, picture: str) -> QPushButton:
    button = QPushButton(text)
    button.setIcon(icon(picture))
    button.setAutoDefault(False)
    return button


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setWeight(font.Weight.DemiBold)
    label.setFont(font)
    return label


def _row(*widgets: QWidget | tuple[QWidget, int]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(2 * STEP)
    for each in widgets:
        widget, stretch = each if isinstance(each, tuple) else (each, 0)
        row.addWidget(widget, stretch)
    return row
