"""The form that is made from an engine's schema."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from maskengines.inpaint.info import EXEMPLAR
from maskengines.params import Params
from maskstudio.panels import form_fields
from maskstudio.panels.form import SchemaForm, editor_for
from maskstudio.panels.form_fields import (
    ChoiceEditor,
    ColorEditor,
    FolderEditor,
    JsonEditor,
    NumberEditor,
    OptionalEditor,
    SwitchEditor,
    TextEditor,
    number_bounds,
)
from maskstudio.panels.remembered import RememberedValues
from pydantic import Field, field_validator
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot


class Way(Enum):
    SHORT = "short"
    LONG = "long"


class Sample(Params):
    size: int = Field(7, ge=3, le=15, title="Patch size", description="Odd numbers work best.")
    share: float = Field(0.35, ge=0, le=1)
    heat: float = Field(0.01, gt=0, le=100, title="Temperature")
    blend: bool = True
    method: Literal["auto", "best-patch"] = "auto"
    way: Way = Way.SHORT
    word: str = ""
    place: str = Field("", json_schema_extra={"format": "directory-path", "hint": "Nowhere"})
    tint: str = Field("#4c8dff", json_schema_extra={"format": "color"})
    limit: int | None = Field(None, ge=1, le=50)
    levels: tuple[int, int] = Field((1, 2), json_schema_extra={"advanced": True})
    name: str = Field("x", json_schema_extra={"advanced": True})

    @field_validator("word")
    @classmethod
    def _no_spaces(cls, value: str) -> str:
        if " " in value:
            raise ValueError("one word only")
        return value


@pytest.fixture
def form(qtbot: QtBot) -> SchemaForm:
    made = SchemaForm(Sample)
    qtbot.addWidget(made)
    made.resize(296, 500)
    made.show()
    return made


def test_the_form_begins_with_the_defaults(form: SchemaForm) -> None:
    assert form.problem is None
    assert Sample.read(form.values()) == Sample()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("size", NumberEditor), ("share", NumberEditor), ("blend", SwitchEditor), ("method", ChoiceEditor),
        ("way", ChoiceEditor), ("word", TextEditor), ("place", FolderEditor),
        ("tint", ColorEditor), ("limit", OptionalEditor),
        ("levels", JsonEditor),
    ],
)  # fmt: skip
def test_every_type_has_its_editor(form: SchemaForm, name: str, kind: type) -> None:
    assert type(form.row(name).editor) is kind


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 9), ("share", 0.123456), ("heat", 42.0), ("blend", False), ("method", "best-patch"),
        ("way", "long"), ("word", "brick"), ("tint", "#102030"), ("limit", 12), ("levels", [4, 5]),
    ],
)  # fmt: skip
def test_what_is_set_comes_back_unchanged(form: SchemaForm, name: str, value: Any) -> None:
    form.set_values({name: value})
    assert form.values()[name] == value
    assert form.problem is None


def test_dragging_a_slider_to_its_ends_gives_the_bounds(form: SchemaForm, qtbot: QtBot) -> None:
    slider = form.row("size").editor._slider
    assert slider is not None
    for x, expected in ((0, 3), (slider.width() - 1, 15)):
        qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(x, 10))
        assert form.values()["size"] == expected


def test_a_slider_over_many_magnitudes_moves_in_ratios(form: SchemaForm) -> None:
    slider = form.row("heat").editor._slider
    assert slider is not None
    slider.setValue(slider.maximum() // 2)
    low, high, _, _ = number_bounds({"type": "number", "minimum": 0.01, "maximum": 100})
    assert low is not None
    assert high is not None
    assert 0.5 < form.values()["heat"] < 5
    slider.setValue(slider.maximum())
    assert form.values()["heat"] == 100


def test_an_excluded_end_cannot_be_reached(form: SchemaForm) -> None:
    slider = form.row("heat").editor._slider
    assert slider is not None
    slider.setValue(0)
    assert form.values()["heat"] > 0
    assert form.problem is None


def test_typing_a_number_changes_slider_and_value(form: SchemaForm, qtbot: QtBot) -> None:
    editor = form.row("size").editor
    with qtbot.waitSignal(form.changed):
        editor._spin.selectAll()
        qtbot.keyClicks(editor._spin, "11")
        qtbot.keyClick(editor._spin, Qt.Key.Key_Return)
    assert form.values()["size"] == 11
    assert editor._slider.value() == editor._position(11)


def test_the_digits_are_wide_enough_to_be_seen(form: SchemaForm, qapp: QApplication) -> None:
    from maskstudio.window import theme

    theme.apply(qapp, "dark")
    qapp.processEvents()
    line = form.row("size").editor._spin.lineEdit()
    assert line.width() > line.fontMetrics().horizontalAdvance("15")


def test_a_refused_value_is_explained_beside_its_field(form: SchemaForm, qtbot: QtBot) -> None:
    line = form.row("word").editor._line
    qtbot.keyClicks(line, "two words")
    assert form.problem is not None
    assert "one word only" in form.problem
    assert form.row("word").problem == form.problem
    assert form.row("size").problem == ""
    line.clear()
    qtbot.keyClicks(line, "brick")
    assert form.problem is None
    assert form.row("word").problem == ""


def test_text_that_is_no_list_is_refused_in_words(form: SchemaForm, qtbot: QtBot) -> None:
    form.row("levels").editor._line.clear()
    qtbot.keyClicks(form.row("levels").editor._line, "[1, 2")
    assert form.problem is not None
    assert "'levels'" in form.problem


def test_reset_brings_one_field_back(form: SchemaForm, qtbot: QtBot) -> None:
    form.set_values({"size": 11, "share": 0.9})
    row = form.row("size")
    assert row.reset_button.isVisible()
    qtbot.mouseClick(row.reset_button, Qt.MouseButton.LeftButton)
    assert form.values()["size"] == 7
    assert form.values()["share"] == 0.9
    assert not row.reset_button.isVisible()
    form.reset()
    assert Sample.read(form.values()) == Sample()


def test_an_optional_value_is_switched_on_and_off(form: SchemaForm) -> None:
    editor = form.row("limit").editor
    editor._switch.click()
    assert form.values()["limit"] == 1
    editor._switch.click()
    assert form.values()["limit"] is None


def test_advanced_fields_are_folded_away_until_asked_for(form: SchemaForm) -> None:
    assert not form.row("name").isVisible()
    assert form.row("size").isVisible()
    form._fold.click()
    assert form.row("name").isVisible()


def test_the_wheel_scrolls_past_a_field_without_focus(form: SchemaForm, qapp: QApplication) -> None:
    spin = form.row("size").editor._spin
    spin.clearFocus()
    event = QWheelEvent(
        QPointF(5, 5), spin.mapToGlobal(QPointF(5, 5)), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    qapp.sendEvent(spin, event)
    assert form.values()["size"] == 7


def test_labels_and_tooltips_come_from_the_schema(form: SchemaForm) -> None:
    row = form.row("size")
    assert row.editor.accessibleName() == "Patch size"
    assert row.editor.toolTip() == "Odd numbers work best."


def test_the_exemplar_form_is_valid_as_it_comes(qtbot: QtBot) -> None:
    made = SchemaForm(EXEMPLAR.params)
    qtbot.addWidget(made)
    assert made.problem is None
    assert EXEMPLAR.params.read(made.values()) == EXEMPLAR.params()


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 10}, (0, 10, 1.0, 0)),
        ({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10}, (1.0, 9.0, 1.0, 0)),
        ({"type": "number", "minimum": 0, "maximum": 1, "default": 0.125}, (0, 1, 0.01, 3)),
        ({"type": "number"}, (None, None, 0.1, 1)),
        ({"type": "integer", "multipleOf": 4, "minimum": 4, "maximum": 64}, (4, 64, 4.0, 0)),
    ],
)
def test_steps_and_decimals_follow_the_bounds(schema: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert number_bounds(schema) == expected


def test_an_unknown_type_is_edited_as_json(qtbot: QtBot) -> None:
    editor = editor_for({"type": "object", "default": {"a": 1}})
    qtbot.addWidget(editor)
    editor.set_value({"a": [1, 2]})
    assert editor.value() == {"a": [1, 2]}


def test_values_are_remembered_per_engine_and_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    memory = RememberedValues(file)
    memory.put("exemplar", {"context": 2.0})
    memory.put("other", {"context": 3.0})
    again = RememberedValues(file)
    assert again.get("exemplar") == {"context": 2.0}
    assert again.get("other") == {"context": 3.0}
    assert again.get("new") == {}


def test_a_damaged_memory_counts_as_empty(tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    file.write_text('{"exemplar": [1')
    assert RememberedValues(file).get("exemplar") == {}


def test_a_folder_is_chosen_in_a_dialog(
    form: SchemaForm, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor = form.row("place").editor
    assert isinstance(editor, FolderEditor)
    assert editor._line.placeholderText() == "Nowhere"
    monkeypatch.setattr(form_fields.QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    with qtbot.waitSignal(form.changed):
        qtbot.mouseClick(editor._browse, Qt.MouseButton.LeftButton)
    assert form.values()["place"] == str(tmp_path)
