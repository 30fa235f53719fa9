"""``.splat``: 32 bytes a Gaussian, as antimatter15's viewer reads them; one colour each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from maskengines.files import atomic_write
from maskengines.subjects.gaussians import SH_C0, Gaussians
from maskengines.subjects.scene_formats.common import (
    OpenedGaussians,
    blank,
    check_count,
    damaged,
    drawable,
    logit,
    tamed,
    unreadable,
)

Array = np.ndarray[Any, Any]

_ROW = np.dtype([("mean", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("rotation", "u1", 4)])
_ROWS = 1 << 18


def read_splat(path: Path) -> OpenedGaussians:
    """Raises:
    BadInput: it cannot be read, or its size is no multiple of 32 bytes.
    """
    try:
        size = path.stat().st_size
        if size % _ROW.itemsize:
            raise damaged(path.name, f"its {size:,} bytes are no whole number of Gaussians of 32")
        check_count(size // _ROW.itemsize, path.name)
        rows = np.memmap(path, _ROW, "r")
    except OSError as error:
        raise unreadable(path, error) from error
    arrays = blank(len(rows), 0)
    for start in range(0, len(rows), _ROWS):
        part = np.asarray(rows[start : start + _ROWS])
        where = slice(start, start + len(part))
        arrays["means"][where] = part["mean"]
        with np.errstate(divide="ignore", invalid="ignore"):
            arrays["scales"][where] = np.log(part["scale"])
        shares = part["rgba"].astype(np.float32) / 255
        arrays["harmonics"][where, 0] = (shares[:, :3] - 0.5) / SH_C0
        arrays["opacities"][where] = logit(shares[:, 3])
        arrays["rotations"][where] = (part["rotation"].astype(np.float32) - 128) / 128
    tamed(arrays["opacities"], arrays["scales"])
    return drawable(Gaussians.from_arrays(arrays), path.name)


def write_splat(gaussians: Gaussians, target: Path) -> None:
    """Write Gaussians, the large and opaque ones first, as viewers show a file while it loads.

    Positions and scales are kept whole, colours, opacities and components of rotations to 8 bits.

    Raises:
        BadInput: the place cannot be written.
    """
    alphas = gaussians.alphas
    order = np.argsort(-(np.log(np.maximum(alphas, 1e-30)) + gaussians.scales.sum(axis=1)), kind="stable")
    with atomic_write(target) as file:
        for start in range(0, len(gaussians), _ROWS):
            part = gaussians.take(order[start : start + _ROWS])
            rows = np.zeros(len(part), _ROW)
            rows["mean"] = part.means
            rows["scale"] = np.exp(part.scales)
            rows["rgba"] = _bytes(np.column_stack([part.colours, part.alphas]) * 255)
            unit = part.rotations / np.linalg.norm(part.rotations, axis=1, keepdims=True)
            rows["rotation"] = _bytes(unit * 128 + 128)
            file.write(rows.tobytes())


def _bytes(values: Array) -> Array:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
