"""What a pipeline is called with: what we have to say, as far as it listens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from maskengines.errors import BadInput
from maskengines.inpaint.pipelines.fields import guidance_argument
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskengines.inpaint.pipelines.loading import Loaded

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Scene:
    """What one call is shown.

    Attributes:
        picture: ``(h, w, 3)`` uint8.
        hole: ``(h, w)`` bool, what is drawn anew.
        control: ``(h, w, 3)`` uint8 for pipelines that take one; or float32 in 0..1 with -1 in the hole.
    """

    picture: Array
    hole: Array
    control: Array | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.picture.shape[1], self.picture.shape[0]


def arguments(loaded: Loaded, params: DiffusersParams, scene: Scene, seeds: Sequence[int]) -> dict[str, Any]:
    """Keyword arguments of one call for as many pictures as there are seeds.

    Several are asked for as lists of equals, with a generator each, so that each draws the numbers that it
    would draw alone.

    Raises:
        BadInput: the pipeline needs what the engine has not got, or too few steps are asked for.
    """
    count = len(seeds)
    if params.steps is not None and params.steps * params.strength < 1:
        raise BadInput(
            f"At a strength of {params.strength:g}, {params.steps} steps are too few to change anything. "
            f"Take at least {math.ceil(1 / params.strength)} steps."
        )
    picture = Image.fromarray(scene.picture)
    mask = Image.fromarray(scene.hole.astype(np.uint8) * 255)
    guidance = guidance_argument(loaded.call)
    said: dict[str, Any] = {
        "image": _each(picture, count),
        "mask_image": _each(mask, count),
        "prompt": _each(params.prompt, count),
        "negative_prompt": _each(params.negative_prompt, count) if params.negative_prompt else None,
        "width": scene.size[0],
        "height": scene.size[1],
        "strength": params.strength,
        "num_inference_steps": params.steps,
        "control_image": _each(_control(scene.control), count) if scene.control is not None else None,
        "controlnet_conditioning_scale": params.control_weight if params.controlnet.strip() else None,
        "generator": _generators(seeds),
        "output_type": "np",
    }
    if "max_area" in loaded.call:
        # Else it goes by sizes of its own, and forgets ours.
        said |= {"max_area": scene.size[0] * scene.size[1], "_auto_resize": False}
    if guidance == "true_cfg_scale" and not params.negative_prompt:
        # Without one there is no guidance at all.
        said["negative_prompt"] = _each(" ", count)
    if "true_guidance" in loaded.fields:
        said["true_cfg_scale"] = params.true_guidance
    if guidance is not None:
        said[guidance] = params.guidance
    given = {name: value for name, value in said.items() if name in loaded.call and value is not None}
    _check_needs(loaded, given)
    return given


def _each(value: Any, count: int) -> Any:
    return value if count == 1 else [value] * count


def _generators(seeds: Sequence[int]) -> Any:
    # On the processor, where the same seed gives the same noise whatever card does the rest.
    made = [torch.Generator("cpu").manual_seed(seed & (2**63 - 1)) for seed in seeds]
    return made[0] if len(made) == 1 else made


def _control(control: Array | None) -> Any:
    if control is None or control.dtype == np.uint8:
        return None if control is None else Image.fromarray(control)
    return torch.from_numpy(np.ascontiguousarray(control.transpose(2, 0, 1)))[None]


def _check_needs(loaded: Loaded, given: dict[str, Any]) -> None:
    lacking = [name for name, default in loaded.call.items() if default is None and name not in given]
    # Where a pipeline takes either words or what became of them, neither has a default of its own.
    if lacking:
        kind = type(loaded.pipe).__name__
        raise BadInput(
            f"'{loaded.name}' is a {kind}, which asks for {', '.join(lacking)}; the studio has only a "
            "picture, a mask and words for it. Choose another model."
        )
    if "control_image" in loaded.call and "control_image" not in given:
        raise BadInput(f"'{loaded.name}' needs a control picture. Choose one.")
