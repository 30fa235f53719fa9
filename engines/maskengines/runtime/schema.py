"""Builds a parameter model from the JSON-schema-like table of a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError, create_model

from maskengines.errors import BadInput
from maskengines.params import Params

_TYPES: dict[str, type] = {"number": float, "integer": int, "string": str, "boolean": bool}
_NUMERIC = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
_TEXTUAL = {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"}
_WORDS = ("title", "description")
_COMMON = {"type", "default", "enum", "advanced", *_WORDS}


def params_from_schema(schema: Mapping[str, Any]) -> type[Params]:
    """A `Params` with a field per key of ``schema``.

    Each value describes one parameter as in JSON schema: ``type`` (number, integer, string or boolean),
    ``default``, ``minimum``, ``maximum``, ``exclusiveMinimum``, ``exclusiveMaximum``, ``multipleOf``,
    ``minLength``, ``maxLength``, ``pattern``, ``enum``, ``title``, ``description``; and ``advanced``,
    which folds it away in the form.

    Raises:
        BadInput: one sentence that names the parameter and what is wrong with it.
    """
    fields: dict[str, Any] = {name: _field(name, given) for name, given in schema.items()}
    try:
        model: type[Params] = create_model("PluginParams", __base__=Params, **fields)
        model()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = first["loc"][0] if first["loc"] else "?"
        raise BadInput(f"Parameter '{name}': its default does not fit ({first['msg']}).") from error
    except Exception as error:
        raise BadInput(f"The parameters cannot be used: {str(error).splitlines()[0]}.") from error
    return model


def _field(name: str, given: Any) -> tuple[Any, Any]:
    if not name.isidentifier() or name.startswith("_") or hasattr(Params, name):
        raise BadInput(f"Parameter '{name}' must have a name of letters, digits and underscores of its own.")
    if not isinstance(given, dict):
        raise BadInput(f"Parameter '{name}' must be a table with a type and a default.")
    kind = given.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise BadInput(f"Parameter '{name}' must have one of the types {', '.join(_TYPES)}.")
    if "default" not in given:
        raise BadInput(f"Parameter '{name}' has no default.")
    limits = _NUMERIC if kind in ("number", "integer") else _TEXTUAL if kind == "string" else {}
    unknown = sorted(set(given) - _COMMON - set(limits))
    if unknown:
        raise BadInput(f"Parameter '{name}' has '{unknown[0]}', which means nothing for a {kind}.")
    options: dict[str, Any] = {"validate_default": True}
    for key, option in limits.items():
        if key in given:
            options[option] = _limit(name, key, given[key])
    for key in _WORDS:
        if key in given:
            options[key] = _text(name, key, given[key])
    if not isinstance(given.get("advanced", False), bool):
        raise BadInput(f"Parameter '{name}': 'advanced' must be true or false.")
    if given.get("advanced"):
        options["json_schema_extra"] = {"advanced": True}
    return _annotation(name, kind, given), Field(given["default"], **options)


def _annotation(name: str, kind: str, given: dict[str, Any]) -> Any:
    if "enum" not in given:
        return _TYPES[kind]
    choices = given["enum"]
    if kind not in ("string", "integer") or not isinstance(choices, list) or not choices:
        raise BadInput(f"Parameter '{name}': 'enum' must be a list of texts or whole numbers.")
    if not all(isinstance(choice, _TYPES[kind]) and not isinstance(choice, bool) for choice in choices):
        raise BadInput(f"Parameter '{name}': every choice of 'enum' must be a {kind}.")
    return Literal[tuple(choices)]


def _limit(name: str, key: str, value: Any) -> Any:
    if key == "pattern":
        return _text(name, key, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"Parameter '{name}': '{key}' must be a number.")
    return value


def _text(name: str, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadInput(f"Parameter '{name}': '{key}' must be text.")
    return value
