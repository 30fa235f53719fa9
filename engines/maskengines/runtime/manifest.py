"""Reads ``engine.toml``, a plugin's manifest, without importing the plugin."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from maskengines.contract import EngineInfo, ResultKind
from maskengines.errors import BadInput
from maskengines.runtime.loading import plugin_module_path
from maskengines.runtime.schema import params_from_schema

MANIFEST = "engine.toml"

_REQUIRED = ("id", "title", "summary", "version", "module", "class")
_TEXTS = (*_REQUIRED, "weight", "live_companion")
_LISTS = ("subject_kinds", "spaces", "result_kinds", "needs")
_SWITCHES = ("live", "all_cores", "needs_mask", "needs_visible")
KEYS = {*_TEXTS, *_LISTS, *_SWITCHES, "default_count", "params"}
_KNOWN: dict[str, tuple[str, Sequence[str]]] = {
    "subject_kinds": ("subject kind", ("image", "pose", "scene")),
    "spaces": ("space", ("pixels", "joints", "gaussians", "photo")),
    "result_kinds": ("result kind", get_args(ResultKind)),
}
"""Lists of words that mean something: how one is called, and which there are."""
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def read_manifest(folder: Path) -> EngineInfo:
    """What ``folder/engine.toml`` says.

    Raises:
        BadInput: one sentence that says what is wrong with it.
    """
    path = folder / MANIFEST
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"The folder has no {MANIFEST}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise BadInput(f"{MANIFEST} cannot be read: {error}.") from error
    _check(values)
    module, class_name = values["module"], values["class"]
    _check_module(folder, module, class_name)
    optional: dict[str, Any] = {
        key: tuple(values[key]) if key in _LISTS else values[key]
        for key in (*_LISTS, *_SWITCHES, "weight", "live_companion", "default_count")
        if key in values
    }
    return EngineInfo(
        id=values["id"],
        title=values["title"],
        summary=values["summary"],
        version=values["version"],
        params=params_from_schema(values.get("params", {})),
        implementation=f"{module}:{class_name}",
        **optional,
    )


def _check(values: dict[str, Any]) -> None:
    missing = [key for key in _REQUIRED if key not in values]
    if missing:
        raise BadInput(f"{MANIFEST} lacks {_listed(missing)}.")
    unknown = sorted(set(values) - KEYS)
    if unknown:
        raise BadInput(f"{MANIFEST} has {_listed(unknown)}, which means nothing here.")
    for key in _TEXTS:
        if key in values and (not isinstance(values[key], str) or not values[key].strip()):
            raise BadInput(f"{MANIFEST}: '{key}' must be text in quotes.")
    for key in _LISTS:
        items = values.get(key, [])
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise BadInput(f"{MANIFEST}: '{key}' must be a list of texts.")
    for key in _SWITCHES:
        if not isinstance(values.get(key, False), bool):
            raise BadInput(f"{MANIFEST}: '{key}' must be true or false.")
    count = values.get("default_count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise BadInput(f"{MANIFEST}: 'default_count' must be a whole number above 0.")
    if not _ID.fullmatch(values["id"]):
        raise BadInput(
            f"{MANIFEST}: the id '{values['id']}' must be made of lower-case letters, digits and "
            "single dashes."
        )
    if values.get("weight", "heavy") not in ("light", "heavy"):
        raise BadInput(f'{MANIFEST}: \'weight\' must be "light" or "heavy".')
    for key, (word, known) in _KNOWN.items():
        _check_known(key, word, known, values.get(key, known))
    if not isinstance(values.get("params", {}), dict):
        raise BadInput(f"{MANIFEST}: 'params' must be a table.")


def _check_known(key: str, word: str, known: Sequence[str], given: Sequence[str]) -> None:
    strange = sorted(set(given) - set(known))
    if strange:
        raise BadInput(f"{MANIFEST}: there is no {word} {_listed(strange)}; there are {', '.join(known)}.")
    if not given:
        raise BadInput(f"{MANIFEST}: '{key}' is empty; name at least one of {', '.join(known)}.")


def _check_module(folder: Path, module: str, class_name: str) -> None:
    if not all(part.isidentifier() for part in module.split(".")):
        raise BadInput(
            f"{MANIFEST}: the module '{module}' must be a Python name inside the plugin's folder, "
            'like "my_engine" for my_engine.py.'
        )
    if not class_name.isidentifier():
        raise BadInput(f"{MANIFEST}: the class '{class_name}' must be a Python name.")
    path = plugin_module_path(folder, module)
    if not path.is_file():
        raise BadInput(f"{MANIFEST} names the module '{module}', but there is no file {path.name}.")


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
