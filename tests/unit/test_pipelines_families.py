"""Pipelines with networks of their own, most of them outside the map of `AutoPipelineForInpainting`."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from maskengines.inpaint.pipelines import stepping
from maskengines.inpaint.pipelines.calls import Scene
from maskengines.inpaint.pipelines.drawing import Drawing
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskengines.inpaint.pipelines.loading import Loaded, load
from maskengines.runtime.local import LocalContext
from tiny_flow_pipelines import FLOW_KINDS, flow_folder_of

Array = np.ndarray[Any, Any]

CLASSES = {
    "kontext": "FluxKontextInpaintPipeline",
    "chroma": "ChromaInpaintPipeline",
    "klein": "Flux2KleinInpaintPipeline",
    "z-image": "ZImageInpaintPipeline",
    "qwen-image": "QwenImageInpaintPipeline",
}
PICTURE = np.kron(np.random.default_rng(0).integers(0, 256, (8, 12, 3)), np.ones((8, 8, 1))).astype(np.uint8)
HOLE = np.zeros((64, 96), bool)
HOLE[16:40, 24:72] = True
SCENE = Scene(PICTURE, HOLE)


@functools.cache
def loaded(kind: str) -> Loaded:
    return load(params(kind))


def params(kind: str, **values: Any) -> DiffusersParams:
    return DiffusersParams(
        **{"model": str(flow_folder_of(kind)), "prompt": "the cat", "steps": 3, "device": "cpu", **values}
    )


def drawn(kind: str, seeds: list[int], **values: Any) -> list[Array]:
    made = Drawing(loaded(kind)).pictures(params(kind, **values), SCENE, seeds, LocalContext())
    return [picture for picture in made if picture is not None]


@pytest.mark.parametrize("kind", FLOW_KINDS)
def test_each_draws_at_the_size_that_it_is_shown(kind: str) -> None:
    assert type(loaded(kind).pipe).__name__ == CLASSES[kind]
    together = drawn(kind, [4, 5])
    assert [picture.shape for picture in together] == [(64, 96, 3)] * 2
    assert np.abs(together[1] - drawn(kind, [5])[0]).max() < 1e-4
    assert np.abs(together[0] - together[1]).mean() > 1e-3


@pytest.mark.parametrize("kind", FLOW_KINDS)
def test_each_takes_soft_masks_and_shows_previews(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "PREVIEW_EVERY", 0.0)
    monkeypatch.setattr(stepping, "_PREVIEW_SHARE", 1e9)
    shown: list[Array] = []

    def strengths(cell: int) -> Array:
        plane = np.zeros((64 // cell, 96 // cell), np.float32)
        plane[:, 1:-1] = 0.4
        return plane

    hole = np.kron(strengths(16) > 0, np.ones((16, 16), bool))
    scene = Scene(PICTURE, hole)
    drawing = Drawing(loaded(kind))
    soft = drawing.pictures(params(kind), scene, [5], LocalContext(), strengths=strengths, show=shown.append)
    hard = drawing.pictures(params(kind), scene, [5], LocalContext())
    assert np.abs(soft[0] - hard[0]).max() > 1e-3
    assert len(shown) == 3
    assert all(seen.shape[1] * 2 == seen.shape[0] * 3 for seen in shown)


def test_guidance_of_qwen_counts_even_without_a_negative_prompt() -> None:
    assert (
        np.abs(drawn("qwen-image", [1], guidance=1.0)[0] - drawn("qwen-image", [1], guidance=9.0)[0]).max()
        > 1e-3
    )
