"""A differentiable rasteriser of 3D Gaussians for the CPU (Kerbl et al. 2023), compiled by numba.

`render` draws numpy arrays; `autograd.rasterise` draws torch tensors and differentiates. Both are
float32 throughout, give the same bits for any number of threads (``numba.set_num_threads``) and draw
nothing for Gaussians that are broken, behind the camera or too faint to see.
"""

from maskengines.scene.rasteriser.options import Frame, Options
from maskengines.scene.rasteriser.rendering import render

__all__ = ["Frame", "Options", "render"]
