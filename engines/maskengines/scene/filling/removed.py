"""What was removed from a scene: by a mask of its Gaussians, or by a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.splat_files import READABLE_SUFFIXES, load_gaussians

Array = np.ndarray[Any, Any]

HALF = 127


def parted(gaussians: Gaussians, mask: Array | None, file: str) -> tuple[Gaussians, Gaussians]:
    """The Gaussians that stay, bit for bit and in their order, and those that are removed.

    Args:
        mask: ``(N,)`` uint8, above 127 for those that are removed; counts if there is no file.
        file: ``.npy`` with their numbers from 0, or with N times true or false; or a file of Gaussians that
            were in the scene and are no more. May be empty.

    Raises:
        BadInput: nothing is removed, or all is; or the file makes no sense.
    """
    if file and Path(file).suffix.lower() in READABLE_SUFFIXES:
        return gaussians, load_gaussians(Path(file)).gaussians
    gone = _from_file(Path(file), len(gaussians)) if file else _from_mask(mask, len(gaussians))
    if not gone.any():
        raise BadInput(
            "Nothing of the scene is removed, so there is nothing to fill. Delete Gaussians first, or name "
            "them: --set removed=FILE.npy."
        )
    if gone.all():
        raise BadInput("All of the scene is removed, so there is nothing to go by. Leave what is around.")
    return gaussians.take(~gone), gaussians.take(gone)


def _from_mask(mask: Array | None, count: int) -> Array:
    return np.zeros(count, bool) if mask is None else np.asarray(mask) > HALF


def _from_file(path: Path, count: int) -> Array:
    try:
        held = np.load(path, allow_pickle=False)
    except OSError as error:
        raise BadInput(f"Cannot read '{path}': {error.strerror or error}. Check the name.") from error
    except (ValueError, EOFError) as error:
        raise BadInput(
            f"'{path.name}' holds no numbers of Gaussians ({error}). Give a .npy, or a file of Gaussians."
        ) from error
    if not isinstance(held, np.ndarray) or held.ndim != 1 or held.dtype.kind not in "biu":
        raise BadInput(f"'{path.name}' must hold one row of whole numbers, or of true and false.")
    if held.dtype == bool:
        if len(held) != count:
            raise BadInput(f"'{path.name}' speaks of {len(held)} Gaussians, and the scene has {count}.")
        return held
    if len(held) and not 0 <= int(held.min()) <= int(held.max()) < count:
        raise BadInput(
            f"'{path.name}' names Gaussians from {held.min()} to {held.max()}; the scene has those from 0 to "
            f"{count - 1}."
        )
    gone = np.zeros(count, bool)
    gone[held] = True
    return gone
