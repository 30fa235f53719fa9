"""A form made from an engine's JSON schema; the schema is the only description there is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from maskengines.errors import BadInput
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from maskstudio.panels.controls import QuietButton
from maskstudio.panels.form_fields import (
    ChoiceEditor,
    ColorEditor,
    FieldEditor,
    FolderEditor,
    JsonEditor,
    NumberEditor,
    OptionalEditor,
    SwitchEditor,
    TextEditor,
    readable,
)
from maskstudio.panels.style import CONTROL_HEIGHT, STEP, Note
from maskstudio.window.icons import icon

if TYPE_CHECKING:
    from maskengines.params import Params

LABEL_WIDTH = 104


class SchemaForm(QWidget):
    """Edits the values of one parameter model.

    ``changed`` is emitted after every edit of the user; `values` is what the fields show and
    `problem` the sentence that says why they cannot be used, or None. Fields that do not `apply` are out of
    sight and out of both, and keep what they hold.
    """

    changed = Signal()

    def __init__(self, params: type[Params], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._params = params
        schema = params.model_json_schema()
        definitions: Mapping[str, Any] = schema.get("$defs", {})
        self._rows: dict[str, FieldRow] = {}
        self._applying: set[str] = set()
        self.problem: str | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(STEP)
        self._folded = QWidget()
        inner = QVBoxLayout(self._folded)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(STEP)
        for name, described in schema.get("properties", {}).items():
            field = resolved(described, definitions)
            row = FieldRow(name, field)
            row.edited.connect(self._edited)
            self._rows[name] = row
            self._applying.add(name)
            (inner if field.get("advanced") else column).addWidget(row)
        self._fold = QPushButton(self.tr("Advanced"))
        self._fold.setStyleSheet("QPushButton { padding: 0 8px 0 0; text-align: left; }")
        self._fold.setIconSize(QSize(14, 14))
        self._fold.setProperty("quiet", True)
        self._fold.setCheckable(True)
        self._fold.toggled.connect(self._toggle_fold)
        self._toggle_fold(False)
        self._fold.setHidden(True)
        if inner.count() > 0:
            column.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignLeft)
            column.addWidget(self._folded)
            # Shown only now: a widget without a parent would flash up as a window of its own.
            self._show_fold()
        self._note = Note("", "error")
        self._note.hide()
        column.addWidget(self._note)

    def values(self) -> dict[str, Any]:
        """What the fields that apply show, by parameter name; not yet validated."""
        return {name: value for name, value in self.held().items() if name in self._applying}

    def held(self) -> dict[str, Any]:
        """`values` and what those hold that do not apply, to bring all of it back another time."""
        return {name: row.editor.value() for name, row in self._rows.items()}

    def apply(self, names: Collection[str]) -> bool:
        """Show the fields called ``names`` and no others; whether that are others than before."""
        before, self._applying = self._applying, self._rows.keys() & set(names)
        if self._applying == before:
            return False
        for name, row in self._rows.items():
            row.setVisible(name in self._applying)
        self._show_fold()
        self._validate()
        return True

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show ``values``; unknown names are left out, missing ones keep what they show."""
        for name, value in values.items():
            if name in self._rows:
                self._rows[name].set_value(value)
        self._validate()

    def fill_in(self, name: str, value: Any) -> None:
        """Show one value and tell of it as of an edit; an unknown name is left out."""
        if name in self._rows:
            self._rows[name].set_value(value)
            self._edited()

    def reset(self) -> None:
        """Every field back to its default."""
        for row in self._rows.values():
            row.set_value(row.default)
        self._edited()

    def row(self, name: str) -> FieldRow:
        """The row of a parameter."""
        return self._rows[name]

    def _edited(self) -> None:
        self._validate()
        self.changed.emit()

    def _validate(self) -> None:
        self.problem = None
        try:
            self._params.read(self.values())
        except BadInput as error:
            self.problem = error.message
        guilty = next((name for name in self._rows if f"'{name}'" in (self.problem or "")), None)
        for name, row in self._rows.items():
            row.say(self.problem or "" if name == guilty else "")
        self._note.say((self.problem or "") if guilty is None else "", "error")

    def _show_fold(self) -> None:
        """There is something to unfold only if one of its rows applies."""
        rows = self._folded.findChildren(FieldRow, options=Qt.FindChildOption.FindDirectChildrenOnly)
        some = any(not row.isHidden() for row in rows)
        self._fold.setHidden(not some)
        self._folded.setVisible(some and self._fold.isChecked())

    def _toggle_fold(self, shown: bool) -> None:
        self._fold.setIcon(icon("down" if shown else "next", "second"))
        self._folded.setVisible(shown)


class FieldRow(QWidget):
    """Label, editor and a way back to the default; below them what is wrong, if anything is."""

    edited = Signal()

    def __init__(self, name: str, schema: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.default = schema.get("default")
        title = str(schema.get("title") or readable(name))
        tip = str(schema.get("description") or title)
        self._title = title
        self._label = QLabel(title)
        self._label.setToolTip(tip)
        self.editor = editor_for(schema)
        self.editor.setToolTip(tip)
        self.editor.setAccessibleName(title)
        narrow = isinstance(self.editor, SwitchEditor)
        self.editor.setSizePolicy(
            QSizePolicy.Policy.Fixed if narrow else QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        )
        self._label.setMinimumWidth(LABEL_WIDTH)
        self._label.setMaximumWidth(16777215 if narrow else LABEL_WIDTH)
        self._label.setBuddy(self.editor)
        self.reset_button = QuietButton("undo", f"Back to the default ({self.default})")
        policy = self.reset_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset_button.setSizePolicy(policy)
        self.reset_button.clicked.connect(self._reset)
        self._problem = Note("", "error")
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(STEP)
        line.addWidget(self._label, 1 if narrow else 0)
        line.addWidget(self.editor, 0 if narrow else 1)
        line.addWidget(self.reset_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(self._problem)
        self._problem.hide()
        self.setMinimumHeight(CONTROL_HEIGHT)
        self.set_value(self.default)
        self.editor.changed.connect(self._changed)

    def set_value(self, value: Any) -> None:
        if value is not None or isinstance(self.editor, OptionalEditor):
            self.editor.set_value(value)
        self._mark()

    def say(self, problem: str) -> None:
        """Show a sentence below the field; an empty one takes it away."""
        self._problem.say(problem, "error")

    @property
    def problem(self) -> str:
        return self._problem.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        metrics = QFontMetrics(self._label.font())
        self._label.setText(metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, self._label.width()))
        super().resizeEvent(event)

    def _reset(self) -> None:
        self.set_value(self.default)
        self.edited.emit()

    def _changed(self) -> None:
        self._mark()
        self.edited.emit()

    def _mark(self) -> None:
        self.reset_button.setVisible(self.editor.value() != self.default)


def resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A field's schema with its ``$ref`` put in place; the field's own keys win."""
    merged: dict[str, Any] = dict(schema)
    while "$ref" in merged or "allOf" in merged:
        reference = merged.pop("$ref", None)
        parts = [definitions.get(str(reference).rpartition("/")[2], {})] if reference else []
        parts += merged.pop("allOf", [])
        for part in parts:
            merged = {**part, **merged}
    return merged


def editor_for(schema: Mapping[str, Any]) -> FieldEditor:
    """The editor that fits a field's (resolved) schema; what is neither is edited as JSON."""
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if schema.get("anyOf") and len(options) == 1 and len(schema["anyOf"]) == 2:
        inner = {**options[0], "default": schema.get("default")}
        start = inner["default"] if inner["default"] is not None else _start(inner)
        return OptionalEditor(editor_for(inner), start)
    if schema.get("enum"):
        return ChoiceEditor(list(schema["enum"]))
    kind = schema.get("type")
    if kind == "boolean":
        return SwitchEditor()
    if kind in ("integer", "number"):
        return NumberEditor(schema)
    if kind == "string":
        return _text_editor(schema)
    return JsonEditor()


def _text_editor(schema: Mapping[str, Any]) -> FieldEditor:
    if schema.get("format") == "color":
        return ColorEditor()
    editor = FolderEditor() if schema.get("format") == "directory-path" else TextEditor()
    editor.set_hint(str(schema.get("hint", "")))
    return editor


def _start(schema: Mapping[str, Any]) -> Any:
    """Where an optional value begins when it is switched on."""
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("type") in ("integer", "number"):
        return schema.get("minimum", 0)
    return {"boolean": False, "string": ""}.get(str(schema.get("type")), [])
