"""Plain data: what may cross between a worker and the studio.

A value is packed into JSON plus arrays of numbers, never pickled, so that nothing an engine returns
can run code in the studio. Allowed are ``None``, bool, int, float, str, lists, tuples (they arrive as
lists), dicts with string keys, numeric numpy arrays and scalars, and `ImagePatch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from maskengines.contract import ImagePatch

Array = np.ndarray[Any, Any]

_ALIGNMENT = 64
_MAX_DEPTH = 32
_MAX_DIMENSIONS = 8
_ARRAY, _PATCH = "$array", "$patch"


class NotPlain(ValueError):
    """A value holds something that does not cross; the message says what."""


def as_rows(array: Array) -> Array:
    """A view of a mask of any number of dimensions as a table of its last one, so that a `Box` can name
    a part of it: ``(H, W)`` stays, ``(N,)`` becomes ``(1, N)``."""
    return array.reshape(-1, array.shape[-1])


@dataclass(slots=True)
class Packed:
    """``tree`` is JSON-able and refers to ``arrays`` by index; ``layout`` says where each one lies in
    a buffer of ``nbytes`` bytes."""

    tree: Any
    arrays: list[Array] = field(default_factory=list)

    @property
    def layout(self) -> list[list[Any]]:
        rows, offset = [], 0
        for array in self.arrays:
            rows.append([array.dtype.str, list(array.shape), offset])
            offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
        return rows

    @property
    def nbytes(self) -> int:
        return sum(-(-array.nbytes // _ALIGNMENT) * _ALIGNMENT for array in self.arrays)

    def write_into(self, buffer: Any) -> None:
        """Copy the arrays into a writable buffer of at least ``nbytes`` bytes."""
        for array, (_, shape, offset) in zip(self.arrays, self.layout, strict=True):
            if array.nbytes:
                target = np.ndarray(shape, array.dtype, buffer, offset)
                np.copyto(target, array)

    def to_bytes(self) -> bytearray:
        blob = bytearray(self.nbytes)
        self.write_into(blob)
        return blob


def pack(value: Any) -> Packed:
    """Take a value apart. Arrays are referred to, not copied.

    Raises:
        NotPlain: it holds an object that does not cross between processes.
    """
    packed = Packed(None)
    packed.tree = _pack(value, packed.arrays, 0)
    return packed


def _pack(value: Any, arrays: list[Array], depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise NotPlain("it is nested too deeply")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "buif":
            raise NotPlain(f"an array has the type '{value.dtype}', which is not a number")
        arrays.append(value)
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, ImagePatch):
        return {_PATCH: [int(value.x), int(value.y), _pack(value.pixels, arrays, depth + 1)]}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise NotPlain("a dictionary has a key that is not text")
        return {str(key).replace("$", "$$"): _pack(item, arrays, depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_pack(item, arrays, depth + 1) for item in value]
    raise NotPlain(f"it holds a {type(value).__name__}")


def views(layout: Any, buffer: Any) -> list[Array]:
    """Read-only arrays over ``buffer``, as ``layout`` describes them; nothing in it is taken on trust.

    Raises:
        NotPlain: the layout is malformed or reaches past the end of the buffer.
    """
    size = memoryview(buffer).nbytes
    arrays = []
    if not isinstance(layout, list):
        raise NotPlain("the layout of its arrays is malformed")
    for row in layout:
        try:
            text, shape, offset = row
            if not isinstance(text, str) or len(text) > 4 or len(shape) > _MAX_DIMENSIONS:
                raise NotPlain("the layout of its arrays is malformed")
            dtype = np.dtype(text)
            dimensions = tuple(int(length) for length in shape)
            count = 1
            for length in dimensions:
                count *= length
            start = int(offset)
        except (TypeError, ValueError) as error:
            raise NotPlain("the layout of its arrays is malformed") from error
        if dtype.kind not in "buif" or start < 0 or min(dimensions, default=0) < 0:
            raise NotPlain("the layout of its arrays is malformed")
        if start + count * dtype.itemsize > size:
            raise NotPlain("an array reaches past the end of its memory")
        array: Array = (
            np.frombuffer(buffer, dtype, count, start).reshape(dimensions)
            if count
            else np.empty(dimensions, dtype)
        )
        array.flags.writeable = False
        arrays.append(array)
    return arrays


def unpack(tree: Any, arrays: Sequence[Array]) -> Any:
    """Inverse of `pack`.

    Raises:
        NotPlain: the tree refers to an array that is not there.
    """
    if isinstance(tree, list):
        return [unpack(item, arrays) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if len(tree) == 1:
        ((key, item),) = tree.items()
        if key == _ARRAY:
            return _array(item, arrays)
        if key == _PATCH:
            return _patch(item, arrays)
    return {key.replace("$$", "$"): unpack(item, arrays) for key, item in tree.items()}


def _array(index: Any, arrays: Sequence[Array]) -> Array:
    if not isinstance(index, int) or not 0 <= index < len(arrays):
        raise NotPlain("it refers to an array that is not there")
    return arrays[index]


def _patch(item: Any, arrays: Sequence[Array]) -> ImagePatch:
    if not isinstance(item, list) or len(item) != 3 or not isinstance(item[2], dict):
        raise NotPlain("an image patch is malformed")
    x, y, pixels = item
    if not isinstance(x, int) or not isinstance(y, int):
        raise NotPlain("an image patch is malformed")
    return ImagePatch(x, y, _array(pixels.get(_ARRAY), arrays))
