"""Choosing another person of a file of joints, or another frame of a motion; each shows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.results.joints import Joints
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListView,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from maskstudio.panels.joints_view import JointsView
from maskstudio.panels.parts import WHOLE
from maskstudio.panels.style import Note

if TYPE_CHECKING:
    from maskstudio.documents.pose_document import PoseDocument
    from maskstudio.documents.pose_people import PosePeople

Index = QModelIndex | QPersistentModelIndex

THUMB = QSize(132, 99)
CELL = QSize(152, 132)


class PersonDialog(QDialog):
    """Shows who is chosen in the document while it is open; OK makes it one undo step, Cancel takes it
    back."""

    def __init__(
        self, document: PoseDocument, people: PosePeople, shown: int, parent: QWidget | None = None
    ) -> None:
        """``shown`` is the one that the document shows already."""
        super().__init__(parent)
        self._people = people
        self.number: int | None = None
        """The one that was chosen, from 0; None while it is the one that showed before."""
        self.setWindowTitle(self.tr("Choose frame") if people.frames else self.tr("Choose person"))
        self._edit = document.begin_pose_edit("")
        self.chooser: FrameChooser | PeopleChooser
        self.chooser = FrameChooser(people, self) if people.frames else PeopleChooser(document, people, self)
        self.chooser.begin_at(shown)
        self.chooser.chosen.connect(self.choose)
        self._note = Note()
        self._note.hide()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        kind = self.tr("frames") if people.frames else self.tr("people")
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(Note(self.tr("'{0}' holds {1} {2}.").format(people.file.name, people.count, kind)))
        column.addWidget(self.chooser, 1)
        column.addWidget(self._note)
        column.addWidget(buttons)

    def choose(self, number: int) -> None:
        """Show one of them, by its number from 0."""
        try:
            pose = self._people.pose(number)
        except BadInput as error:
            self._note.say(error.message, "error")
            return
        self._note.say("")
        self.number = number
        if self._edit.active:
            self._edit.show_person(pose)

    def done(self, result: int) -> None:
        if self._edit.active:
            if result == QDialog.DialogCode.Accepted and self.number is not None:
                kind = "frame" if self._people.frames else "person"
                self._edit.label = f"Choose {kind} {self.number + 1}"
                self._edit.commit()
            else:
                self._edit.abort()
        super().done(result)


class FrameChooser(QWidget):
    """A slider and a number for the frames of a motion, which count from 1 for people.

    Signals:
        chosen: a frame's number, from 0.
    """

    chosen = Signal(int)

    def __init__(self, people: PosePeople, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, people.count)
        self.slider.setPageStep(max(1, people.count // 20))
        self.slider.setAccessibleName(self.tr("Frame"))
        self.slider.setToolTip(self.tr("Drag, or press the arrow keys, to go through the motion"))
        self.number = QSpinBox()
        self.number.setRange(1, people.count)
        self.number.setSuffix(self.tr(" of {0}").format(people.count))
        self.number.setAccessibleName(self.tr("Frame number"))
        self.number.setKeyboardTracking(False)
        # Reading a frame of a long motion takes a moment: while the slider moves only the newest counts.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(lambda: self.chosen.emit(self.slider.value() - 1))
        self.slider.valueChanged.connect(self._moved)
        self.number.valueChanged.connect(self.slider.setValue)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        self.setMinimumWidth(460)

    def begin_at(self, number: int) -> None:
        """Mark the one that shows already, from 0; nothing is chosen by that."""
        self.slider.setValue(number + 1)
        self._soon.stop()

    def _moved(self, value: int) -> None:
        self.number.setValue(value)
        self._soon.start()


class PeopleChooser(QListView):
    """Everybody of a file, small, each on their part of the picture.

    Signals:
        chosen: a person's number, from 0.
    """

    chosen = Signal(int)

    def __init__(self, document: PoseDocument, people: PosePeople, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(_PeopleModel(document, people, self.devicePixelRatioF(), self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setIconSize(THUMB)
        self.setGridSize(CELL)
        self.setAccessibleName(self.tr("People"))
        self.setMinimumSize(3 * CELL.width() + 24, min(3, -(-people.count // 3)) * CELL.height() + 8)
        self.selectionModel().currentChanged.connect(lambda now, _: self.chosen.emit(now.row()))

    def begin_at(self, number: int) -> None:
        """Mark the one that shows already, from 0; nothing is chosen by that."""
        with QSignalBlocker(self.selectionModel()):
            self.setCurrentIndex(self.model().index(number, 0))


class _PeopleModel(QAbstractListModel):
    """A row for each person; a thumbnail is drawn once it is looked at."""

    def __init__(self, document: PoseDocument, people: PosePeople, ratio: float, parent: QWidget) -> None:
        super().__init__(parent)
        self._document, self._people, self._ratio = document, people, ratio
        self._icons: dict[int, QIcon] = {}
        self._view = JointsView()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._people.count

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr("Person {0}").format(index.row() + 1)
        if role == Qt.ItemDataRole.DecorationRole:
            if index.row() not in self._icons:
                self._icons[index.row()] = self._icon(index.row())
            return self._icons[index.row()]
        return None

    def _icon(self, number: int) -> QIcon:
        try:
            pose = self._people.pose(number)
        except BadInput:
            return QIcon()  # told when it is chosen
        candidate = Candidate("joints", Joints(pose).to_plain(), 0)
        picture = self._view.thumbnail(candidate, WHOLE, self._document, THUMB * self._ratio)
        pixmap = QPixmap.fromImage(picture)
        pixmap.setDevicePixelRatio(self._ratio)
        icon = QIcon(pixmap)
        icon.addPixmap(pixmap, QIcon.Mode.Selected)  # as it is: Qt would tint it
        return icon
