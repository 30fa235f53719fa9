"""The plugin folder: finding plugins, trusting them, forgetting them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from maskengines.contract import EngineInfo
from maskengines.errors import BadInput
from maskengines.runtime.manifest import MANIFEST, read_manifest
from maskengines.runtime.paths import data_folder
from maskengines.runtime.trust import Status, TrustStore, changed_sentence, content_hash, untrusted_sentence


@dataclass(frozen=True, slots=True)
class Plugin:
    """A subfolder with a manifest.

    Attributes:
        name: the folder's, which trust goes by.
        info: ``None`` where the manifest is of no use.
        problem: why the manifest is of no use, or empty.
    """

    name: str
    folder: Path
    info: EngineInfo | None
    problem: str = ""

    @property
    def status(self) -> Status:
        """What the user said of it. A folder that cannot be hashed counts as untrusted."""
        try:
            return TrustStore().status(self.name, content_hash(self.folder))
        except BadInput:
            return "untrusted"

    def not_ready(self) -> str | None:
        """Why it cannot run, in a sentence, or ``None``."""
        if self.problem:
            return self.problem
        try:
            status = TrustStore().status(self.name, content_hash(self.folder))
        except BadInput as error:
            return error.message
        if status == "trusted":
            return None
        return untrusted_sentence(self.name) if status == "untrusted" else changed_sentence(self.name)


def plugin_folder() -> Path:
    """Where plugins are looked for: ``MASKSTUDIO_PLUGINS``, else a folder among the user's data. It may
    not exist."""
    chosen = os.environ.get("MASKSTUDIO_PLUGINS")
    return Path(chosen).expanduser() if chosen else data_folder() / "plugins"


def scan(folder: Path | None = None) -> list[Plugin]:
    """Every subfolder with a manifest, by name; nothing of a plugin is imported."""
    root = folder or plugin_folder()
    try:
        candidates = sorted(path for path in root.iterdir() if (path / MANIFEST).is_file())
    except OSError:
        return []
    return [_read(path) for path in candidates]


def find(name: str) -> Plugin:
    """The plugin in the folder ``name``, or else the one whose engine has this id.

    Raises:
        BadInput: there is none, or several have this id.
    """
    plugins = scan()
    for plugin in plugins:
        if plugin.name == name:
            return plugin
    named = [plugin for plugin in plugins if plugin.info is not None and plugin.info.id == name]
    if len(named) > 1:
        folders = " and ".join(f"'{plugin.name}'" for plugin in named)
        raise BadInput(f"The plugins in {folders} have the id '{name}'. Name the folder of the one you mean.")
    if named:
        return named[0]
    known = ", ".join(plugin.name for plugin in plugins) or "none"
    raise BadInput(f"There is no plugin '{name}' in {plugin_folder()}. Plugins there: {known}.")


def trust(name: str) -> Plugin:
    """Trust a plugin as it is now.

    Raises:
        BadInput: there is none of that name, its manifest cannot be read, or its folder holds links.
    """
    plugin = find(name)
    if plugin.problem:
        raise BadInput(plugin.problem)
    TrustStore().trust(plugin.name, content_hash(plugin.folder))
    return plugin


def forget(name: str) -> None:
    """Trust a plugin no longer. One that is gone from the folder can be forgotten too.

    Raises:
        BadInput: no such plugin is there or was ever trusted.
    """
    if TrustStore().forget(name):
        return
    TrustStore().forget(find(name).name)


def _read(folder: Path) -> Plugin:
    try:
        return Plugin(folder.name, folder, read_manifest(folder))
    except BadInput as error:
        return Plugin(
            folder.name, folder, None, f"The plugin '{folder.name}' cannot be used. {error.message}"
        )
