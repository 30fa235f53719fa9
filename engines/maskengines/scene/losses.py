"""What a training minimises."""

from __future__ import annotations

import torch

from maskengines.scene.ssim import ssim

STRUCTURE = 0.2
"""Weight of 1 - SSIM against L1 (Kerbl et al. 2023, eq. 7)."""


def photo_loss(picture: torch.Tensor, photo: torch.Tensor) -> torch.Tensor:
    """0.8 L1 + 0.2 (1 - SSIM) of two pictures ``(h, w, 3)``."""
    return (1 - STRUCTURE) * (picture - photo).abs().mean() + STRUCTURE * (1 - ssim(picture, photo))


def masked_loss(picture: torch.Tensor, photo: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """`photo_loss` where ``mask`` (h, w), 1 for what is static, lets it through (paper, eq. 2).

    What is masked in the photo is replaced by the picture itself. Masking the gradient alone, as the
    authors' code does, leaves the distractor in the windows of SSIM around it, which then pull the pixels
    beside it towards it: even with perfect masks its outline is learned.
    """
    still = picture.detach()
    share = mask[..., None]
    return photo_loss(share * picture + (1 - share) * still, share * photo + (1 - share) * still)


def consistency(picture: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """L1 between the pictures of two models from the same view (paper, eq. 6)."""
    return (picture - other).abs().mean()
