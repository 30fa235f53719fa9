"""What fits the memory, and what to say when something does not."""

from __future__ import annotations

import gc
import math
from pathlib import Path

import torch

from maskengines.errors import NotReady
from maskengines.weights.files import header

_ROOM = 1.15
"""Times its weights that a pipeline takes while it is loaded."""
_PER_PIXEL = 1500
"""Numbers that a pipeline holds at once for each pixel it draws, at most: first and last layers of the VAE
keep about ten maps of 128 channels, attention in the U-Net as much again."""
_SHARE = 0.6
"""Of the free memory that a batch may be expected to take."""
_SAID = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on a card or on this computer."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error).lower() for said in _SAID)


def free_bytes(device: str) -> int:
    """Memory that is free on a device."""
    import psutil

    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def release(device: str) -> None:
    """Give back what failed attempts left behind."""
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()


def check_free(files: list[Path], dtype: torch.dtype, device: str) -> None:
    """Raises:
    NotReady: a pipeline's weights do not fit the memory of this computer, through which they all go.
    """
    import psutil

    numbers = sum(math.prod(entry["shape"]) for file in files for entry in header(file).values())
    needed, free = _ROOM * numbers * dtype.itemsize, psutil.virtual_memory().available
    if needed > free:
        less = "" if dtype.itemsize == 2 else ", set the precision to bfloat16"
        raise NotReady(
            f"This model needs about {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free. Close "
            f"other programs{less}, or choose a smaller model."
        )


def batch_that_fits(wanted: int, size: tuple[int, int], dtype: torch.dtype, device: str) -> int:
    """How many pictures of ``size`` (width, height) to draw at once: at least 1, at most ``wanted``."""
    each = size[0] * size[1] * _PER_PIXEL * dtype.itemsize
    return max(1, min(wanted, int(_SHARE * free_bytes(device) / each)))


def too_large(size: tuple[int, int], device: str, offload: str) -> NotReady:
    """What to say when even one picture does not fit."""
    where = "graphics card" if device == "cuda" else "computer"
    remedies = ["lower the resolution"]
    if device != "cpu" and offload != "sequential":
        remedies.append(f"set offload to {'model' if offload == 'none' else 'sequential'}")
    remedies.append("close other programs" if device == "cpu" else "set the device to cpu")
    last = remedies.pop()
    return NotReady(
        f"The {where} has too little memory for {size[0]} x {size[1]} pixels with this model. "
        f"{', '.join(remedies).capitalize()} or {last}."
    )


def no_room(name: str, offload: str) -> NotReady:
    """What to say when a model itself does not fit a card."""
    remedy = {
        "none": "Set offload to model, or to sequential",
        "model": "Set offload to sequential",
        "sequential": "Close other programs",
    }[offload]
    return NotReady(
        f"'{name}' does not fit the memory of the graphics card. {remedy}, or set the device to cpu."
    )
