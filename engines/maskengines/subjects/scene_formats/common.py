"""What all readers of scenes share: opening, refusing, and keeping what can be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.subjects.gaussians import COEFFICIENTS, FIELDS, Gaussians

Array = np.ndarray[Any, Any]

HARMONICS_BUDGET = 768 << 20
"""Bytes that the Gaussians of a file may take in memory; past it their colours lose view dependence."""

MAX_GAUSSIANS = 12_000_000
"""Even with one colour each, more do not fit beside the rest of the studio."""

SURE = 20.0
"""Logit of an opacity that is as good as 1, and e-folds by which a Gaussian is as good as flat."""

REST = 44
"""Bytes of a Gaussian without its harmonics."""


@dataclass(frozen=True)
class OpenedGaussians:
    """Gaussians from a file.

    Attributes:
        warnings: sentences for the user.
    """

    gaussians: Gaussians
    warnings: tuple[str, ...] = ()


def damaged(name: str, what: str) -> BadInput:
    """A file that was cut short or written wrongly."""
    return BadInput(f"Cannot open '{name}': {what}. Copy or export it again.")


def too_early(name: str, held: int, told: int) -> BadInput:
    """A file that holds ``held`` bytes of ``told``."""
    return damaged(name, f"it ends too early, after {held:,} of {told:,} bytes")


def read_bytes(path: Path) -> bytes:
    """Raises:
    BadInput: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> BadInput:
    """What to say of a file that the system does not give."""
    if isinstance(error, FileNotFoundError):
        return BadInput(f"There is no file '{path}'. Check the name and the folder.")
    return BadInput(f"Cannot open '{path}': {error.strerror or error}. Check the file and its permissions.")


def check_count(count: int, name: str) -> None:
    """Raises:
    BadInput: a file tells of no Gaussians, or of more than memory can hold.
    """
    if count <= 0:
        raise BadInput(f"'{name}' holds no Gaussians. Give a file with a scene in it.")
    if count > MAX_GAUSSIANS:
        raise BadInput(
            f"'{name}' holds {count:,} Gaussians; at most {MAX_GAUSSIANS:,} can be opened. "
            "Thin it out first, for example with 'splat-transform --decimate'."
        )


def affordable_degree(count: int, degree: int) -> int:
    """The highest degree up to ``degree`` with which ``count`` Gaussians stay within `HARMONICS_BUDGET`."""
    while degree and count * (REST + 12 * COEFFICIENTS[degree]) > HARMONICS_BUDGET:
        degree -= 1
    return degree


def told_degree(count: int, degree: int, kept: int) -> tuple[str, ...]:
    """A warning where harmonics were left out to save memory."""
    if kept == degree:
        return ()
    return (
        f"{count:,} Gaussians are many: colours were opened with harmonics of degree {kept} instead of "
        f"{degree}, so they change less with the view.",
    )


def drawable(gaussians: Gaussians, name: str) -> OpenedGaussians:
    """Those that can be drawn; the others are left out, with a warning.

    Raises:
        BadInput: none can be drawn.
    """
    good = gaussians.finite
    lost = len(good) - int(np.count_nonzero(good))
    if not lost:
        return OpenedGaussians(gaussians)
    return OpenedGaussians(gaussians.take(good), told_lost(lost, len(good), name))


def told_lost(lost: int, count: int, name: str) -> tuple[str, ...]:
    """A warning where Gaussians were left out.

    Raises:
        BadInput: all were.
    """
    if lost == count:
        raise BadInput(
            f"None of the {count:,} Gaussians in '{name}' can be drawn: their numbers are not finite. "
            "Train or export it again."
        )
    return (
        (f"{lost:,} of {count:,} Gaussians in '{name}' cannot be drawn and were left out.",) if lost else ()
    )


def blank(count: int, degree: int) -> dict[str, Array]:
    """Arrays to fill, of which `Gaussians.from_arrays` makes Gaussians."""
    shapes = ((count, 3), (count, 3), (count, 4), (count,), (count, COEFFICIENTS[degree], 3))
    return {name: np.empty(shape, np.float32) for name, shape in zip(FIELDS, shapes, strict=True)}


def tamed(opacities: Array, scales: Array) -> None:
    """Make infinite logits and scales of 0 finite, in place: an opacity of exactly 1 and a Gaussian without
    thickness are what some programs write, and both can be drawn."""
    opacities[np.isposinf(opacities)] = SURE
    opacities[np.isneginf(opacities)] = -SURE
    scales[np.isneginf(scales)] = -SURE


def logit(share: Array) -> Array:
    """Logits of opacities in 0..1 that were kept in a byte: 0 and 1 become finite, half a step away."""
    inside = np.clip(share, 0.5 / 255, 1 - 0.5 / 255).astype(np.float32)
    found: Array = np.log(inside / (1 - inside))
    return found
