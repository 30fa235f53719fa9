"""Which files of a repository or folder make up a model: safetensors, and the small text beside them.

Repositories hold the same weights several times: pickled, for other libraries, in two precisions. One copy
is taken, and written under the name that a loader looks for first, so that no engine has to know which.
Pickles and program code are never taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from maskengines.errors import BadInput
from maskengines.weights.files import PICKLED
from maskengines.weights.store.kinds import kind_of_config

Precision = Literal["half", "full"]
ReadJson = Callable[[str], Mapping[str, Any]]

_STEMS = ("diffusion_pytorch_model", "model")
_TEXT = (".json", ".txt", ".model", ".jinja")
_PREFERRED = {"half": ("fp16", "bf16", "", "fp32"), "full": ("", "fp32", "bf16", "fp16")}
_WEIGHTS = re.compile(
    r"(?P<stem>[^.]+?)(?:\.(?P<variant>\w+))?(?P<shard>-\d{5}-of-\d{5})?(?:\.(?P<later>\w+))?\.safetensors"
)
_INDEX = re.compile(r".+\.safetensors\.index(\.\w+)?\.json")


@dataclass(frozen=True)
class Choice:
    """What makes up a model.

    Attributes:
        kind: a key of `KINDS`; ``checkpoint`` also where only the tensors can tell that it is a LoRA.
        files: path in the store by path at the source, both with forward slashes.
    """

    kind: str
    files: Mapping[str, str]


def choose(names: Collection[str], read_json: ReadJson, called: str, precision: Precision = "half") -> Choice:
    """Choose the files of a model.

    Args:
        names: every file there is, with forward slashes.
        read_json: gives the content of one that is JSON.
        called: the model's name, for sentences.
        precision: which weights are taken where there are both: 16 bits, or all there is.

    Raises:
        BadInput: the weights are pickled, a part is missing, or it is no model at all.
    """
    sound = sorted(name for name in names if is_sound(name))
    if "model_index.json" in sound:
        return Choice("pipeline", _pipeline(sound, read_json("model_index.json"), called, precision))
    if "config.json" in sound:
        files = _part(sound, "", called, precision)
        if not any(target.endswith(".safetensors") for target in files.values()):
            raise _nothing(sound, called)
        return Choice(kind_of_config(read_json("config.json")), {**_cards(sound), **files})
    return Choice("checkpoint", {**_cards(sound), **_lone_file(sound, called)})


def is_sound(name: str) -> bool:
    """Whether a name stays inside the folder that it is written to."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _pipeline(
    names: list[str], index: Mapping[str, Any], called: str, precision: Precision
) -> dict[str, str]:
    files = {**_cards(names), "model_index.json": "model_index.json"}
    for part, entry in index.items():
        if part.startswith("_") or not isinstance(entry, list) or entry[-1:] in ([], [None]):
            continue
        found = _part(names, f"{part}/", called, precision)
        if not found:
            raise BadInput(f"'{called}' is not whole: its part '{part}' is missing. Choose another model.")
        files.update(found)
    if not any(target.endswith(".safetensors") for target in files.values()):
        raise _nothing(names, called)
    return files


def _part(names: list[str], folder: str, called: str, precision: Precision) -> dict[str, str]:
    """Files of one network, tokenizer or scheduler in ``folder`` (empty, or with a slash at its end)."""
    here = [name[len(folder) :] for name in names if name.startswith(folder)]
    here = [name for name in here if "/" not in name]
    weights = _weights(here, precision)
    pickled = [name for name in here if PurePosixPath(name).suffix in PICKLED]
    if pickled and not weights:
        raise pickled_only(f"{folder}{pickled[0]}", called)
    text = {name: name for name in here if PurePosixPath(name).suffix in _TEXT and not _INDEX.fullmatch(name)}
    if not folder:  # what lies at the top of a repository beside a network may be anything
        text.pop("model_index.json", None)
    return {f"{folder}{name}": f"{folder}{target}" for name, target in {**text, **weights}.items()}


def _weights(here: list[str], precision: Precision) -> dict[str, str]:
    """The weights of a network, and their index where they come in pieces, by the name they get."""
    variants: dict[str, dict[str, list[str]]] = {}
    for name in here:
        match = _WEIGHTS.fullmatch(name)
        if match is None or match["stem"] not in _STEMS:
            continue
        variant = match["variant"] or match["later"] or ""
        variants.setdefault(match["stem"], {}).setdefault(variant, []).append(name)
    for stem in _STEMS:
        if stem in variants:
            order = [*_PREFERRED[precision], *sorted(variants[stem])]
            variant = next(each for each in order if each in variants[stem])
            return _pieces(stem, variant, variants[stem][variant], here)
    return {}


def _pieces(stem: str, variant: str, pieces: list[str], here: list[str]) -> dict[str, str]:
    whole = [name for name in pieces if "-of-" not in name]
    if whole:
        return {whole[0]: f"{stem}.safetensors"}
    plain = f"{stem}.safetensors.index.json"
    index = f"{stem}.safetensors.index.{variant}.json" if variant else plain
    if index not in here:  # a model that was chosen from before has its index under the plain name
        index = plain
    if index not in here:
        raise BadInput(f"The weights are not whole: '{index}' is missing. Get the model again.")
    # The index names its pieces, so they keep their names.
    return {**{name: name for name in pieces}, index: plain}


def _lone_file(names: list[str], called: str) -> dict[str, str]:
    top = [name for name in names if "/" not in name and name.endswith(".safetensors")]
    known = [
        name for name in top if name in ("pytorch_lora_weights.safetensors", "adapter_model.safetensors")
    ]
    if known:
        beside = [name for name in names if name == "adapter_config.json"]
        return {name: name for name in (known[0], *beside)}
    if len(top) == 1:
        return {top[0]: top[0]}
    if top:
        raise BadInput(
            f"'{called}' holds {len(top)} weights files ('{top[0]}', '{top[1]}', ...) and does not say which "
            "is the model. Put the one that you want into a folder of its own and import that."
        )
    raise _nothing(names, called)


def _cards(names: list[str]) -> dict[str, str]:
    """The model card and the licence."""
    kept = [name for name in names if name == "README.md" or is_licence(name)]
    return {name: name for name in kept}


def is_licence(name: str) -> bool:
    """Whether a file is a licence's text by its name."""
    return re.fullmatch(r"(LICEN[CS]E|COPYING)([-_.]\w+)*(\.(md|txt))?", name, re.IGNORECASE) is not None


def pickled_only(name: str, called: str) -> BadInput:
    """What to say of weights that are never opened."""
    return BadInput(
        f"'{called}' has its weights as '{name}', which can run any code when it is opened, so it is neither "
        "fetched nor read. Choose a version with safetensors, or convert it where you trust it: open it and "
        "write it with save_pretrained(NEW)."
    )


def _nothing(names: list[str], called: str) -> BadInput:
    pickled = [name for name in names if PurePosixPath(name).suffix in PICKLED]
    if pickled:
        return pickled_only(pickled[0], called)
    return BadInput(
        f"'{called}' holds no weights as safetensors. Choose a folder or a repository of a diffusers "
        "pipeline, of a network that transformers wrote, or of a LoRA."
    )
