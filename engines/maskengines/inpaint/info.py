"""What the studio knows of the weight-free inpainting engines before they run.

Imported by the window and by the command line, so nothing here loads numba, OpenCV or numpy kernels.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from maskengines.contract import EngineInfo
from maskengines.params import Params

Method = Literal["auto", "navier-stokes", "biharmonic", "patches"]
Seam = Literal["gradient", "colour", "none"]


class ExemplarParams(Params):
    """Parameters of `exemplar`."""

    method: Method = Field(
        "auto",
        title="Method",
        description="Auto closes thin strokes smoothly and completes all else from patches of the photo.",
    )
    context: float = Field(
        1.0,
        ge=0.25,
        le=4.0,
        title="Context",
        description="How far around the hole patches are taken from, in widths of the hole.",
    )
    variety: float = Field(
        0.5,
        ge=0.0,
        le=1.0,
        title="Variety",
        description="How far candidates may stray from each other; 0 asks every seed for the likeliest fill.",
    )
    seam: Seam = Field(
        "gradient",
        title="Seams",
        description="Gradient hides joints by blending gradients, colour evens out the tones only, "
        "none keeps copied pixels as they are.",
    )
    texture: float = Field(
        1.0,
        ge=0.0,
        le=4.0,
        title="Texture",
        description="Weight of the texture's strength against its colours when patches are compared.",
        json_schema_extra={"advanced": True},
    )
    starts: int = Field(
        10,
        ge=1,
        le=16,
        title="Starts",
        description="First guesses tried per candidate; the one whose patches and texture fit the photo best "
        "is refined.",
        json_schema_extra={"advanced": True},
    )


class MaskedDiffusionParams(Params):
    """Parameters of `masked-diffusion`."""

    steps: int = Field(
        10,
        ge=1,
        le=50,
        title="Quality",
        description="Steps from noise to picture; 1 answers at once with the mean of what is possible.",
    )
    texture: Literal["photo", "model"] = Field(
        "photo",
        title="Texture",
        description="Photo rebuilds what the model drew from patches of the photo, model leaves it as drawn.",
    )
    start: Literal["noise", "exemplar"] = Field(
        "noise",
        title="Start",
        description="Begin with nothing, or with an exemplar fill that is noised first.",
        json_schema_extra={"advanced": True},
    )
    strength: float = Field(
        0.6,
        gt=0.0,
        le=1.0,
        title="Strength",
        description="How much of the exemplar fill is drowned in noise where that is the start.",
        json_schema_extra={"advanced": True},
    )
    context: float = Field(
        1.0,
        ge=0.25,
        le=4.0,
        title="Context",
        description="How far around the hole the model looks, in widths of the hole.",
    )
    batch: int = Field(
        1,
        ge=1,
        le=16,
        title="Batch",
        description="Candidates drawn at a time. More are quicker on a graphics card only; the last bits of "
        "a fill then depend on its company.",
        json_schema_extra={"advanced": True},
    )


class LiveFillParams(Params):
    """Parameters of `live-fill`."""

    radius: float = Field(
        4.0,
        ge=1.0,
        le=16.0,
        title="Radius",
        description="Width in pixels of the surroundings that say the tone at the rim.",
    )


EXEMPLAR = EngineInfo(
    id="exemplar",
    title="Exemplar fill",
    summary="Fills the hole with patches of the photo itself; needs no weights.",
    version="1",
    params=ExemplarParams,
    implementation="maskengines.inpaint.exemplar:Exemplar",
    live_companion="live-fill",
)


MASKED_DIFFUSION = EngineInfo(
    id="masked-diffusion",
    title="Masked diffusion",
    summary="A small diffusion model, in the studio, that goes on with edges, shadows and lines.",
    version="1",
    params=MaskedDiffusionParams,
    implementation="maskengines.inpaint.masked_diffusion:MaskedDiffusion",
    live_companion="live-fill",
)

LIVE_FILL = EngineInfo(
    id="live-fill",
    title="Live fill",
    summary="A smooth fill that follows the brush while you paint.",
    version="1",
    params=LiveFillParams,
    implementation="maskengines.inpaint.live_fill:LiveFill",
    live=True,
    weight="light",
    default_count=1,
)

ENGINES = (EXEMPLAR, MASKED_DIFFUSION, LIVE_FILL)
