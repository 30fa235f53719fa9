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
Method = Literal["dual", "ema", "plain"]
Light = Literal["steady", "changing"]
Meaning = Literal["distractors", "keep", "exact"]
Device = Literal["auto", "cpu", "cuda"]


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


class ViewParams(Params):
    """Parameters of `scene-view`: none, as camera, state and questions arrive while it runs."""


class DualParams(Params):
    """Parameters of `dual-3dgs`."""

    method: Method = Field(
        "dual",
        title="Method",
        description="Two models that check each other; one model with a running average of itself, in half "
        "the time; or plain 3D Gaussian splatting, which keeps the clutter that is not painted.",
    )
    iterations: int = Field(
        1600, ge=50, le=30000, title="Steps", description="More are sharper and take longer."
    )
    masks: str = Field(
        "",
        title="Masks",
        description="A folder with a mask for each painted photo, named like the photo, white where it is "
        "painted.",
        json_schema_extra={"format": "directory-path", "hint": "What is painted here"},
    )
    meaning: Meaning = Field(
        "distractors",
        title="Painted is",
        description="Clutter, to be left out beside what is found; static, to be kept whatever is found; or "
        "exactly the clutter: nothing else is left out in a photo that has a mask.",
    )
    light: Light = Field(
        "steady",
        title="Light",
        description="Changing: learn how each photo looks, where days or exposures differ. Slower.",
    )
    degree: int = Field(
        1,
        ge=0,
        le=3,
        title="Shine",
        description="How much colour may change with the direction of view (degree of the harmonics).",
        json_schema_extra={"advanced": True},
    )
    most: int = Field(
        20000, ge=1000, le=500000, title="Gaussians at most", description="More are sharper and slower."
    )
    longest: int = Field(
        1024,
        ge=64,
        le=2048,
        title="Longest side",
        description="Photos with a longer side are made smaller, in pixels.",
        json_schema_extra={"advanced": True},
    )
    features: str = Field(
        "",
        title="Features",
        description="A folder that holds DINOv2 as transformers writes it; its patch embedding tells what "
        "differs. Without it a bank of filters does.",
        json_schema_extra={"format": "directory-path", "hint": "Filter bank", "advanced": True},
    )

    device: Device = Field(
        "auto",
        title="Device",
        description="Where it draws. A CUDA card needs gsplat beside it, pip install 'maskstudio[cuda]'; "
        "auto takes one where that works.",
        json_schema_extra={"advanced": True},
    )


class FindParams(Params):
    """Parameters of `find-cameras`."""

    longest: int = Field(
        1024,
        ge=256,
        le=4096,
        title="Longest side",
        description="Photos with a longer side are made smaller, in pixels.",
        json_schema_extra={"advanced": True},
    )
    folder: str = Field(
        "",
        title="Scene folder",
        description="A new folder for the scene. Without one it is kept in the cache, by the content of the "
        "photos.",
        json_schema_extra={"format": "directory-path", "hint": "In the cache", "advanced": True},
    )


class FillParams(Params):
    """Parameters of `scene-fill`."""

    engine: str = Field(
        "exemplar",
        title="Pictures by",
        description="The engine that fills the picture of the hole: exemplar, masked-diffusion, or another "
        "that fills pictures.",
        json_schema_extra={"hint": "exemplar"},
    )
    iterations: int = Field(
        160, ge=0, le=5000, title="Steps", description="Of fitting what is new to the filled picture."
    )
    view: str = Field(
        "",
        title="View",
        description="The photo from whose camera the hole is filled. Without one, the view that shows most "
        "of it.",
        json_schema_extra={"hint": "That shows most"},
    )
    camera: dict[str, Any] = Field(
        default_factory=dict,
        title="Camera",
        description='Instead of a photo: {"w": .., "h": .., "K": [fx, fy, cx, cy], "w2c": [4 x 4]}.',
        json_schema_extra={"advanced": True, "default": {}},
    )
    longest: int = Field(
        512,
        ge=64,
        le=2048,
        title="Longest side",
        description="Of the picture that is filled, in pixels. Each pixel of the hole becomes a Gaussian.",
        json_schema_extra={"advanced": True},
    )
    photos: str = Field(
        "",
        title="Photos",
        description="The folder of the scene that tells where photos were taken from.",
        json_schema_extra={"format": "directory-path", "hint": "Of this scene", "advanced": True},
    )

    @field_validator("camera", mode="before")
    @classmethod
    def _camera_from_text(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        try:
            return json.loads(given or "{}")
        except ValueError:
            raise ValueError("it must be JSON, one camera") from None


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

SCENE_VIEW = EngineInfo(
    id="scene-view",
    title="Viewport",
    summary="Draws a scene while one moves through it, and says which Gaussians paint on it means.",
    version="1",
    params=ViewParams,
    implementation="maskengines.scene.viewing:SceneViewing",
    subject_kinds=("scene",),
    spaces=("gaussians",),
    result_kinds=("map",),
    live=True,
    weight="light",
    needs_mask=False,
    needs_visible=False,
    default_count=1,
)

DUAL_3DGS = EngineInfo(
    id="dual-3dgs",
    title="Clean scene",
    summary="A scene from photos with clutter in, without the clutter (Asymmetric Dual 3DGS, NeurIPS 2025).",
    version="1",
    params=DualParams,
    implementation="maskengines.scene.engine:Dual3DGS",
    subject_kinds=("scene",),
    spaces=("photo",),
    result_kinds=("scene",),
    live=True,
    all_cores=True,
    needs_mask=False,
    needs_visible=False,
    default_count=1,
)

FIND_CAMERAS = EngineInfo(
    id="find-cameras",
    title="Find the cameras",
    summary="Where photos were taken from, by what they show in common (COLMAP's structure-from-motion).",
    version="1",
    params=FindParams,
    implementation="maskengines.scene.sfm.engine:FindCameras",
    subject_kinds=("scene",),
    spaces=("photo",),
    result_kinds=("table",),
    all_cores=True,
    needs_mask=False,
    needs_visible=False,
    default_count=1,
)

SCENE_FILL = EngineInfo(
    id="scene-fill",
    title="Fill what was removed",
    summary="What no photo saw behind deleted Gaussians: a picture of it, and new Gaussians that show it.",
    version="1",
    params=FillParams,
    implementation="maskengines.scene.filling.engine:SceneFill",
    subject_kinds=("scene",),
    spaces=("gaussians",),
    result_kinds=("scene",),
    all_cores=True,
    needs_visible=False,
    default_count=3,
)

ENGINES = (DUAL_3DGS, SCENE_FILL, FIND_CAMERAS, RENDER_SCENE, SCENE_VIEW)
