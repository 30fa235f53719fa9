"""Which of the engine's parameters a model has any use for; the others are neither shown nor passed on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskengines.errors import StudioError
from maskengines.inpaint.pipelines import classes
from maskengines.inpaint.pipelines.folder import read_index, whereabouts
from maskengines.inpaint.pipelines.info import DiffusersParams

_ALWAYS = {
    "model", "context", "resolution", "seam", "together", "device", "dtype", "offload", "previews",
}  # fmt: skip
_BY_ARGUMENT = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "num_inference_steps": "steps",
    "strength": "strength",
    "control_image": "control",
}
_CONTROL = {"control", "control_image"}
_EXCHANGEABLE = (
    "DDIM", "DDPM", "PNDM", "LMSDiscrete", "EulerDiscrete", "HeunDiscrete", "EulerAncestral", "DPMSolver",
    "KDPM2", "DEIS", "UniPC", "LCM", "TCD",
)  # fmt: skip
"""How the names of schedulers begin that stand in for each other; those of flows go their own way."""


def fields_of(folder: Path) -> set[str]:
    """Names of the parameters that the pipeline in ``folder`` takes; loads neither torch nor diffusers.

    All of them where the folder holds no pipeline that is known, so that nothing is hidden by mistake.
    """
    try:
        index = read_index(folder, folder.name)
    except (StudioError, OSError):
        return set(DiffusersParams.model_fields)
    pipeline = str(index.get("_class_name"))
    found = classes.inpainting_class(pipeline)
    if found is None:
        return set(DiffusersParams.model_fields)
    scheduler = index.get("scheduler")
    return fields_of_class(pipeline, found, str(scheduler[-1]) if isinstance(scheduler, list) else "")


def fields_of_model(model: str) -> set[str]:
    """`fields_of` of what the parameter ``model`` names: a folder or a hub id; all if it is not here."""
    try:
        return fields_of(whereabouts(model, "model")[0])
    except StudioError:
        return set(DiffusersParams.model_fields)


def fields_that_apply(values: Mapping[str, Any]) -> set[str]:
    """`fields_of_model` of the model among what a form shows."""
    return fields_of_model(str(values.get("model", "")))


def fields_of_class(pipeline: str, inpainting: str, scheduler: str) -> set[str]:
    """The same by the names of its classes."""
    call = classes.call_of(inpainting) or {}
    found = _ALWAYS | {field for argument, field in _BY_ARGUMENT.items() if argument in call}
    if guidance_argument(call) is not None:
        found.add("guidance")
    if "true_cfg_scale" in call and guidance_argument(call) != "true_cfg_scale":
        found.add("true_guidance")
    if "control_image" in call:
        found |= _CONTROL
    if any(classes.inpainting_class(pipeline, infix) for infix in ("ControlNet", "ControlNetUnion")):
        found |= {"controlnet", "control_weight", *_CONTROL}
    if scheduler.startswith(_EXCHANGEABLE):
        found.add("scheduler")
    if classes.takes_lora(inpainting):
        found |= {"lora", "lora_weight"}
    return found


def guidance_argument(call: dict[str, str | None]) -> str | None:
    """What a pipeline calls its guidance. Those that take ``true_cfg_scale`` and no ``guidance_scale`` unless
    their weights were distilled (Qwen-Image) mean the former."""
    if "true_cfg_scale" in call and call.get("guidance_scale", "None") in ("None", None):
        return "true_cfg_scale"
    return "guidance_scale" if "guidance_scale" in call else None
