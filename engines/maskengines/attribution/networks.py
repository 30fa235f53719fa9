"""Loads a classifier: from a transformers folder, from the hub, or the built-in one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from maskengines.assets import asset
from maskengines.attribution.preprocessing import Preprocessing, read_preprocessing
from maskengines.attribution.selfcheck import SelfCheck, check_masking
from maskengines.attribution.transformers_folder import read_classifier
from maskengines.errors import BadInput, NotReady
from maskengines.weights.files import checked_weights, content_hash, weight_files
from maskengines.weights.hub import network_folder

Tensor = torch.Tensor
BUILT_IN = "shapes"
_BATCH = 2_500_000_000
"""Multiplications of one batch."""
_MOST_ROWS = 16


@dataclass(frozen=True, eq=False)
class Network:
    """A classifier, ready to be asked.

    Attributes:
        name: how people call it.
        forward: ``(N, 3, H, W)`` normalised to ``(N, classes)`` logits, both on ``device``.
        labels: name of every class, by index.
        layout: memory layout of pictures in which it runs fastest.
        rows: photos to send through it at once: so many that a batch takes about a fifth of a second. By
            what it multiplies and not by the clock, so that the same question gets the same answer.
        weights_hash: of the files it was read from.
        check: what the self-check of layer masking found.
    """

    name: str
    forward: Callable[[Tensor], Tensor]
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    layout: torch.memory_format
    device: str
    rows: int
    weights_hash: str
    check: SelfCheck

    @property
    def shape(self) -> tuple[int, int]:
        return self.preprocessing.shape


def load_network(model: str, device: str = "cpu") -> Network:
    """The network that ``model`` names: a folder, a hub id ``owner/name``, or empty for the built-in one.

    Raises:
        BadInput: there is no such network, or it is none that can be asked; says why.
        NotReady: it is not on this computer, or does not fit its memory.
    """
    if not model.strip():
        return _built_in(device)
    return _from_folder(*network_folder(model), device)


def _built_in(device: str) -> Network:
    missing = NotReady("The built-in network is not part of this installation. Give a folder with a network.")
    try:
        from maskengines.attribution.resnet import load_small_resnet

        folder = asset(f"networks/{BUILT_IN}")
    except (ImportError, FileNotFoundError):
        raise missing from None
    told = json.loads((folder / "config.json").read_text("utf-8"))
    side = int(told["size"])
    preprocessing = Preprocessing(
        size=(side, side),
        mean=tuple(told.get("mean", (0.0, 0.0, 0.0))),
        std=tuple(told.get("std", (1.0, 1.0, 1.0))),
    )
    module = load_small_resnet(folder).eval()
    return _ready(
        f"{BUILT_IN} (built in)",
        module,
        module,
        labels=list(told["labels"]),
        preprocessing=preprocessing,
        folder=folder,
        device=device,
    )


def _from_folder(folder: Path, name: str, device: str) -> Network:
    checked_weights(folder)
    preprocessing = read_preprocessing(folder)
    module, labels = read_classifier(folder, name)
    return _ready(
        name,
        module,
        lambda pictures: module(pictures).logits,
        labels=labels,
        preprocessing=preprocessing,
        folder=folder,
        device=device,
    )


def _ready(
    name: str,
    module: torch.nn.Module,
    forward: Callable[[Tensor], Tensor],
    *,
    labels: list[str],
    preprocessing: Preprocessing,
    folder: Path,
    device: str,
) -> Network:
    """Check that the network can be asked, and how well layer masking works on it."""
    if not any(isinstance(part, torch.nn.Conv2d) for part in module.modules()):
        raise BadInput(
            f"'{name}' has no convolution, so it does not look at pictures. Choose another network."
        )
    module.to(device)
    shape = preprocessing.shape
    count, layout, cost = _tried(name, module, forward, shape, device)
    if count != len(labels):
        raise BadInput(
            f"'{name}' tells {count} classes apart, but {len(labels)} labels are given. Give it one a class."
        )
    check = check_masking(forward, shape, layout, device)
    return Network(
        name=name,
        forward=forward,
        labels=tuple(labels),
        preprocessing=preprocessing,
        layout=layout,
        device=device,
        rows=max(1, min(_MOST_ROWS, _BATCH // max(1, cost))) if device == "cpu" else _MOST_ROWS,
        weights_hash=content_hash([folder / "config.json", *weight_files(folder)]),
        check=check,
    )


def _tried(
    name: str,
    module: torch.nn.Module,
    forward: Callable[[Tensor], Tensor],
    shape: tuple[int, int],
    device: str,
) -> tuple[int, torch.memory_format, int]:
    """The number of classes, the memory layout that the network can work in, and its multiplications."""
    said = ""
    for layout in (torch.channels_last, torch.contiguous_format):
        try:
            with torch.no_grad(), _counting(module) as counted:
                module.to(memory_format=layout)  # type: ignore[call-overload]
                picture = torch.zeros(1, 3, *shape, device=device).contiguous(memory_format=layout)
                logits = forward(picture)
            if logits.dim() != 2:
                raise ValueError(f"logits of {logits.dim()} axes")
            return int(logits.shape[1]), layout, sum(counted)
        except (RuntimeError, ValueError, TypeError) as error:
            said = " ".join(str(error).split())[:200]
    raise BadInput(f"'{name}' cannot look at a picture of {shape[1]} x {shape[0]} pixels ({said}).")


@contextmanager
def _counting(module: torch.nn.Module) -> Iterator[list[int]]:
    """Collects the multiplications of every convolution that runs meanwhile."""
    counted: list[int] = []

    def count(part: torch.nn.Module, given: Any, result: Tensor) -> None:
        weight: Any = part.weight
        counted.append(result.numel() * weight[0].numel())

    convolutions = [part for part in module.modules() if isinstance(part, torch.nn.Conv2d)]
    hooks = [part.register_forward_hook(count) for part in convolutions]
    try:
        yield counted
    finally:
        for hook in hooks:
            hook.remove()
