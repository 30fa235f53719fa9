"""What the studio knows of the attribution engines before they run; loads neither torch nor numpy."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from maskengines.contract import EngineInfo
from maskengines.params import Params

Method = Literal["lime", "occlusion", "rise", "probe"]
Strategy = Literal["layer", "black", "grey", "mean", "blur", "telea", "exemplar"]
Measure = Literal["probability", "logit"]
Segments = Literal["slic", "quickshift", "grid", "painted"]


def _network() -> Any:
    return Field(
        "",
        title="Network",
        description="A folder that transformers wrote, or a hub id such as owner/name. "
        "Empty takes the built-in network.",
        json_schema_extra={"format": "directory-path", "hint": "Built in"},
    )


class ProbeParams(Params):
    """Parameters of `layer-probe`."""

    model: str = _network()
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
        description="Label or index of the class to explain. Empty takes the network's first choice; a click "
        "on a class of the live probe fills it in.",
        json_schema_extra={"hint": "First choice"},
    )
    contrast: str = Field(
        "",
        title="Rather than",
        description="Label or index of a second class: the map then says what speaks for the first rather "
        "than for this one. Shift-click a class of the live probe.",
        json_schema_extra={"hint": "All others"},
    )
    segments: Segments = Field(
        "slic",
        title="Segments",
        description="What is hidden together: superpixels (SLIC, quickshift), a grid of 16 by 16, or the "
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
    measure: Measure = Field(
        "probability",
        title="Measure",
        description="What is explained: the class's probability, or its logit, which does not saturate.",
        json_schema_extra={"advanced": True},
    )
    keep_probability: float = Field(
        0.5,
        ge=0.05,
        le=0.95,
        title="Share given",
        description="Share of the segments that each sample leaves visible.",
        json_schema_extra={"advanced": True},
    )
    proposals: bool = Field(
        True,
        title="Look for the least",
        description="Look for the least of the photo that is enough for the class, and for the least that "
        "decides, as masks to go on with.",
        json_schema_extra={"advanced": True},
    )


class CounterfactualParams(Params):
    """Parameters of `counterfactual`."""

    model: str = _network()
    target: str = Field(
        "",
        title="Class",
        description="Label or index of the class to watch. Empty takes the network's first choice; a click "
        "on a class of the live probe fills it in.",
        json_schema_extra={"hint": "First choice"},
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
    live_companion="layer-probe",
)

LAYER_PROBE = EngineInfo(
    id="layer-probe",
    title="Live probe",
    summary="Class probabilities that follow the brush: what is painted is hidden from the network.",
    version="1",
    params=ProbeParams,
    implementation="maskengines.attribution.live:LayerProbe",
    result_kinds=("table",),
    live=True,
    weight="light",
    needs_mask=False,
    needs_visible=False,
    default_count=1,
)

COUNTERFACTUAL = EngineInfo(
    id="counterfactual",
    title="What if it were not there",
    summary="Fills the mask from the photo itself and asks the classifier again.",
    version="1",
    params=CounterfactualParams,
    implementation="maskengines.attribution.counterfactual:Counterfactual",
    live_companion="layer-probe",
)

ENGINES = (LAYER_MASKING, LAYER_PROBE, COUNTERFACTUAL)
