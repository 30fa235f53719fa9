"""The rasteriser of gsplat (Ye et al. 2025) on a CUDA device, behind the interface of
`maskengines.scene.rasteriser.autograd.rasterise`.

Both draw as Kerbl et al. 2023: the same blur, the same faintest splat, the same end of a ray. The most opaque
splat lets a hundredth of the light through, with gsplat before 1.6 a thousandth.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from maskengines.scene.rasteriser.autograd import Trace
from maskengines.scene.rasteriser.options import Options
from maskengines.scene.rasteriser.rendering import DEFAULT
from maskengines.subjects.cameras import Camera

_DEVICE = "cuda"


def rasterise(  # noqa: PLR0917 - the five parameters in their order
    means: torch.Tensor,
    scales: torch.Tensor,
    rotations: torch.Tensor,
    opacities: torch.Tensor,
    harmonics: torch.Tensor,
    camera: Camera,
    background: Sequence[float] = (0.0, 0.0, 0.0),
    options: Options = DEFAULT,
    trace: Trace | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """As `maskengines.scene.rasteriser.autograd.rasterise`, tensors on the CPU in and out."""
    from gsplat import rasterization

    bands = options.bands(harmonics.shape[1])
    lens = [[camera.fx, 0.0, camera.cx], [0.0, camera.fy, camera.cy], [0.0, 0.0, 1.0]]
    pictures, covered, told = rasterization(
        means=means.to(_DEVICE),
        quats=rotations.to(_DEVICE),
        scales=scales.to(_DEVICE).exp(),
        opacities=opacities.to(_DEVICE).sigmoid(),
        colors=harmonics[:, :bands].to(_DEVICE),
        viewmats=torch.tensor(camera.world_to_camera, dtype=torch.float32, device=_DEVICE)[None],
        Ks=torch.tensor([lens], device=_DEVICE),
        width=camera.width,
        height=camera.height,
        near_plane=camera.near,
        eps2d=options.blur,
        sh_degree=math.isqrt(bands) - 1,
        packed=False,
        backgrounds=torch.tensor([list(background)], dtype=torch.float32, device=_DEVICE),
        rasterize_mode="antialiased" if options.mip else "classic",
        absgrad=trace is not None,
    )
    if trace is not None:
        _fill(trace, told)
    return pictures[0].to(means.device), covered[0, ..., 0].to(means.device)


def _fill(trace: Trace, told: Mapping[str, Any]) -> None:
    """What gsplat tells at once, and what it will tell once the picture is differentiated."""
    # One of each Gaussian until gsplat 1.4, then one across and one down.
    radii = told["radii"][0].reshape(len(told["radii"][0]), -1).cpu().numpy()
    trace.visible = (radii > 0).all(axis=1)
    trace.reach = np.where(trace.visible, radii.max(axis=1), 0).astype(np.float32)
    centres = told["means2d"]

    def differentiated(gradient: torch.Tensor) -> None:
        trace.screen = gradient[0].cpu().numpy()
        trace.absolute = centres.absgrad[0].cpu().numpy()

    if centres.requires_grad:
        centres.register_hook(differentiated)


@functools.cache
def trouble() -> str:
    """Why gsplat cannot be used, a sentence; nothing if it can. The first call may take a minute, as gsplat
    compiles its kernels then."""
    if not torch.cuda.is_available():
        return "torch finds no CUDA device here."
    means, scales, rotations, opacities, harmonics = (
        torch.ones(1, *shape, requires_grad=True) for shape in ((3,), (3,), (4,), (), (1, 3))
    )
    view = np.eye(4)
    view[2, 3] = 3.0
    camera = Camera(16, 16, 16.0, 16.0, 8.0, 8.0, view)
    try:
        picture, _ = rasterise(means, scales, rotations, opacities, harmonics, camera, trace=Trace())
        picture.sum().backward()
    except ImportError:
        return "gsplat is not installed. Type: pip install 'maskstudio[cuda]'."
    except Exception as error:
        # It compiles itself, and anything may be missing for that.
        return f"gsplat does not work here: {error}".splitlines()[0]
    return ""
