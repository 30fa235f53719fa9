"""What the studio knows of the pose engines before they run.

Imported by the window and by the command line, so nothing here loads torch.
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal

from pydantic import Field, field_validator

from maskengines.contract import EngineInfo
from maskengines.params import Params
from maskengines.subjects.pose_skeleton import JOINTS

Sampler = Literal["ancestral", "ddim"]
Pinning = Literal["trained", "resample"]
Pins = dict[str, tuple[float, float, float]]


class _Asking(Params):
    """What both engines take."""

    spread: float = Field(
        1.0,
        ge=0.0,
        le=2.0,
        title="Spread",
        description="Factor on the noise that poses are drawn from: 1 holds the truth as often as it says, "
        "less stays near the likeliest pose, more strays farther.",
    )
    pins: Pins = Field(
        default_factory=dict,
        title="Pins",
        description='Joints known in 3D: {"LWrist": [x, y, z], ...}, millimetres from the hip, x right in '
        "the picture, y down, z away from the viewer.",
        json_schema_extra={"advanced": True, "default": {}},
    )

    @field_validator("pins", mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        try:
            return json.loads(given or "{}")
        except ValueError:
            raise ValueError('it must be JSON such as {"LWrist": [200, -300, 50]}') from None

    @field_validator("pins")
    @classmethod
    def _of_this_body(cls, given: Pins) -> Pins:
        for name, place in given.items():
            if name not in JOINTS[1:]:
                raise ValueError(f"'{name}' cannot be pinned; these can: {', '.join(JOINTS[1:])}")
            if not all(math.isfinite(value) and abs(value) <= 3000 for value in place):
                raise ValueError(f"'{name}' must lie within 3000 mm of the hip")
        return given


class DiffPoseParams(_Asking):
    """Parameters of `diffpose`."""

    steps: int = Field(
        25,
        ge=5,
        le=100,
        title="Steps",
        description="Steps from noise to pose. The paper takes 25; DDIM is good from 8 on.",
    )
    sampler: Sampler = Field(
        "ancestral",
        title="Sampler",
        description="Ancestral adds fresh noise at each step as the paper does; DDIM goes straight, so that "
        "small changes of the question move the answers little.",
    )
    one_body: bool = Field(
        True,
        title="One body",
        description="All hypotheses have one person's bones: the same proportions, left as long as right.",
    )
    pinning: Pinning = Field(
        "trained",
        title="Pinning",
        description="How pins are kept: the network was trained with known joints; resampling (RePaint) "
        "does not rely on that and takes four times as long.",
        json_schema_extra={"advanced": True},
    )


class LivePoseParams(_Asking):
    """Parameters of `diffpose-live`. Its steps have a name of their own: those of `diffpose`, which it
    stands in for while the user drags, would make it slow."""

    quick_steps: int = Field(
        8, ge=5, le=50, title="Steps", description="DDIM steps from noise to pose; few are quick."
    )


class DetectorParams(Params):
    """Parameters of `vitpose`."""

    model: str = Field(
        "",
        title="Network",
        description="A folder with a ViTPose that transformers wrote, or a hub id such as "
        "usyd-community/vitpose-base-simple. None comes with the studio.",
        json_schema_extra={"format": "directory-path", "hint": "Folder or hub id"},
    )
    flip: bool = Field(
        True,
        title="Look twice",
        description="Also look at the mirrored photo and take the mean of both: better, twice as long.",
    )
    least: float = Field(
        0.1,
        ge=0.0,
        le=0.9,
        title="Least confidence",
        description="A joint that the network is less sure of counts as not seen.",
        json_schema_extra={"advanced": True},
    )


DIFFPOSE = EngineInfo(
    id="diffpose",
    title="DiffPose",
    summary="Many 3D bodies that agree with uncertain 2D joints (Holmquist and Wandt, ICCV 2023).",
    version="1",
    params=DiffPoseParams,
    implementation="maskengines.pose.engine:DiffPoseEngine",
    subject_kinds=("pose",),
    spaces=("joints",),
    result_kinds=("hypotheses",),
    needs_mask=False,
    needs_visible=False,
    default_count=200,
    live_companion="diffpose-live",
)

LIVE_POSE = EngineInfo(
    id="diffpose-live",
    title="DiffPose live",
    summary="A few 3D bodies that follow while joints are dragged, painted or pinned.",
    version="1",
    params=LivePoseParams,
    implementation="maskengines.pose.live:LivePose",
    subject_kinds=("pose",),
    spaces=("joints",),
    result_kinds=("hypotheses",),
    live=True,
    weight="light",
    needs_mask=False,
    needs_visible=False,
    default_count=20,
)

VITPOSE = EngineInfo(
    id="vitpose",
    title="Find joints",
    summary="The 2D joints of the person in the painted box, and how sure each is (ViTPose).",
    version="1",
    params=DetectorParams,
    implementation="maskengines.pose.detector:ViTPoseEngine",
    subject_kinds=("image", "pose"),
    spaces=("pixels", "joints"),
    result_kinds=("joints",),
    needs_mask=False,
    needs_visible=False,
    default_count=1,
)

ENGINES = (DIFFPOSE, LIVE_POSE, VITPOSE)
