"""All engines there are: built in, installed as Python packages, or dropped into the plugin folder."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal

from maskengines.contract import EngineInfo
from maskengines.errors import BadInput
from maskengines.params import Params
from maskengines.runtime import plugins
from maskengines.runtime.trust import TrustStore

Origin = Literal["built-in", "entry-point", "plugin"]

# Each names one `EngineInfo` or several; adding a family adds its info.py here.
BUILT_IN = (
    "maskengines.inpaint.info:ENGINES",
    "maskengines.inpaint.pipelines.info:ENGINES",
    "maskengines.attribution.info:ENGINES",
    "maskengines.pose.info:ENGINES",
    "maskengines.scene.info:ENGINES",
)

ENTRY_POINT_GROUP = "maskstudio.engines"


@dataclass(frozen=True)
class RegisteredEngine:
    """An engine and where it came from.

    Attributes:
        location: the plugin's folder, else ``None``.
        plugin: name of the plugin's folder, else empty.
        check: says why it cannot run, or ``None``; asked anew each time.
    """

    info: EngineInfo
    origin: Origin
    location: Path | None = None
    plugin: str = ""
    check: Callable[[], str | None] = field(default=lambda: None, repr=False, compare=False)

    def readiness(self) -> str | None:
        """Why the engine cannot run now, in a sentence; ``None`` if it can."""
        return self.check()

    @property
    def plugin_folder(self) -> Path | None:
        return self.location if self.origin == "plugin" else None

    def trusted_hash(self) -> str:
        """The content hash that the user trusted; empty for what is no plugin."""
        return TrustStore().trusted_hash(self.plugin) if self.plugin else ""


class EngineRegistry:
    """Engines by id. The first to claim an id has it; whoever comes later is listed as not ready. Plugins
    claim theirs last, in an order of their own: see `refresh`."""

    def __init__(self, engines: Iterable[RegisteredEngine] = ()) -> None:
        self._engines: dict[str, RegisteredEngine] = {}
        for engine in engines:
            self.add(engine)

    @classmethod
    def default(cls) -> EngineRegistry:
        """Built-in engines, then entry points, then the plugin folder, as they are now."""
        registry = cls()
        for path in BUILT_IN:
            for info in _infos(_load(path)):
                registry.add(RegisteredEngine(info, "built-in"))
        for point in entry_points(group=ENTRY_POINT_GROUP):
            for engine in _from_entry_point(point):
                registry.add(engine)
        registry.refresh()
        return registry

    def refresh(self) -> None:
        """Look into the plugin folder again; the other engines stay. Of plugins with the same id one has it:
        one that is trusted before one that is not, else the one whose folder carries it."""
        kept = [engine for engine in self._engines.values() if engine.origin != "plugin"]
        fresh = EngineRegistry(kept)
        for plugin in _owners_first(plugins.scan()):
            fresh.add(_from_plugin(plugin))
        listed = sorted(fresh.engines(), key=lambda engine: engine.plugin)
        self._engines = {engine.info.id: engine for engine in listed}

    def engines(self) -> list[RegisteredEngine]:
        return list(self._engines.values())

    def get(self, engine_id: str) -> RegisteredEngine:
        """Raises:
        BadInput: there is no such engine; names those that there are.
        """
        try:
            return self._engines[engine_id]
        except KeyError:
            known = ", ".join(self._engines) or "none"
            raise BadInput(f"There is no engine '{engine_id}'. Engines: {known}.") from None

    def add(self, engine: RegisteredEngine) -> None:
        owner = self._engines.get(engine.info.id)
        if owner is not None:
            where = f"the plugin '{owner.plugin}'" if owner.plugin else f"the {owner.origin} engine"
            what = f"The plugin '{engine.plugin}'" if engine.plugin else f"The {engine.origin} engine"
            engine = _broken(
                engine.plugin or engine.info.id,
                engine.origin,
                f"{what} cannot be used. Its id '{engine.info.id}' belongs to {where}; give it another one.",
                self._engines,
                engine.location,
            )
        elif engine.info.id.startswith(_BROKEN):
            engine = _broken(
                engine.info.id.removeprefix(_BROKEN),
                engine.origin,
                engine.readiness() or "",
                self._engines,
                engine.location,
            )
        self._engines[engine.info.id] = engine


# No id begins like this, so what has none of its own cannot take one away from another.
_BROKEN = "?"
_TRUST = {"trusted": 0, "changed": 1, "untrusted": 2}
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def _broken(
    name: str, origin: Origin, reason: str, taken: Iterable[str] = (), location: Path | None = None
) -> RegisteredEngine:
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"
    engine_id, number = base, 1
    while engine_id in taken:
        number += 1
        engine_id = f"{base}-{number}"
    info = EngineInfo(
        id=engine_id,
        title=name,
        summary=reason,
        version="",
        params=Params,
        implementation="",
        needs_mask=False,
    )
    plugin = name if origin == "plugin" else ""
    return RegisteredEngine(info, origin, location, plugin, lambda: reason)


def _unnamed(name: str, origin: Origin, reason: str, location: Path | None = None) -> RegisteredEngine:
    info = EngineInfo(_BROKEN + name, name, reason, "", Params, "")
    return RegisteredEngine(info, origin, location, name if origin == "plugin" else "", lambda: reason)


def _owners_first(found: list[plugins.Plugin]) -> list[plugins.Plugin]:
    """Each plugin that has a right to its id, then the rest, which might take one for its folder's name."""
    claims: dict[str, list[plugins.Plugin]] = {}
    for plugin in found:
        if plugin.info is not None:
            claims.setdefault(plugin.info.id, []).append(plugin)
    owners = [
        rivals[0]
        if len(rivals) == 1
        else min(rivals, key=lambda each: (_TRUST[each.status], each.name != name))
        for name, rivals in claims.items()
    ]
    return [*owners, *(plugin for plugin in found if plugin not in owners)]


def _from_plugin(plugin: plugins.Plugin) -> RegisteredEngine:
    if plugin.info is None:
        return _unnamed(plugin.name, "plugin", plugin.problem, plugin.folder)
    return RegisteredEngine(plugin.info, "plugin", plugin.folder, plugin.name, plugin.not_ready)


def _from_entry_point(point: EntryPoint) -> list[RegisteredEngine]:
    try:
        return [RegisteredEngine(info, "entry-point") for info in _infos(point.load())]
    except (Exception, SystemExit) as error:
        reason = (
            f"The installed engine '{point.name}' cannot be used: '{point.value}' failed to load "
            f"({type(error).__name__}: {str(error)[:200]}). Update or uninstall the package it came with."
        )
        return [_unnamed(point.name, "entry-point", reason)]


def _load(path: str) -> object:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _infos(loaded: object) -> tuple[EngineInfo, ...]:
    infos = loaded if isinstance(loaded, tuple | list) else (loaded,)
    for info in infos:
        if not isinstance(info, EngineInfo):
            raise TypeError(f"expected an EngineInfo, found {type(info).__name__}")
        if info.fields and not _DOTTED.fullmatch(info.fields):
            raise ValueError(f"'{info.fields}' names no function; 'fields' has the form module:function")
    return tuple(infos)
