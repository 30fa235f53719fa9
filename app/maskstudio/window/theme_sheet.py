"""The one style sheet: spacing in steps of 4 px, controls 28 px high, corners of 6 px."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskstudio.window.theme import Colours

_SHEET = Template(
    """
* { outline: none; }
QMainWindow, QDialog { background: $window; }
QWidget { color: $text; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px 6px; }

QMenuBar { background: transparent; padding: 0; spacing: 0; }
QMenuBar::item { background: transparent; padding: 6px 9px; border-radius: 6px; color: $text; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: $hover; }
QMenu { background: $panel; border: 1px solid $line; border-radius: 8px; padding: 4px; }
QMenu::item { padding: 6px 28px 6px 12px; border-radius: 5px; }
QMenu::icon { padding-left: 8px; }
QMenu::icon:checked { background: $hover; border-radius: 4px; }
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QMenu::indicator { width: 14px; height: 14px; left: 8px; }

#topBar { background: $window; border-bottom: 1px solid $line; }
#toolStrip { background: $window; border-right: 1px solid $line; }
#sideColumn { background: $panel; border-left: 1px solid $line; }
#statusBar { background: $window; border-top: 1px solid $line; }
#statusBar QLabel { color: $second; padding: 0 2px; }
#statusLine { background: $line; border: none; }

QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $second; border: none; border-radius: 6px;
               padding: 0 6px 0 12px; margin: 0 2px; height: 28px; min-width: 60px; max-width: 220px; }
QTabBar::tab:selected { background: $raised; color: $text; }
QTabBar::tab:hover:!selected { background: $panel; color: $text; }
QTabBar QToolButton { background: $window; border: none; width: 18px; }

QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px; }
QToolButton:hover { background: $hover; }
QToolButton:pressed { background: $raised; }
QToolButton:checked { background: $raised; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $faint; }
#toolStrip QToolButton { min-width: 34px; max-width: 34px; min-height: 34px; max-height: 34px; padding: 0; }
#toolStrip QToolButton[tool="true"]:checked { background: $accent; }
#sectionHead { background: transparent; border: none; border-radius: 0; padding: 0 12px 0 8px;
               color: $second; font-weight: 600; font-size: 11px; text-align: left; min-height: 32px; }
#sectionHead:hover { color: $text; }
#sectionHead:focus { border: 1px solid $accent; }

QPushButton { background: $raised; border: 1px solid $line; border-radius: 6px; min-height: 26px;
              padding: 0 12px; color: $text; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $line; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $faint; background: $panel; }
QPushButton[primary="true"] { background: $accent; border-color: $accent; color: $accent_text;
                              font-weight: 600; }
QPushButton[primary="true"]:hover { background: $accent_hover; }
QPushButton[primary="true"]:focus { border-color: $text; }
QPushButton[primary="true"]:disabled { background: $raised; border-color: $line; color: $faint; }
QPushButton[quiet="true"] { background: transparent; border-color: transparent; color: $second; }
QPushButton[quiet="true"]:hover { color: $text; background: $hover; }
QPushButton[quiet="true"]:focus { border-color: $accent; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: $raised; border: 1px solid $line; border-radius: 6px; min-height: 26px; padding: 0 8px;
    selection-background-color: $accent; selection-color: $accent_text; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus,
QTextEdit:focus { border-color: $accent; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled { color: $faint; }
QPlainTextEdit, QTextEdit { padding: 6px 8px; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { padding: 0; border: none; min-height: 0;
    background: transparent; }
QSpinBox, QDoubleSpinBox { padding: 0 4px; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url("$arrow"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $panel; border: 1px solid $line; padding: 4px;
                              selection-background-color: $hover; selection-color: $text; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    subcontrol-origin: border; width: 0; height: 0; border: none; }

QCheckBox { spacing: 8px; min-height: 28px; }
QCheckBox::indicator { width: 16px; height: 16px; border-radius: 4px; border: 1px solid $line;
                       background: $raised; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$tick"); }
QCheckBox::indicator:focus { border-color: $accent; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $line; }
QSlider::sub-page:horizontal { background: $second; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
                             background: $text; }
QSlider::handle:horizontal:hover { background: $accent; }
QSlider::handle:horizontal:focus { background: $accent; }
QProgressBar { background: $raised; border: none; border-radius: 3px; max-height: 6px; min-height: 6px;
               text-align: center; color: transparent; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QScrollArea { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle { background: $line; border-radius: 3px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $accent; }
QListView, QTreeView, QTableView { background: $panel; border: none; alternate-background-color: $window; }
QListView::item { border-radius: 5px; padding: 4px; }
QListView::item:selected { background: $hover; color: $text; }
QTreeView { show-decoration-selected: 1; selection-background-color: $hover; selection-color: $text; }
QTreeView::item { padding: 5px 4px; border: none; }
QTreeView::item:hover, QTreeView::item:selected { background: $hover; color: $text; }
QHeaderView::section { background: $panel; border: none; border-bottom: 1px solid $line; padding: 4px 8px;
                       color: $second; }

#startPage { background: $canvas; }
#startDrop { border: 1px dashed $faint; border-radius: 12px; background: transparent; }
#startTitle { font-size: 18px; font-weight: 600; }
#startText, #secondText { color: $second; }
#recentButton { text-align: left; padding: 0 12px; background: transparent; border-color: transparent; }
#recentButton:hover { background: $hover; }
#banner { background: $raised; border: 1px solid $line; border-radius: 8px; }
#banner[level="error"] { border-left: 3px solid $error; }
#banner[level="warning"] { border-left: 3px solid $warning; }
#banner[level="info"] { border-left: 3px solid $accent; }
#palette { background: $panel; border: 1px solid $line; border-radius: 10px; }
#palette QLineEdit { background: transparent; border: none; border-bottom: 1px solid $line;
                     border-radius: 0; min-height: 40px; font-size: 15px; padding: 0 14px; }
#palette QListView { background: transparent; padding: 4px; }
#busyCard { background: $raised; border: 1px solid $line; border-radius: 10px; }
"""
)


def style_sheet(colours: Colours) -> str:
    """The sheet with the colours of a theme filled in."""
    from dataclasses import asdict

    from maskengines.assets import asset

    icons = asset("icons").as_posix()
    values = asdict(colours)
    values["accent_hover"] = "#6aa0ff" if colours.name == "dark" else "#1f62d8"
    values["arrow"] = f"{icons}/arrow-{colours.name}.svg"
    values["tick"] = f"{icons}/tick.svg"
    return _SHEET.substitute(values)
