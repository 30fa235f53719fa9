"""``maskstudio models``: what is here, and how models come and go without a window."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from maskengines.weights.store import Installed, ModelStore, offline
from maskengines.weights.store.choosing import Precision
from maskengines.weights.store.kinds import KINDS
from maskengines.weights.store.pulling import Offer
from maskengines.weights.store.settings import set_offline
from maskengines.weights.store.space import size_words

from maskstudio.output import JsonOutput, Output, print_json, say

_PAUSE = 0.2
"""Seconds between two words on how far it is."""


def print_list() -> int:
    """A line per model: its id, kind, size and licence; below it where it is."""
    store = ModelStore()
    models, unfinished = store.installed(), store.unfinished()
    width = max(map(len, [*(model.id for model in models), *unfinished]), default=0)
    for model in models:
        say(f"{model.id:<{width}}  {model_words(model)}")
        say(f"{'':<{width}}  {model.path}")
    for name, count in unfinished.items():
        mended = (
            "'maskstudio models pull' goes on" if "/" in name else "'maskstudio models remove' frees them"
        )
        say(f"{name:<{width}}  not finished, {size_words(count)} are here; {mended}")
    if not models and not unfinished:
        say(f"No models in {store.folder}.")
    return 0


def print_json_list() -> int:
    """One JSON object a line; ``state`` is ``installed``, ``damaged`` or ``unfinished``."""
    store = ModelStore()
    for model in store.installed():
        print_json(described(model))
    for name, count in store.unfinished().items():
        print_json({"id": name, "state": "unfinished", "bytes": count})
    return 0


def pull(name: str, precision: Precision, agreed: bool, output: Output) -> int:
    """Bring a model from the hub; raises as `ModelStore.pull`.

    Args:
        agreed: the user agrees to its licence on the command line.
    """

    def agree(offer: Offer) -> bool:
        _show_licence(offer, output)
        if agreed:
            return True
        if not _somebody_is_there(output):
            output.warning("Read the licence; to agree to it, add --accept-licence.")
            return False
        sys.stderr.write(f"Agree to this licence and fetch {size_words(offer.bytes)}? [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    model = ModelStore().pull(name, agree, _Told(output), precision=precision)
    output.fact("model", described(model), str(model.path))
    return 0


def import_folder(path: Path, output: Output) -> int:
    """Copy a model from a folder; raises as `ModelStore.import_folder`."""
    model = ModelStore().import_folder(path, _Told(output))
    output.fact("model", described(model), str(model.path))
    return 0


def remove(name: str, output: Output) -> int:
    """Delete a model; raises as `ModelStore.remove`."""
    freed = ModelStore().remove(name)
    output.fact("removed", {"id": name, "bytes": freed}, f"{name} removed, {size_words(freed)} freed")
    return 0


def switch(word: str) -> int:
    """Turn the offline switch to ``offline`` or ``online``; asks nothing.

    Raises:
        BadInput: the settings cannot be written.
    """
    set_offline(word == "offline")
    variable = offline.offline_variable()
    kept = f", and {variable} keeps it so" if variable else ""
    say(f"{'offline' if offline.is_offline() else 'online'}{kept}")
    return 0


def model_words(model: Installed) -> str:
    """Kind, size and licence in one line."""
    record = model.record
    words = [
        KINDS.get(record.kind, record.kind),
        size_words(model.bytes),
        record.licence or "no licence stated",
    ]
    if model.missing:
        words.append(f"damaged: '{model.missing[0]}' is missing")
    return ", ".join(words)


def described(model: Installed) -> dict[str, Any]:
    """What ``--json`` prints of a model."""
    return {**model.described(), "state": "damaged" if model.missing else "installed"}


def _show_licence(offer: Offer, output: Output) -> None:
    licence = offer.licence
    if isinstance(output, JsonOutput):
        told = {"id": offer.id, "name": licence.name, "link": licence.link, "text": licence.text}
        output.fact("licence", {**told, "bytes": offer.bytes}, "")
        return
    lines = [f"{offer.id}: {licence.words()}", licence.link, licence.text.strip()]
    sys.stderr.write("".join(f"{line}\n" for line in lines if line))


def _somebody_is_there(output: Output) -> bool:
    return not isinstance(output, JsonOutput) and sys.stdin.isatty() and sys.stderr.isatty()


class _Told:
    """Passes on how far it is, but not for each of a million blocks."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._last = 0.0

    def __call__(self, done: int, total: int, file: str) -> None:
        now = time.monotonic()
        if now < self._last + _PAUSE and done < total:
            return
        self._last = now
        self._output.progress(done, total, f"{size_words(done)} of {size_words(total)}, {file}")
