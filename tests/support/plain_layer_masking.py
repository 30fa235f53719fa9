"""Layer masking as its rules read, one operation after another and every pixel of it.

It walks the graph that `torch.export` writes down, so it shares neither code nor mechanism with the fast one:
values are multiplied by their mask after every operation, and holes are filled by averaging whole maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

Tensor = torch.Tensor


@dataclass
class Masked:
    """A value, its mask (float, 1 = visible, the value's axes or length 1) and zeros still to be laid
    around it: ``(left, right, top, bottom)``, laid once its hole is filled."""

    value: Tensor
    mask: Tensor
    border: tuple[int, int, int, int] = (0, 0, 0, 0)


def neighbour_padding(value: Tensor, mask: Tensor, passes: int) -> Tensor:
    """Set hidden values to 0; each pass gives those next to known ones the mean of the known in 3 x 3."""
    value = value * mask
    for _ in range(passes):
        known = functional.avg_pool2d(mask, 3, 1, 1) * 9
        total = functional.avg_pool2d(value, 3, 1, 1) * 9
        new = ((mask == 0) & (known > 0.5)).to(value.dtype)
        value = value + new * total / known.clamp_min(1)
        mask = mask + new
    return value


def plain_masked_logits(network: nn.Module, pictures: Tensor, visible: Tensor) -> Tensor:
    """Logits of ``pictures`` ``(N, 3, H, W)`` seen through ``visible`` ``(N, H, W)`` bool."""
    with torch.no_grad():
        exported = torch.export.export(network, (pictures,)).module()
        mask = visible[:, None].to(pictures.dtype)
        return _Walk(exported).run(Masked(pictures * mask, mask))


class _Walk(torch.fx.Interpreter):
    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        name = getattr(target, "__name__", str(target)).partition(".")[0]
        flat = [each for arg in args for each in (arg if isinstance(arg, list | tuple) else [arg])]
        if not any(isinstance(each, Masked) for each in flat):
            return super().call_function(target, args, kwargs)
        rule = getattr(self, f"_{name.rstrip('_')}", None)
        if rule is not None:
            return rule(*args, **kwargs)
        return self._pointwise(target, args, kwargs)

    def call_module(self, target: Any, args: Any, kwargs: Any) -> Any:
        # Only checks of the input's shape are modules here.
        return None if "guards" in str(target) else super().call_module(target, args, kwargs)

    @staticmethod
    def _pointwise(target: Any, args: Any, kwargs: Any) -> Masked:
        mask = torch.ones(())
        for each in args:
            if isinstance(each, Masked):
                assert each.border == (0, 0, 0, 0)
                mask = mask * each.mask
        value = target(*[each.value if isinstance(each, Masked) else each for each in args], **kwargs)
        assert all(a in (1, b) for a, b in zip(mask.shape, value.shape, strict=True)), target
        return Masked(value * mask, mask)

    @staticmethod
    def _conv2d(x: Masked, weight: Tensor, *rest: Any) -> Masked:
        bias, stride, padding, dilation, groups = (*rest, *(None, (1, 1), (0, 0), (1, 1), 1)[len(rest) :])
        size = weight.shape[-2:]
        spans = [(k - 1) * d for k, d in zip(size, dilation, strict=True)]
        value = neighbour_padding(x.value, x.mask, max(spans))
        if isinstance(padding, str):
            rows, columns = spans
            around = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
            if padding == "valid":
                around = (0, 0, 0, 0)
        else:
            vertical, horizontal = padding if len(padding) == 2 else (padding[0],) * 2
            around = (horizontal, horizontal, vertical, vertical)
        border = tuple(a + b for a, b in zip(around, x.border, strict=True))
        out = functional.conv2d(functional.pad(value, border), weight, bias, stride, 0, dilation, groups)
        seen = functional.pad(x.mask, border)
        mask = functional.max_pool2d(seen, tuple(size), tuple(stride), 0, tuple(dilation))
        return Masked(out * mask, mask)

    @staticmethod
    def _pad(x: Masked, border: Any, mode: str = "constant", value: Any = None) -> Masked:
        if mode != "constant":
            return Masked(functional.pad(x.value, border, mode), functional.pad(x.mask, border, mode))
        return Masked(x.value, x.mask, tuple(border))  # type: ignore[arg-type]

    @staticmethod
    def _max_pool2d(x: Masked, kernel: Any, *rest: Any) -> Masked:
        stride, *others = (*rest, *((), (0, 0), (1, 1), False)[len(rest) :])
        assert x.border == (0, 0, 0, 0)
        options = (kernel, stride or kernel, *others)
        lowest = torch.where(x.mask > 0, x.value, torch.tensor(float("-inf")))
        mask = functional.max_pool2d(x.mask, *options)
        return Masked(torch.where(mask > 0, functional.max_pool2d(lowest, *options), torch.tensor(0.0)), mask)

    @staticmethod
    def _avg_pool2d(x: Masked, kernel: Any, stride: Any = (), *options: Any) -> Masked:
        assert x.border == (0, 0, 0, 0)
        stride = stride or kernel
        seen = functional.avg_pool2d(x.mask, kernel, stride, *options)
        whole = functional.avg_pool2d(torch.ones_like(x.mask), kernel, stride, *options)
        mask = (seen > 0).to(x.value.dtype)
        total = functional.avg_pool2d(x.value * x.mask, kernel, stride, *options)
        return Masked(total * whole / seen.clamp_min(1e-9) * mask, mask)

    @staticmethod
    def _adaptive_avg_pool2d(x: Masked, size: Any) -> Any:
        seen = functional.adaptive_avg_pool2d(x.mask, size)
        value = functional.adaptive_avg_pool2d(x.value * x.mask, size) / seen.clamp_min(1e-9)
        return value if tuple(size) == (1, 1) else Masked(value, (seen > 0).to(value.dtype))

    @staticmethod
    def _mean(x: Masked, axes: Any, keepdim: bool = False) -> Any:
        if x.mask.shape[axes[0]] == 1:
            mask = x.mask if keepdim else x.mask.squeeze(tuple(axes))
            return Masked(x.value.mean(axes, keepdim), mask)
        return (x.value * x.mask).sum(axes, keepdim) / x.mask.sum(axes, keepdim)

    @staticmethod
    def _amax(x: Masked, axes: Any, keepdim: bool = False) -> Tensor:
        return torch.where(x.mask > 0, x.value, torch.tensor(float("-inf"))).amax(axes, keepdim)

    @staticmethod
    def _linalg_vector_norm(x: Masked, order: Any, axes: Any, keepdim: bool = False) -> Tensor:
        total = ((x.value * x.mask) ** order).sum(axes, keepdim)
        return (total / x.mask.mean(axes, keepdim)) ** (1 / order)

    @staticmethod
    def _cat(parts: Any, axis: int = 0) -> Masked:
        assert axis == 1
        channels = sum(part.value.shape[1] for part in parts)
        votes = torch.stack([part.mask * part.value.shape[1] for part in parts]).sum(0)
        mask = (votes * 2 >= channels).to(votes.dtype)
        return Masked(torch.cat([part.value * part.mask for part in parts], 1) * mask, mask)

    @staticmethod
    def _permute(x: Masked, axes: Any) -> Masked:
        return Masked(x.value.permute(axes), x.mask.permute(axes))

    @staticmethod
    def _flatten(x: Masked, start: int = 0, end: int = -1) -> Tensor:
        return neighbour_padding(x.value, x.mask, max(x.value.shape[-2:]) - 1).flatten(start, end)

    @staticmethod
    def _reshape(x: Masked, shape: Any) -> Tensor:
        return neighbour_padding(x.value, x.mask, max(x.value.shape[-2:]) - 1).reshape(shape)
