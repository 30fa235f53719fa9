"""Fills hidden activations from their visible neighbours, before a filter reads across the edge.

Section 3 of arXiv 2211.14646 ("neighbor padding"): each pass gives every hidden pixel next to known ones
the mean of its known neighbours in a 3x3 window and makes it known. A filter that reaches ``r`` pixels from
a visible one needs ``r`` passes; what lies deeper is never read by an output that counts.

Only the pixels of each pass are touched, so the cost follows the edge of the mask and not its area.
"""

from __future__ import annotations

import torch

from maskengines.attribution.masking.geometry import Rings
from maskengines.attribution.masking.visibility import Tensor, Visibility

Ring = tuple[Tensor, Tensor, Tensor, Tensor]
"""`RingArrays` as tensors, sources and weights end to end, and where those of each pixel begin."""
_SUM = 0


def filled(tensor: Tensor, visibility: Visibility, passes: int) -> Tensor:
    """``tensor`` ``(N, C, H, W)`` with its hidden pixels filled up to ``passes`` pixels from the visible
    ones.

    The tensor is written to where it lies dense with channels last: nobody ever reads what is hidden.
    """
    if passes <= 0:
        return tensor
    tensor = tensor.contiguous(memory_format=torch.channels_last)
    table = tensor.permute(0, 2, 3, 1).reshape(-1, tensor.shape[1])
    for pixels, sources, weights, offsets in rings(visibility, passes, tensor):
        weighed = weights if weights.dtype == table.dtype else weights.to(table.dtype)
        # The function below `torch.nn.functional.embedding_bag`, which spends as long on checks as on this.
        means = torch.embedding_bag(table, sources, offsets, False, _SUM, False, weighed)[0]
        table.index_copy_(0, pixels, means)
    return tensor


def rings(visibility: Visibility, passes: int, like: Tensor) -> list[Ring]:
    """The first ``passes`` rings around what is visible in ``(N, 1, H, W)`` masks, fewer if all is filled; on
    the device of ``like``, and with weights of its type."""
    plan = visibility.plan
    if plan is None:
        plan = visibility.plan = (Rings(visibility.seen[:, 0], visibility.unseen[:, 0]), [])
    source, made = plan
    while len(made) < passes:
        ring = source.advance()
        if ring is None:
            break
        pixels, sources, weights = (torch.from_numpy(array).to(like.device) for array in ring)
        offsets = torch.arange(0, sources.numel(), sources.shape[1], device=like.device)
        made.append((pixels, sources.flatten(), weights.flatten().to(like.dtype), offsets))
    return made[:passes]
