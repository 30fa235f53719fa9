"""``maskstudio engines`` and ``maskstudio plugins``."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from maskengines.runtime import plugins
from maskengines.runtime.registry import EngineRegistry, RegisteredEngine

from maskstudio.output import print_json, say


def print_engines(engine: str | None) -> int:
    """A few readable lines per engine; with an id, that engine and its parameters.

    Raises:
        BadInput: no engine has that id.
    """
    if engine is not None:
        _print_engine(EngineRegistry.default().get(engine))
        return 0
    engines = EngineRegistry.default().engines()
    width = max((len(entry.info.id) for entry in engines), default=0)
    for entry in engines:
        reason = entry.readiness()
        say(f"{entry.info.id:<{width}}  {entry.info.title}: {entry.info.summary}")
        say(f"{'':<{width}}  {'ready' if reason is None else f'not ready: {reason}'}")
    return 0


def print_engines_json(engine: str | None) -> int:
    """One JSON object a line: ``id``, ``title``, ``subject_kinds``, ``params`` (JSON schema), ``ready``,
    ``reason`` and what else is known before an engine runs.

    Raises:
        BadInput: no engine has that id.
    """
    registry = EngineRegistry.default()
    for entry in [registry.get(engine)] if engine is not None else registry.engines():
        print_json(describe(entry))
    return 0


def describe(entry: RegisteredEngine) -> dict[str, Any]:
    """What `engines --json` prints of one engine."""
    info = entry.info
    reason = entry.readiness()
    return {
        "id": info.id,
        "title": info.title,
        "summary": info.summary,
        "version": info.version,
        "subject_kinds": list(info.subject_kinds),
        "result_kinds": list(info.result_kinds),
        "live": info.live,
        "needs_mask": info.needs_mask,
        "origin": entry.origin,
        "ready": reason is None,
        "reason": reason,
        "params": info.schema(),
    }


def print_plugins() -> int:
    """A line per plugin: its name, then ``trusted``, ``untrusted`` or ``changed``."""
    for plugin in plugins.scan():
        say(f"{plugin.name} {plugin.status}")
    return 0


def trust_plugin(name: str) -> int:
    """Trust a plugin's present content; asks nothing.

    Raises:
        BadInput: there is no plugin of that name.
    """
    plugins.trust(name)
    say(f"{name} trusted")
    return 0


def forget_plugin(name: str) -> int:
    """Take the trust in a plugin back; its files stay where they are.

    Raises:
        BadInput: there is no plugin of that name.
    """
    plugins.forget(name)
    say(f"{name} untrusted")
    return 0


def _print_engine(entry: RegisteredEngine) -> None:
    described = describe(entry)
    state = "ready" if described["ready"] else f"not ready: {described['reason']}"
    say(f"{described['id']}  {described['title']} {described['version']}, {state}")
    say(f"  {described['summary']}")
    say(f"  works on: {', '.join(described['subject_kinds'])}")
    properties: Mapping[str, Mapping[str, Any]] = described["params"].get("properties", {})
    if not properties:
        return
    say("  parameters, each as --set key=value:")
    width = max(map(len, properties))
    for key, schema in properties.items():
        say(f"    {key:<{width}}  {_accepts(schema)}; default {schema.get('default', 'none')}")
        text = schema.get("description", "")
        for line in textwrap.wrap(text, 78 - width):
            say(f"    {'':<{width}}  {line}")


def _accepts(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kinds = [shape.get("type", "value") for shape in schema.get("anyOf", [schema])]
    text = " or ".join(kinds)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f"{text} from {low} to {high}"
    if low is not None:
        return f"{text} from {low}"
    return f"{text} up to {high}" if high is not None else text
