"""What kinds of models there are, and which one a folder holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS = {
    "pipeline": "diffusers pipeline",
    "controlnet": "ControlNet",
    "component": "part of a diffusers pipeline",
    "vitpose": "ViTPose",
    "classifier": "image classifier",
    "network": "transformers network",
    "lora": "LoRA",
    "checkpoint": "single-file checkpoint",
}
"""The kinds, and what a reader calls them."""


def kind_of_config(config: Mapping[str, Any]) -> str:
    """Kind of a network by its ``config.json``, as diffusers or transformers wrote it."""
    builder = str(config.get("_class_name", ""))
    if builder:
        return "controlnet" if "ControlNet" in builder else "component"
    names = config.get("architectures")
    names = [str(name) for name in names] if isinstance(names, list) else []
    if str(config.get("model_type", "")) == "vitpose" or any(name.startswith("VitPose") for name in names):
        return "vitpose"
    return "classifier" if any("ForImageClassification" in name for name in names) else "network"


def kind_of_tensors(names: list[str]) -> str:
    """Kind of a lone safetensors file by the names of its tensors."""
    marks = ("lora_", ".lora.", "lora.up", "lora.down", "hada_", "lokr_")
    return "lora" if any(mark in name for name in names for mark in marks) else "checkpoint"
