"""Masks over elements that stand in a row, such as Gaussians, as files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput

MaskArray = np.ndarray[Any, np.dtype[np.uint8]]


def load_rows(path: str | os.PathLike[str], count: int) -> MaskArray:
    """Read a ``.npy`` as a mask over ``count`` elements.

    It holds either one value for each, true and false or uint8 (0 is given, 255 asked for), or the numbers of
    those that are asked for, from 0, as any other kind of whole numbers.

    Returns:
        ``(count,)`` uint8.

    Raises:
        BadInput: it cannot be read, or does not fit.
    """
    file = Path(path)
    try:
        held = np.load(file, allow_pickle=False)
    except OSError as error:
        raise BadInput(
            f"Cannot read the mask '{file}': {error.strerror or error}. Check the name."
        ) from error
    except (ValueError, EOFError) as error:
        raise BadInput(f"The mask '{file.name}' is no .npy with whole numbers ({error}).") from error
    if not isinstance(held, np.ndarray) or held.ndim != 1 or held.dtype.kind not in "biu":
        raise BadInput(f"The mask '{file.name}' must be one row of whole numbers, or of true and false.")
    if held.dtype in (np.dtype(bool), np.dtype(np.uint8)):
        if len(held) != count:
            raise BadInput(f"The mask '{file.name}' speaks of {len(held)} elements, and there are {count}.")
        return np.where(held, 255, 0).astype(np.uint8) if held.dtype == bool else held
    if len(held) and not 0 <= int(held.min()) <= int(held.max()) < count:
        raise BadInput(
            f"The mask '{file.name}' names elements from {held.min()} to {held.max()}; there are those from "
            f"0 to {count - 1}."
        )
    mask = np.zeros(count, np.uint8)
    mask[held] = 255
    return mask
