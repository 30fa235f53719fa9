"""3D Gaussians as arrays, in the conventions of Kerbl et al., "3D Gaussian Splatting" (SIGGRAPH 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

Array = np.ndarray[Any, Any]

SH_C0 = 0.28209479177387814
"""The constant spherical harmonic, 1 / (2 sqrt(pi)): colour = 0.5 + SH_C0 * DC term."""

COEFFICIENTS = (1, 4, 9, 16)
"""Numbers of coefficients a channel, by degree 0..3."""

FIELDS = ("means", "scales", "rotations", "opacities", "harmonics")


@dataclass(frozen=True, eq=False)
class Gaussians:
    """N Gaussians; never change. All arrays are float32, C-contiguous and read-only.

    What is given as such is kept without a copy, so whoever gives it away must not write to it any more.

    Attributes:
        means: ``(N, 3)`` centres in the scene's own units and axes.
        scales: ``(N, 3)`` natural logarithms of the standard deviations along the Gaussian's own axes.
        rotations: ``(N, 4)`` quaternions w, x, y, z that turn these axes into the scene's; need not be of
            length 1.
        opacities: ``(N,)`` logits; the opacity is their sigmoid.
        harmonics: ``(N, K, 3)`` coefficients of colour, K in 1, 4, 9, 16 for degrees 0..3 and the last axis
            red, green, blue; ``harmonics[:, 0]`` is the DC term. Colour is 0.5 plus their sum, in sRGB.
    """

    means: Array
    scales: Array
    rotations: Array
    opacities: Array
    harmonics: Array

    def __post_init__(self) -> None:
        count = len(self.means)
        coefficients = self.harmonics.shape[1] if self.harmonics.ndim == 3 else 0
        shapes: dict[str, tuple[int, ...]] = {
            "means": (count, 3),
            "scales": (count, 3),
            "rotations": (count, 4),
            "opacities": (count,),
            "harmonics": (count, coefficients, 3),
        }
        for name, shape in shapes.items():
            array: Array = np.ascontiguousarray(getattr(self, name), np.float32).view()
            if array.shape != shape:
                raise ValueError(f"{name} is {array.shape}, where {shape} was expected")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if coefficients not in COEFFICIENTS:
            raise ValueError(f"{coefficients} coefficients a channel, where 1, 4, 9 or 16 were expected")

    def __len__(self) -> int:
        return len(self.means)

    @property
    def degree(self) -> int:
        """Degree of the spherical harmonics, 0..3."""
        return COEFFICIENTS.index(self.harmonics.shape[1])

    @property
    def nbytes(self) -> int:
        return sum(getattr(self, name).nbytes for name in FIELDS)

    @property
    def colours(self) -> Array:
        """``(N, 3)`` float32: what the DC term says of the colour, 0..1 and a little beyond."""
        colours: Array = np.float32(0.5) + np.float32(SH_C0) * self.harmonics[:, 0]
        return colours

    @property
    def alphas(self) -> Array:
        """``(N,)`` float32: the opacities, 0..1."""
        # Beyond 80 the exponential overflows, and the sigmoid is 0 or 1 long before.
        alphas: Array = 1 / (1 + np.exp(-np.clip(self.opacities, -80, 80)))
        return alphas

    @property
    def finite(self) -> Array:
        """``(N,)`` bool: Gaussians that can be drawn: every number is finite and the rotation is not 0."""
        drawable: Array = np.isfinite(self.opacities) & self.rotations.any(axis=1)
        for name in ("means", "scales", "rotations"):
            drawable &= np.isfinite(getattr(self, name)).all(axis=1)
        drawable &= np.isfinite(self.harmonics).all(axis=(1, 2))
        return drawable

    def take(self, index: Any) -> Self:
        """Those that ``index`` names: a bool mask, integers in any order, or a slice."""
        return type(self)(*(getattr(self, name)[index] for name in FIELDS))

    def joined(self, other: Gaussians) -> Self:
        """These, then the other ones; the lower degree of harmonics is filled up with zeros."""
        degree = max(self.degree, other.degree)
        one, two = self.with_degree(degree), other.with_degree(degree)
        return type(self)(*(np.concatenate([getattr(one, name), getattr(two, name)]) for name in FIELDS))

    def with_degree(self, degree: int) -> Self:
        """With harmonics of another degree, 0..3: cut off, or filled up with zeros."""
        if degree == self.degree:
            return self
        kept = min(COEFFICIENTS[degree], self.harmonics.shape[1])
        harmonics = np.zeros((len(self), COEFFICIENTS[degree], 3), np.float32)
        harmonics[:, :kept] = self.harmonics[:, :kept]
        return type(self)(self.means, self.scales, self.rotations, self.opacities, harmonics)

    def to_arrays(self) -> dict[str, Array]:
        """The five arrays by name; inverse of `from_arrays`."""
        return {name: getattr(self, name) for name in FIELDS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Self:
        """Keeps views of ``arrays``; copies nothing that is float32 and contiguous."""
        return cls(*(arrays[name] for name in FIELDS))
