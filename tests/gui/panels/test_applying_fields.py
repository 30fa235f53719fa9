"""The form shows what the chosen model takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskstudio.panels.engine_panel import EnginePanel
from maskstudio.panels.form import SchemaForm
from pytestqt.qtbot import QtBot


@pytest.fixture
def fill(tmp_path: Path) -> str:
    """A model that takes neither a negative prompt nor a ControlNet."""
    folder = tmp_path / "fill"
    folder.mkdir()
    scheduler = ["diffusers", "FlowMatchEulerDiscreteScheduler"]
    (folder / "model_index.json").write_text(
        json.dumps({"_class_name": "FluxFillPipeline", "scheduler": scheduler})
    )
    return str(folder)


@pytest.fixture
def form(engine_panel: EnginePanel) -> SchemaForm:
    assert engine_panel.choose("diffusers")
    form = engine_panel.form
    assert form is not None
    form._fold.click()
    return form


def shown(form: SchemaForm) -> set[str]:
    return {name for name in DiffusersParams.model_fields if form.row(name).isVisible()}


def test_fields_that_the_model_lacks_go_and_come_back_with_what_they_held(
    form: SchemaForm, fill: str, qtbot: QtBot
) -> None:
    assert shown(form) == set(DiffusersParams.model_fields)
    form.fill_in("negative_prompt", "blurred")
    form.fill_in("model", fill)
    qtbot.waitUntil(lambda: not form.row("negative_prompt").isVisible())
    assert shown(form) & {"negative_prompt", "controlnet", "control", "control_weight", "scheduler"} == set()
    assert {"model", "prompt", "steps", "guidance", "lora", "context"} <= shown(form)
    assert set(form.values()) == shown(form)
    form.fill_in("model", "somebody/something")
    qtbot.waitUntil(lambda: form.row("negative_prompt").isVisible())
    assert shown(form) == set(DiffusersParams.model_fields)
    assert form.values()["negative_prompt"] == "blurred"


def test_what_is_out_of_sight_is_remembered_with_the_rest(
    engine_panel: EnginePanel, form: SchemaForm, fill: str, qtbot: QtBot
) -> None:
    form.fill_in("controlnet", "somebody/edges")
    form.fill_in("model", fill)
    qtbot.waitUntil(lambda: "controlnet" not in form.values())
    engine_panel.choose("exemplar")
    engine_panel.choose("diffusers")
    again = engine_panel.form
    assert again is not None
    assert again.held()["controlnet"] == "somebody/edges"
    qtbot.waitUntil(lambda: again.row("controlnet").isHidden())
    assert again.values()["model"] == fill


def test_an_answer_for_a_form_that_went_touches_no_other(
    engine_panel: EnginePanel, form: SchemaForm, fill: str, qtbot: QtBot
) -> None:
    form.fill_in("model", fill)
    engine_panel.look_what_applies()
    engine_panel.choose("exemplar")
    other = engine_panel.form
    assert other is not None
    qtbot.wait(400)
    assert set(other.values()) == set(other.held())


def test_without_a_folded_field_that_applies_there_is_nothing_to_unfold(form: SchemaForm) -> None:
    assert form._fold.isVisible()
    assert form.apply({"model", "prompt"})
    assert not form._fold.isVisible()
    assert shown(form) == {"model", "prompt"}
    assert not form.apply({"prompt", "model"})
    assert form.apply({"model", "lora"})
    assert form._fold.isVisible()
    assert form.row("lora").isVisible()


def test_a_wrong_value_out_of_sight_does_not_bar_the_way(form: SchemaForm) -> None:
    form.row("steps").set_value(1)
    form.row("seam").editor.value = lambda: "no such seam"  # type: ignore[method-assign]
    form.fill_in("steps", 2)
    assert form.problem is not None
    form.apply(set(DiffusersParams.model_fields) - {"seam"})
    assert form.problem is None
