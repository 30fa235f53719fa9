"""A subject is what is edited: immutable, content-hashed, made of named element spaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np


class Subject(Protocol):
    """An image, a pose, a scene.

    A subject crosses to a worker as plain arrays plus a small JSON-able description
    (`to_arrays`, `from_arrays`), so that pixels travel through shared memory once.
    """

    kind: ClassVar[str]

    @property
    def content_hash(self) -> str:
        """Hex digest of everything an engine can see; equal hashes mean equal subjects."""

    @property
    def spaces(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each element space, for example ``{"pixels": (height, width)}``."""

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
        """JSON-able description and named arrays."""

    @classmethod
    def from_arrays(cls, meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray[Any, Any]]) -> Self:
        """Inverse of `to_arrays`; keeps views of ``arrays``, copies nothing."""
