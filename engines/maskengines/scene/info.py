"""What the studio knows of the scene engines before they run.

Imported by the window and by the command line, so nothing here loads torch or numba.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, field_validator

from maskengines.contract import EngineInfo
from maskengines.params import Params

Background = Literal["black", "white"]


class RenderParams(Params):
    """Parameters of `render-scene`."""

    cameras: list[dict[str, Any]] = Field(
        default_factory=list,
        title="Cameras",
        description='From where: [{"w": .., "h": .., "K": [fx, fy, cx, cy], "w2c": [4 x 4]}, ..]. Without '
        "any, the cameras of the scene's own photos.",
        json_schema_extra={"advanced": True, "default": []},
    )
    background: Background = Field(
        "black", title="Background", description="What is seen where the scene is not."
    )
    mip: bool = Field(
        False,
        title="Mip filter",
        description="Fade what is smaller than a pixel. Only for scenes that were trained so.",
        json_schema_extra={"advanced": True},
    )

    @field_validator("cameras", mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        try:
            return json.loads(given or "[]")
        except ValueError:
            raise ValueError("it must be JSON, a list of cameras") from None


RENDER_SCENE = EngineInfo(
    id="render-scene",
    title="Pictures of a scene",
    summary="Renders a scene from its cameras; the seed is the number of the first one.",
    version="1",
    params=RenderParams,
    implementation="maskengines.scene.render:RenderScene",
    subject_kinds=("scene",),
    spaces=("gaussians",),
    result_kinds=("image",),
    weight="light",
    needs_mask=False,
    needs_visible=False,
    default_count=1,
)

ENGINES = (RENDER_SCENE,)
