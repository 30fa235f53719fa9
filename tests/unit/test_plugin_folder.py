"""The plugin folder: manifests of all kinds, trust by content."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from maskengines.errors import BadInput
from maskengines.runtime import plugins
from maskengines.runtime.manifest import read_manifest
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.trust import content_hash

GOOD = """
id = "good"
title = "Good"
summary = "Does good."
version = "1"
module = "code"
class = "E"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "plugins"
    root.mkdir()
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(root))
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    return root


def write(
    root: Path, name: str, manifest: str | bytes = GOOD, code: str = "raise SystemExit('imported')"
) -> Path:
    folder = root / name
    folder.mkdir()
    data = manifest.encode() if isinstance(manifest, str) else manifest
    (folder / "engine.toml").write_bytes(data)
    (folder / "code.py").write_text(code)
    return folder


def test_a_manifest_is_read_without_importing_the_plugin(folder: Path) -> None:
    write(folder, "good", GOOD + 'live = true\nweight = "light"\nresult_kinds = ["map"]\ndefault_count = 2\n')
    engine = EngineRegistry.default().get("good")
    assert (engine.origin, engine.location, engine.plugin) == ("plugin", folder / "good", "good")
    assert (engine.info.live, engine.info.weight, engine.info.result_kinds) == (True, "light", ("map",))
    assert engine.info.default_count == 2


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("id = [", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("", "lacks 'id', 'title'"),
        (GOOD.replace('version = "1"\n', ""), "lacks 'version'"),
        (GOOD + "colour = 1\n", "'colour', which means nothing"),
        (GOOD.replace('"Good"', "5"), "'title' must be text"),
        (GOOD.replace('"good"', '"Good One!"'), "lower-case"),
        (GOOD.replace('"good"', '"../x"'), "lower-case"),
        (GOOD.replace('"code"', '"../code"'), "inside the plugin's folder"),
        (GOOD.replace('"code"', '"/etc/passwd"'), "inside the plugin's folder"),
        (GOOD.replace('"code"', '"absent"'), "no file absent.py"),
        (GOOD.replace('"E"', '"E()"'), "must be a Python name"),
        (GOOD + 'weight = "huge"\n', "'weight' must be"),
        (GOOD + 'live = "yes"\n', "'live' must be true or false"),
        (GOOD + "subject_kinds = \"image\"\n", "list of texts"),
        (GOOD + 'result_kinds = ["sound"]\n', "no result kind 'sound'"),
        (GOOD + 'subject_kinds = ["video"]\n', "engine.toml: there is no subject kind 'video'; there are"),
        (GOOD + 'spaces = ["voxels"]\n', "engine.toml: there is no space 'voxels'; there are pixels,"),
        (GOOD + "subject_kinds = []\n", "engine.toml: 'subject_kinds' is empty; name at least one of image,"),
        (GOOD + "spaces = []\n", "engine.toml: 'spaces' is empty; name at least one of pixels,"),
        (GOOD + "result_kinds = []\n", "engine.toml: 'result_kinds' is empty; name at least one of image,"),
        (GOOD + "default_count = 0\n", "above 0"),
        (GOOD + "params = 5\n", "must be a table"),
        (GOOD + '[params]\nx = "number"\n', "'x' must be a table"),
        (GOOD + '[params.x]\ntype = "colour"\n', "one of the types"),
        (GOOD + '[params.x]\ntype = "number"\n', "'x' has no default"),
        (GOOD + '[params.x]\ntype = "integer"\ndefault = "many"\n', "default does not fit"),
        (GOOD + '[params.x]\ntype = "number"\ndefault = 5\nmaximum = 3\n', "default does not fit"),
        (GOOD + '[params.x]\ntype = "number"\ndefault = 5\nmaximum = "3"\n', "'maximum' must be a number"),
        (GOOD + '[params.x]\ntype = "number"\ndefault = 5\nmaxium = 3\n', "'maxium', which means nothing"),
        (GOOD + '[params.x]\ntype = "string"\ndefault = "c"\nenum = ["a"]\n', "default does not fit"),
        (GOOD + '[params.x]\ntype = "string"\ndefault = "a"\nenum = []\n', "'enum' must be a list"),
        (GOOD + '[params.x]\ntype = "string"\ndefault = "a"\npattern = "("\n', "cannot be used"),
        (GOOD + '[params.model_dump]\ntype = "number"\ndefault = 1\n', "must have a name"),
        (GOOD + '[params."a b"]\ntype = "number"\ndefault = 1\n', "must have a name"),
    ],
)  # fmt: skip
def test_a_bad_manifest_is_listed_with_a_sentence(folder: Path, manifest: str, said: str) -> None:
    write(folder, "bad", manifest)
    engine = EngineRegistry.default().get("bad")
    reason = engine.readiness()
    assert reason is not None
    assert said in reason
    assert reason.startswith("The plugin 'bad' cannot be used.")
    assert reason.endswith(".")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
))  # fmt: skip
def test_no_parameter_table_whatever_breaks_the_reader(value: object) -> None:
    from maskengines.runtime.schema import params_from_schema

    for schema in (
        {"x": value},
        {"x": {"type": "number", "default": value}},
        {"x": {"type": "string", "default": "", "enum": value}},
    ):
        with contextlib.suppress(BadInput):
            json.dumps(params_from_schema(schema).model_json_schema())  # type: ignore[arg-type]


def test_the_form_and_the_command_line_come_from_the_manifest(folder: Path) -> None:
    write(folder, "good", GOOD + """
[params.size]
type = "integer"
default = 3
minimum = 1
maximum = 9
title = "Size"
description = "How large."
[params.way]
type = "string"
default = "up"
enum = ["up", "down"]
advanced = true
[params.on]
type = "boolean"
default = true
""")  # fmt: skip
    info = read_manifest(folder / "good")
    properties = info.schema()["properties"]
    size = {"type": "integer", "default": 3, "minimum": 1, "maximum": 9}
    assert properties["size"] == {**size, "title": "Size", "description": "How large."}
    assert properties["way"]["enum"] == ["up", "down"]
    assert properties["way"]["advanced"] is True
    assert info.params.read({"size": "7", "on": "false"}).model_dump() == {
        "size": 7,
        "way": "up",
        "on": False,
    }
    with pytest.raises(BadInput, match="size"):
        info.params.read({"size": "10"})


def test_a_plugin_cannot_take_the_id_of_another_engine(folder: Path) -> None:
    write(folder, "a-first", GOOD)
    write(folder, "b-second", GOOD)
    write(folder, "exemplar", GOOD.replace('"good"', '"exemplar"'))
    write(folder, "live-fill", "broken")
    registry = EngineRegistry.default()
    assert registry.get("exemplar").origin == "built-in"
    assert registry.get("live-fill").origin == "built-in"
    assert registry.get("good").plugin == "a-first"
    assert "belongs to the plugin 'a-first'" in (registry.get("b-second").readiness() or "")
    reasons = {engine.plugin: engine.readiness() or "" for engine in registry.engines() if engine.plugin}
    assert "belongs to the built-in engine" in reasons["exemplar"]
    assert "cannot be read" in reasons["live-fill"]


def test_a_copy_does_not_take_the_id_of_a_plugin_that_is_trusted(folder: Path) -> None:
    write(folder, "theirs")
    plugins.trust("theirs")
    write(folder, "aaa", code="x = 1")
    write(folder, "good", code="x = 2")
    registry = EngineRegistry.default()
    assert registry.get("good").plugin == "theirs"
    assert registry.get("good").readiness() is None
    for copy in ("aaa", "good-2"):
        assert "belongs to the plugin 'theirs'" in (registry.get(copy).readiness() or "")
    (folder / "theirs" / "code.py").write_text("x = 3")
    assert EngineRegistry.default().get("good").plugin == "theirs"
    plugins.forget("theirs")
    assert EngineRegistry.default().get("good").plugin == "good"
    folders = [engine.plugin for engine in EngineRegistry.default().engines() if engine.plugin]
    assert folders == ["aaa", "good", "theirs"]


def test_what_cannot_be_used_takes_no_id_from_what_can(folder: Path) -> None:
    write(folder, "good", "broken")
    write(folder, "later", GOOD)
    registry = EngineRegistry.default()
    assert registry.get("good").plugin == "later"
    assert "cannot be read" in (registry.get("good-2").readiness() or "")


def test_an_id_that_two_plugins_have_names_neither(folder: Path) -> None:
    write(folder, "one")
    write(folder, "two")
    with pytest.raises(BadInput, match=r"'one' and 'two' have the id 'good'\. Name the folder"):
        plugins.trust("good")
    assert plugins.trust("two").name == "two"


def test_trusting_forgetting_and_changing(folder: Path) -> None:
    plugin = write(folder, "good")
    status = lambda: plugins.find("good").status  # noqa: E731
    assert status() == "untrusted"
    plugins.trust("good")
    assert status() == "trusted"
    assert EngineRegistry.default().get("good").readiness() is None
    (plugin / "code.py").write_text("x = 1")
    assert status() == "changed"
    assert "maskstudio plugins trust good" in (EngineRegistry.default().get("good").readiness() or "")
    plugins.trust("good")
    assert status() == "trusted"
    plugins.forget("good")
    assert status() == "untrusted"
    with pytest.raises(BadInput, match="no plugin 'nobody'"):
        plugins.trust("nobody")
    with pytest.raises(BadInput, match="no plugin 'nobody'"):
        plugins.forget("nobody")


def test_a_plugin_goes_by_its_folder_or_its_id(folder: Path) -> None:
    write(folder, "downloaded-folder")
    assert plugins.trust("good").name == "downloaded-folder"
    assert plugins.find("downloaded-folder").status == "trusted"


def test_a_plugin_that_cannot_be_read_cannot_be_trusted(folder: Path) -> None:
    write(folder, "broken", "id = [")
    with pytest.raises(BadInput, match="cannot be read"):
        plugins.trust("broken")
    assert plugins.find("broken").status == "untrusted"


@pytest.mark.parametrize("change", ["add", "rename", "edit", "move", "empty", "nested"])
def test_every_change_of_a_folder_changes_its_hash(folder: Path, change: str) -> None:
    plugin = write(folder, "good")
    (plugin / "sub").mkdir()
    (plugin / "sub" / "data.bin").write_bytes(b"\x00" * 100)
    before = content_hash(plugin)
    if change == "add":
        (plugin / "new").write_bytes(b"")
    elif change == "rename":
        (plugin / "code.py").rename(plugin / "c0de.py")
    elif change == "edit":
        (plugin / "sub" / "data.bin").write_bytes(b"\x00" * 99 + b"\x01")
    elif change == "move":
        (plugin / "sub" / "data.bin").rename(plugin / "data.bin")
    elif change == "empty":
        (plugin / "sub" / "data.bin").write_bytes(b"")
    else:
        (plugin / "sub" / "__init__.py").write_text("")
    assert content_hash(plugin) != before


def test_compiled_files_do_not_count_and_bytes_cannot_be_shifted_between_files(folder: Path) -> None:
    plugin = write(folder, "good")
    before = content_hash(plugin)
    (plugin / "__pycache__").mkdir()
    (plugin / "__pycache__" / "code.pyc").write_bytes(b"x")
    assert content_hash(plugin) == before
    (plugin / "a").write_bytes(b"bc")
    one = content_hash(plugin)
    (plugin / "a").unlink()
    (plugin / "ab").write_bytes(b"c")
    assert content_hash(plugin) != one


def test_a_link_or_a_pipe_in_a_plugin_is_refused(folder: Path) -> None:
    plugin = write(folder, "good")
    (plugin / "elsewhere.py").symlink_to("/etc/passwd")
    with pytest.raises(BadInput, match=r"elsewhere\.py"):
        plugins.trust("good")
    assert "link" in (EngineRegistry.default().get("good").readiness() or "")
    (plugin / "elsewhere.py").unlink()
    os.mkfifo(plugin / "pipe")
    with pytest.raises(BadInput, match="pipe"):
        plugins.trust("good")


def test_a_damaged_list_of_trust_means_nothing_is_trusted(folder: Path, tmp_path: Path) -> None:
    write(folder, "good")
    plugins.trust("good")
    for damage in (b"{", b"[]", b'{"good": 5}', b"\xff"):
        (tmp_path / "home" / "config" / "plugins.json").write_bytes(damage)
        assert plugins.find("good").status == "untrusted"
    plugins.trust("good")
    assert plugins.find("good").status == "trusted"


def test_a_missing_plugin_folder_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "none"))
    assert plugins.scan() == []
    (tmp_path / "none").write_text("a file")
    assert plugins.scan() == []


def test_files_beside_plugins_and_folders_without_manifest_are_passed_over(folder: Path) -> None:
    write(folder, "good")
    (folder / "notes.txt").write_text("x")
    (folder / "drafts").mkdir()
    assert [plugin.name for plugin in plugins.scan()] == ["good"]
