"""What sizes a pipeline can be shown, and at which it draws best, by what its configuration says."""

from __future__ import annotations

import math
from typing import Any


def trained_side(pipe: Any) -> int:
    """Pixels along the side of the square that the model was trained at."""
    told = getattr(pipe, "default_sample_size", None)
    for part in ("unet", "transformer"):
        told = told or getattr(getattr(getattr(pipe, part, None), "config", None), "sample_size", None)
    if isinstance(told, list | tuple):
        told = max(told)
    return int(told) * vae_factor(pipe) if told else 1024


def vae_factor(pipe: Any) -> int:
    """Pixels along the side of what its VAE makes one latent of."""
    factor = getattr(pipe, "vae_scale_factor", None) or getattr(pipe, "movq_scale_factor", None)
    return int(factor) if factor else 8 if getattr(pipe, "vae", None) is not None else 1


def side_multiple(pipe: Any) -> int:
    """What sides must be multiples of: the VAE's factor times a transformer's patch or a U-Net's halvings."""
    factor = vae_factor(pipe)
    told = int(
        getattr(getattr(getattr(pipe, "image_processor", None), "config", None), "vae_scale_factor", 1)
    )
    halvings = len(getattr(getattr(getattr(pipe, "unet", None), "config", None), "block_out_channels", [0]))
    patch = getattr(getattr(getattr(pipe, "transformer", None), "config", None), "patch_size", 1)
    patch = max(patch) if isinstance(patch, list | tuple) else patch
    return math.lcm(factor * 2 ** (halvings - 1), told, factor * int(patch or 1))
