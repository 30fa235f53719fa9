"""What the studio knows of the engine `diffusers` before it runs.

Imported by the window and by the command line, so nothing here loads torch, diffusers or numpy.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from maskengines.contract import EngineInfo
from maskengines.params import Params

Seam = Literal["gradient", "colour", "none"]
Scheduler = Literal[
    "model", "euler", "euler-ancestral", "heun", "ddim", "dpm++", "dpm++-karras", "dpm++-sde", "unipc", "lms",
    "pndm", "lcm",
]  # fmt: skip
Control = Literal["hole", "edges", "photo"]
Numbers = Literal["auto", "float32", "bfloat16", "float16"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Offload = Literal["none", "model", "sequential"]
_ADVANCED: dict[str, Any] = {"advanced": True}
_FOLDER: dict[str, Any] = {"format": "directory-path", "hint": "Folder or hub id"}


class DiffusersParams(Params):
    """Parameters of `diffusers`. None means what the model's own pipeline takes if it is not told."""

    model: str = Field(
        "",
        title="Model",
        description="A folder with a pipeline that diffusers wrote, or the hub id of one that is on this "
        "computer. Inpainting models fill holes best; others work too.",
        json_schema_extra=_FOLDER,
    )
    prompt: str = Field("", title="Prompt", description="What should be in the masked area.")
    negative_prompt: str = Field(
        "", title="Negative prompt", description="What should not be there.", json_schema_extra=_ADVANCED
    )
    steps: int | None = Field(
        None,
        ge=1,
        le=200,
        title="Steps",
        description="Steps from noise to picture. Off: what the model's pipeline takes, often 28 or 50; "
        "distilled models want 1 to 8.",
    )
    guidance: float | None = Field(
        None,
        ge=0.0,
        le=50.0,
        title="Guidance",
        description="How closely the prompt is followed. Off: what the model's pipeline takes.",
    )
    strength: float = Field(
        1.0,
        gt=0.0,
        le=1.0,
        title="Strength",
        description="1 invents the masked area anew; less starts from what is there and changes it.",
    )
    context: float = Field(
        1.0,
        ge=0.0,
        le=4.0,
        title="Context",
        description="How much of the photo around the hole the model sees, in widths of the hole.",
    )
    resolution: int | None = Field(
        None,
        ge=64,
        le=4096,
        title="Resolution",
        description="The crop around the hole has the area of a square of this many pixels a side while the "
        "model works on it. Off: what the model was trained at.",
        json_schema_extra=_ADVANCED,
    )
    seam: Seam = Field(
        "gradient",
        title="Seams",
        description="Gradient bends the fill's tones to the photo along the whole rim, colour shifts and "
        "scales them as one, none keeps them as the model gave them.",
    )
    scheduler: Scheduler = Field(
        "model",
        title="Scheduler",
        description="How steps are taken; 'model' is the one that came with it.",
        json_schema_extra=_ADVANCED,
    )
    true_guidance: float | None = Field(
        None,
        ge=1.0,
        le=20.0,
        title="True guidance",
        description="For models whose guidance is distilled, such as Flux: above 1 the negative prompt "
        "counts, and every step takes twice as long.",
        json_schema_extra=_ADVANCED,
    )
    lora: str = Field(
        "",
        title="LoRA",
        description="A safetensors file with a LoRA for this model, or a folder that holds one.",
        json_schema_extra={"format": "directory-path", "hint": "File or folder", **_ADVANCED},
    )
    lora_weight: float = Field(
        1.0,
        ge=-2.0,
        le=2.0,
        title="LoRA weight",
        description="How strongly the LoRA counts; 0 turns it off.",
        json_schema_extra=_ADVANCED,
    )
    controlnet: str = Field(
        "",
        title="ControlNet",
        description="A folder with a ControlNet for this kind of model, or the hub id of one that is here.",
        json_schema_extra={**_FOLDER, **_ADVANCED},
    )
    control: Control = Field(
        "hole",
        title="Control",
        description="What a ControlNet is shown: the crop with the hole marked, as inpainting ones want it; "
        "its edges; or the crop as it is.",
        json_schema_extra=_ADVANCED,
    )
    control_image: str = Field(
        "",
        title="Control picture",
        description="A picture of the photo's size that a ControlNet is shown instead, such as a depth map.",
        json_schema_extra={"hint": "File", **_ADVANCED},
    )
    control_weight: float = Field(
        1.0,
        ge=0.0,
        le=2.0,
        title="Control weight",
        description="How strongly the ControlNet counts.",
        json_schema_extra=_ADVANCED,
    )
    together: int = Field(
        4,
        ge=1,
        le=16,
        title="At once",
        description="So many candidates are sampled as one batch at most; fewer where memory is short.",
        json_schema_extra=_ADVANCED,
    )
    device: Device = Field(
        "auto",
        title="Device",
        description="Where it computes; auto takes a graphics card if there is one.",
        json_schema_extra=_ADVANCED,
    )
    dtype: Numbers = Field(
        "auto",
        title="Precision",
        description="Auto takes 32 bits on the processor and 16 on a graphics card.",
        json_schema_extra=_ADVANCED,
    )
    offload: Offload = Field(
        "none",
        title="Offload",
        description="For graphics cards with little memory: 'model' keeps only the part at work on the card, "
        "'sequential' only the layer at work, which is slow.",
        json_schema_extra=_ADVANCED,
    )
    previews: bool = Field(
        True,
        title="Previews",
        description="Show the picture while it forms, twice a second at most.",
        json_schema_extra=_ADVANCED,
    )


DIFFUSERS = EngineInfo(
    id="diffusers",
    title="Diffusers",
    summary="Fills the hole with a diffusion model of your own: any inpainting pipeline of diffusers.",
    version="1",
    params=DiffusersParams,
    implementation="maskengines.inpaint.pipelines.engine:Diffusers",
    all_cores=True,
    needs_visible=False,
    default_count=2,
    needs=("torch", "diffusers"),
    fields="maskengines.inpaint.pipelines.fields:fields_that_apply",
)

ENGINES = (DIFFUSERS,)
