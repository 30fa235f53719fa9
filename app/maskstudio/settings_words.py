"""``--set key=value`` words into parameter values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from maskengines.errors import BadInput
from maskengines.params import Params


def read_settings(params: type[Params], words: Sequence[str]) -> Params:
    """Parameters from ``key=value`` words; the last word for a key wins.

    Lists, objects and ``null`` are written as JSON, everything else as it is: ``size=3``,
    ``name=a=b``, ``points=[[1,2]]``.

    Raises:
        BadInput: no ``=``, an unknown key or a wrong value; the message names the known keys.
    """
    properties: Mapping[str, Any] = params.model_json_schema().get("properties", {})
    known = ", ".join(sorted(properties)) or "none"
    values: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        key = key.strip()
        if not equals or not key:
            raise BadInput(f"--set takes key=value, not '{word}'. Known parameters: {known}.")
        values[key] = _value(properties.get(key, {}), text)
    try:
        return params.read(values)
    except BadInput as error:
        if "Known parameters" in error.message:
            raise
        raise BadInput(f"{error.message} Known parameters: {known}.") from None


def _value(schema: Mapping[str, Any], text: str) -> Any:
    shapes = [schema, *schema.get("anyOf", ())]
    takes_text = any(shape.get("type") == "string" or "enum" in shape for shape in shapes)
    structured = text.lstrip()[:1] in ("[", "{") or text.strip() == "null"
    if takes_text or not structured:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
