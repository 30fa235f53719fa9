"""The few dialogs the window asks with. Tests replace these functions, so each asks one thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QMessageBox,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from maskstudio.window.generate_flow import Wish
    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.mask_flow import Amount
    from maskstudio.window.turntable_dialog import TurntableWish

Answer = Literal["save", "discard", "cancel"]


def ask_open(
    parent: QWidget,
    folder: str,
    pictures: tuple[str, ...],
    poses: tuple[str, ...] = (),
    scenes: tuple[str, ...] = (),
) -> list[Path]:
    """Files to open, by the suffixes of each kind; empty when the user thinks better of it."""
    of_pictures, of_poses, of_scenes = (
        " ".join(f"*{suffix}" for suffix in each) for each in (pictures, poses, scenes)
    )
    filters = (
        f"Photos, poses, scenes and projects ({of_pictures} {of_poses} {of_scenes} *.ora)",
        f"Photos ({of_pictures})",
        f"Poses: OpenPose, COCO, BVH ({of_poses})",
        f"Scenes of Gaussians ({of_scenes})",
        "Projects (*.ora)",
        "All files (*)",
    )
    names, _ = QFileDialog.getOpenFileNames(parent, "Open", folder, ";;".join(filters))
    return [Path(name) for name in names]


def ask_folder(parent: QWidget, title: str, folder: str) -> Path | None:
    """One folder to read."""
    name = QFileDialog.getExistingDirectory(parent, title, folder)
    return Path(name) if name else None


def ask_picture(parent: QWidget, title: str, folder: str, filters: str) -> Path | None:
    """One picture to read."""
    name, _ = QFileDialog.getOpenFileName(parent, title, folder, filters)
    return Path(name) if name else None


def ask_save(parent: QWidget, title: str, proposal: Path, filters: str) -> Path | None:
    """A file to write; the dialog itself asks before it replaces one."""
    name, chosen = QFileDialog.getSaveFileName(parent, title, str(proposal), filters)
    if not name:
        return None
    path = Path(name)
    if not path.suffix:
        # "PNG (*.png)" -> ".png": a name typed without a suffix means the kind that is selected.
        path = path.with_suffix("." + chosen.partition("*.")[2].partition(")")[0].split()[0])
    return path


def ask_kind(
    parent: QWidget, title: str, proposal: Path, kinds: Sequence[tuple[str, str]]
) -> tuple[Path, int] | None:
    """A file to write, and which kind of file was chosen for it; the dialog itself asks before it replaces
    one.

    Args:
        proposal: without a suffix; a dot in its name becomes a dash, lest it be read as the begin of one.
        kinds: what each kind is called, and its suffix; several kinds may share one.
    """
    dialog = QFileDialog(parent, title, str(proposal.parent))
    filters = [f"{name} (*{suffix})" for name, suffix in kinds]
    suffixes = {name: suffix.removeprefix(".") for name, (_, suffix) in zip(filters, kinds, strict=True)}
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(filters)
    dialog.setDefaultSuffix(suffixes[filters[0]])
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(suffixes[chosen]))
    dialog.selectFile(proposal.name.replace(".", "-"))
    if dialog.exec() != QDialog.DialogCode.Accepted:
        return None
    path = Path(dialog.selectedFiles()[0])
    number = filters.index(dialog.selectedNameFilter())
    if not path.suffix:
        path = path.with_name(path.name + kinds[number][1])
    return path, number


def ask_unsaved(parent: QWidget, names: list[str]) -> Answer:
    """Save, discard or stay, for one or several documents with unsaved changes."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle("Unsaved changes")
    if len(names) == 1:
        box.setText(f"Save the changes to “{names[0]}”?")
    else:
        box.setText(f"Save the changes to {len(names)} documents?")
        box.setInformativeText("\n".join(names))
    kind = QMessageBox.StandardButton
    box.setStandardButtons(kind.Save | kind.Discard | kind.Cancel)
    box.setDefaultButton(kind.Save)
    box.setEscapeButton(kind.Cancel)
    answer = box.exec()
    if answer == kind.Save:
        return "save"
    return "discard" if answer == kind.Discard else "cancel"


def ask_amount(parent: QWidget, amount: Amount) -> int | None:
    """A number with a slider; None when cancelled."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(amount.title)
    box = QSpinBox()
    box.setRange(amount.low, amount.high)
    box.setSuffix(f" {amount.unit}" if amount.unit else "")
    box.setValue(amount.value)
    box.selectAll()
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(amount.low, amount.high)
    slider.setValue(amount.value)
    slider.setMinimumWidth(240)
    slider.valueChanged.connect(box.setValue)
    box.valueChanged.connect(slider.setValue)
    form = QFormLayout()
    form.setSpacing(12)
    form.addRow(amount.label, box)
    form.addRow(slider)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
    ok.setText(amount.title)
    ok.setProperty("primary", True)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(16, 16, 16, 16)
    layout.setSpacing(16)
    layout.addLayout(form)
    layout.addWidget(buttons)
    return box.value() if dialog.exec() == QDialog.DialogCode.Accepted else None


def ask_colour(
    parent: QWidget, title: str, start: QColor, tried: Callable[[QColor], object]
) -> QColor | None:
    """A colour; ``tried`` hears of each that is pointed at. None when cancelled."""
    dialog = QColorDialog(start, parent)
    dialog.setWindowTitle(title)
    dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
    dialog.currentColorChanged.connect(tried)
    accepted = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return dialog.selectedColor() if accepted else None


def ask_turntable(parent: QWidget, start: TurntableWish) -> TurntableWish | None:
    """How to go around a scene; None when cancelled."""
    from maskstudio.window.turntable_dialog import TurntableDialog

    dialog = TurntableDialog(parent, start)
    accepted = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return dialog.wish if accepted else None


def ask_mask(window: MainWindow, start: Wish) -> Wish | None:
    """Which mask to generate for the document in front; None when cancelled."""
    from maskstudio.window.generate_dialog import GenerateDialog

    if window.document is None:
        return None
    dialog = GenerateDialog(window, window.document, start)
    accepted = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return dialog.wish if accepted else None
