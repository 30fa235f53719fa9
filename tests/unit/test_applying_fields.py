"""Which fields of an engine apply, as a window asks for them."""

from __future__ import annotations

import dataclasses
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from maskengines.contract import EngineInfo
from maskengines.errors import BadInput
from maskengines.params import Params
from maskengines.runtime import registry as registry_module
from maskengines.runtime.applying import fields_that_apply
from maskengines.runtime.manifest import read_manifest
from maskengines.runtime.registry import ENTRY_POINT_GROUP, EngineRegistry, RegisteredEngine


class Sized(Params):
    size: int
    method: str = "plain"
    blur: float = 0.0


def by_method(values: Mapping[str, Any]) -> list[str]:
    return {"soft": ["method", "blur"], "plain": ["method"], "odd": ["method", "colour"]}[values["method"]]


def engine(**more: Any) -> RegisteredEngine:
    info = EngineInfo("sized", "Sized", "Of a test.", "1", Sized, "nowhere:Engine", **more)
    return RegisteredEngine(info, "entry-point")


ASKED = engine(fields=f"{__name__}:by_method")
EVERYTHING = {"size", "method", "blur"}


def model(folder: Path, pipeline: str) -> str:
    folder.mkdir()
    index = {"_class_name": pipeline, "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"]}
    (folder / "model_index.json").write_text(json.dumps(index))
    return str(folder)


def test_an_engine_says_which_of_its_fields_apply() -> None:
    assert fields_that_apply(ASKED, {"size": 1, "method": "soft"}) == EVERYTHING
    # What must be given is never out of reach.
    assert fields_that_apply(ASKED, {"size": 1, "method": "plain"}) == {"size", "method"}


def test_an_engine_that_says_nothing_has_all_its_fields() -> None:
    assert fields_that_apply(engine(), {}) == EVERYTHING


@pytest.mark.parametrize("values", [{"method": "odd"}, {"method": "unheard of"}, {}])
def test_an_answer_of_no_use_hides_nothing_and_is_logged(
    values: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert fields_that_apply(ASKED, values) == EVERYTHING
    assert "Sized" in caplog.text


def test_a_function_that_is_not_there_hides_nothing() -> None:
    assert fields_that_apply(engine(fields="no_such_module:fields"), {}) == EVERYTHING
    assert fields_that_apply(engine(fields=f"{__name__}:absent"), {}) == EVERYTHING


def test_a_plugin_is_not_asked_outside_its_worker(tmp_path: Path) -> None:
    (tmp_path / "engine.toml").write_text(
        'id="p"\ntitle="P"\nsummary="s"\nversion="1"\nmodule="m"\nclass="C"\nfields="m:fields"\n'
    )
    (tmp_path / "m.py").write_text("raise SystemExit('imported')")
    with pytest.raises(BadInput, match="'fields', which means nothing"):
        read_manifest(tmp_path)
    plugin = dataclasses.replace(ASKED, origin="plugin", location=tmp_path, plugin="p")
    assert fields_that_apply(plugin, {"method": "plain"}) == EVERYTHING


def test_a_name_of_no_function_is_refused_where_it_is_registered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "unfit_info.py").write_text(
        "from maskengines.contract import EngineInfo\nfrom maskengines.params import Params\n"
        "ONE = EngineInfo('one', 'One', 's', '1', Params, 'x:Y', fields='no function')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    found = [EntryPoint("unfit", "unfit_info:ONE", ENTRY_POINT_GROUP)]
    monkeypatch.setattr(registry_module, "entry_points", lambda group: found)
    reason = EngineRegistry.default().get("unfit").readiness()
    assert reason is not None
    assert "the form module:function" in reason


def test_the_diffusers_engine_shows_what_the_chosen_model_takes(tmp_path: Path) -> None:
    diffusers = EngineRegistry.default().get("diffusers")
    everything = set(diffusers.info.params.model_fields)
    fill = fields_that_apply(diffusers, {"model": model(tmp_path / "fill", "FluxFillPipeline")})
    assert {"model", "prompt", "guidance", "lora", "context"} <= fill
    assert fill & {"negative_prompt", "controlnet", "control", "scheduler"} == set()
    flux = fields_that_apply(diffusers, {"model": model(tmp_path / "flux", "FluxPipeline")})
    assert {"negative_prompt", "controlnet", "true_guidance"} <= flux
    for unknown in ("", "nobody/nothing", str(tmp_path), model(tmp_path / "x", "NoSuchPipeline")):
        assert fields_that_apply(diffusers, {"model": unknown}) == everything


def test_asking_built_in_engines_loads_nothing_heavy(tmp_path: Path) -> None:
    folder = model(tmp_path / "fill", "FluxFillPipeline")
    code = (
        "import sys\n"
        "from maskengines.runtime.applying import fields_that_apply\n"
        "from maskengines.runtime.registry import EngineRegistry\n"
        "asked = [each for each in EngineRegistry.default().engines() if each.info.fields]\n"
        f"found = {{each.info.id: fields_that_apply(each, {{'model': {folder!r}}}) for each in asked}}\n"
        "assert 'negative_prompt' not in found['diffusers']\n"
        "print(sorted({'torch', 'diffusers', 'transformers', 'huggingface_hub', 'numba', 'cv2', 'scipy'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
