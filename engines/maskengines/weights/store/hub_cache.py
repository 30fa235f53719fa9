"""Models that other programs fetched into the hub's own cache, found without its library or the network."""

from __future__ import annotations

import os
from pathlib import Path

from maskengines.errors import BadInput
from maskengines.weights.store.wholeness import examine


def cache_of_hub() -> Path:
    """Where programs that use the hub's library keep what they fetched."""
    chosen = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    home = os.environ.get("HF_HOME")
    if home:
        return Path(home).expanduser() / "hub"
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "huggingface" / "hub"


def newest_snapshot(hub_id: str) -> Path | None:
    """Folder of the newest copy of ``owner/name`` there, whole or not and however its files are called."""
    place = cache_of_hub() / f"models--{hub_id.replace('/', '--')}"
    try:
        commit = (place / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    folder = place / "snapshots" / commit
    return folder if commit and folder.is_dir() else None


def cached_snapshot(hub_id: str) -> Path | None:
    """`newest_snapshot`, if it is whole and its files have the plain names."""
    folder = newest_snapshot(hub_id)
    if folder is None:
        return None
    try:
        choice = examine(folder, precision="full")
    except BadInput:
        return None
    # A loader looks for the plain names only, and the files here belong to somebody else.
    renamed = any(source != target for source, target in choice.files.items())
    return None if renamed else folder
