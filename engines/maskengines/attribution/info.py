"""What the studio knows of the attribution engines before they run; loads neither torch nor numpy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from maskengines.contract import EngineInfo
from maskengines.params import Params

Method = Literal["lime", "occlusion", "rise", "probe"]
Strategy = Literal["layer", "black", "grey", "mean", "blur", "telea", "exemplar"]
Segments = Literal["slic", "quickshift", "grid", "painted"]


class ProbeParams(Params):
    """Parameters of `layer-probe`."""

    model: str = Field(
        "",
        title="Network",
        description="A folder that transformers wrote, or a hub id such as owner/name. "
        "Empty takes the built-in network.",
    )
    strategy: Strategy = Field(
        "layer",
        title="Hide by",
        description="Layer leaves hidden parts out of every layer. The others paint over them: black, grey, "
        "the mean of what is visible, a blur, or a fill (Telea, exemplar).",
    )
    keep: bool = Field(
        False,
        title="Keep only what is painted",
        description="Show the network the painted part alone, instead of hiding it.",
    )


class MaskingParams(ProbeParams):
    """Parameters of `layer-masking`."""

    method: Method = Field(
        "lime",
        title="Method",
        description="Lime, occlusion and RISE draw a map of what speaks for a class. Probe gives the class "
        "probabilities with the mask hidden.",
    )
    target: str = Field(
        "",
        title="Class",
        description="Label or index of the class to explain. Empty takes the network's first choice.",
    )
    contrast: str = Field(
        "",
        title="Rather than",
        description="Label or index of a second class: the map then says what speaks for the first rather "
        "than for this one.",
    )
    segments: Segments = Field(
        "slic",
        title="Segments",
        description="What is hidden together: superpixels (SLIC, quickshift), squares of 16 pixels, or the "
        "regions that are painted.",
    )
    regions: int = Field(
        50,
        ge=4,
        le=400,
        title="Superpixels",
        description="How many superpixels the photo is cut into, about.",
    )
    samples: int = Field(
        512,
        ge=16,
        le=20000,
        title="Samples",
        description="How many times the network is asked; the map is shown while it settles.",
    )
    probability: float = Field(
        0.5,
        ge=0.05,
        le=0.95,
        title="Share given",
        description="Share of the segments that each sample leaves visible.",
        json_schema_extra={"advanced": True},
    )


LAYER_MASKING = EngineInfo(
    id="layer-masking",
    title="What the network sees",
    summary="Shows what a classifier goes by, by hiding parts of the photo from it.",
    version="1",
    params=MaskingParams,
    implementation="maskengines.attribution.engine:LayerMaskingEngine",
    result_kinds=("map", "table"),
    needs_mask=False,
    needs_visible=False,
    default_count=1,
)

LAYER_PROBE = EngineInfo(
    id="layer-probe",
    title="Live probe",
    summary="Class probabilities that follow the brush: what is painted is hidden from the network.",
    version="1",
    params=ProbeParams,
    implementation="maskengines.attribution.engine:LayerProbe",
    result_kinds=("table",),
    live=True,
    weight="light",
    needs_mask=False,
    needs_visible=False,
    default_count=1,
)

ENGINES = (LAYER_MASKING, LAYER_PROBE)
