"""Other schedulers than the one that a model came with."""

from __future__ import annotations

from typing import Any

from maskengines.errors import BadInput
from maskengines.inpaint.pipelines.info import Scheduler
from maskengines.inpaint.pipelines.loading import Loaded, sampler_of
from maskengines.inpaint.pipelines.quietly import diffusers, quiet

_BUILT: dict[str, tuple[str, dict[str, Any]]] = {
    "euler": ("EulerDiscreteScheduler", {}),
    "euler-ancestral": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "ddim": ("DDIMScheduler", {}),
    "dpm++": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "dpm++-karras": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True},
    ),
    "dpm++-sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}),
    "pndm": ("PNDMScheduler", {}),
    "lcm": ("LCMScheduler", {}),
}


def set_scheduler(loaded: Loaded, name: Scheduler) -> None:
    """Give the pipeline a scheduler; ``"model"`` gives it its own back. Each call begins with a fresh one.

    Raises:
        BadInput: the model cannot be sampled that way.
    """
    sampler = sampler_of(loaded.pipe)
    if loaded.scheduler is None:
        return
    kind, options = _BUILT.get(name, (type(loaded.scheduler).__name__, {}))
    if name != "model" and not _compatible(loaded.scheduler, kind):
        raise BadInput(
            f"'{loaded.name}' is sampled by {type(loaded.scheduler).__name__} and cannot be by {name}. Set "
            "the scheduler to model."
        )
    with quiet():
        reader = type(loaded.scheduler) if name == "model" else getattr(diffusers(), kind)
        sampler.scheduler = reader.from_config(loaded.scheduler.config, **options)


def _compatible(own: Any, kind: str) -> bool:
    # LCM is among its own relatives only, though it samples what they do.
    names = {*own._compatibles, type(own).__name__}
    return kind in names or (kind == "LCMScheduler" and "EulerDiscreteScheduler" in names)
