"""Engines by id, wherever they come from."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from maskengines.contract import EngineInfo
from maskengines.errors import BadInput
from maskengines.params import Params
from maskengines.runtime import registry as registry_module
from maskengines.runtime.registry import ENTRY_POINT_GROUP, EngineRegistry, RegisteredEngine

INFO = """
from maskengines.contract import EngineInfo
from maskengines.params import Params

def make(name):
    return EngineInfo(name, name.title(), "From a package.", "1", Params, "installed_implementation:Engine")

ONE = make("one")
MANY = (make("two"), make("three"))
NOT_INFO = "text"
"""


@pytest.fixture(autouse=True)
def _no_plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with engines; its implementation must never be imported here."""
    (tmp_path / "installed_info.py").write_text(INFO)
    (tmp_path / "installed_implementation.py").write_text("raise SystemExit('imported')")
    (tmp_path / "installed_broken.py").write_text("raise SystemExit('no')")
    monkeypatch.syspath_prepend(str(tmp_path))


def use(monkeypatch: pytest.MonkeyPatch, **points: str) -> EngineRegistry:
    found = [EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in points.items()]
    monkeypatch.setattr(registry_module, "entry_points", lambda group: found)
    return EngineRegistry.default()


def test_built_in_engines_are_ready_and_described_without_loading_them() -> None:
    registry = EngineRegistry.default()
    for name in ("exemplar", "live-fill"):
        engine = registry.get(name)
        assert engine.origin == "built-in"
        assert engine.readiness() is None
        assert engine.info.schema()["type"] == "object"
    assert registry.get("live-fill").info.live


def test_an_unknown_engine_is_bad_input_that_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"no engine 'examplar'.*exemplar, .*live-fill"):
        EngineRegistry.default().get("examplar")


@pytest.mark.usefixtures("package")
def test_installed_packages_bring_one_engine_or_several(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = use(monkeypatch, first="installed_info:ONE", more="installed_info:MANY")
    assert [registry.get(name).origin for name in ("one", "two", "three")] == ["entry-point"] * 3
    assert "installed_implementation" not in sys.modules


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    "value",
    ["installed_broken:ONE", "absent_package:ONE", "installed_info:ABSENT", "installed_info:NOT_INFO"],
)
def test_a_broken_package_is_listed_with_the_reason(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    registry = use(monkeypatch, shaky=value, fine="installed_info:ONE")
    reason = registry.get("shaky").readiness()
    assert reason is not None
    assert value in reason
    assert registry.get("one").readiness() is None
    assert registry.get("exemplar").readiness() is None


@pytest.mark.usefixtures("package")
def test_a_package_cannot_take_the_id_of_a_built_in_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = use(monkeypatch, exemplar="installed_broken:ONE")
    assert registry.get("exemplar").origin == "built-in"
    assert registry.get("exemplar-2").readiness() is not None


def test_looking_again_finds_new_plugins_and_keeps_the_rest(tmp_path: Path) -> None:
    registry = EngineRegistry.default()
    before = [engine.info.id for engine in registry.engines()]
    folder = tmp_path / "plugins" / "late"
    folder.mkdir(parents=True)
    (folder / "late.py").write_text("")
    (folder / "engine.toml").write_text(
        'id="late"\ntitle="Late"\nsummary="Came later."\nversion="1"\nmodule="late"\nclass="E"\n'
    )
    registry.refresh()
    assert [engine.info.id for engine in registry.engines()] == [*before, "late"]
    (folder / "engine.toml").unlink()
    registry.refresh()
    assert [engine.info.id for engine in registry.engines()] == before


def test_engines_can_be_registered_by_a_script() -> None:
    info = EngineInfo("mine", "Mine", "Of a script.", "1", Params, "my.module:Engine")
    registry = EngineRegistry([RegisteredEngine(info, "built-in")])
    assert [engine.info.id for engine in registry.engines()] == ["mine"]
