"""Arrays that an undo step keeps, and that can leave memory for a scratch file and come back."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from maskengines.masks.scratch import Extent, Scratch
from maskengines.masks.tiles import Key

Array = np.ndarray[Any, Any]
Tile = Array | int
"""The values of a tile, or the one value that fills it."""


class Bag:
    """Tiles by key, either in memory or parked, compressed, in a `Scratch` file.

    `opened` is for the thread that edits; `park` may run in any other thread at the same time and
    gives way to it.
    """

    def __init__(self, tiles: dict[Key, Tile]) -> None:
        self._lock = threading.Lock()
        self._tiles: dict[Key, Tile] | None = tiles
        self._turn = 0
        self._parked: tuple[Scratch, Extent, list[tuple[Key, Any]]] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held in memory; 0 while parked."""
        tiles = self._tiles
        return sum(_weight(tile) for tile in list(tiles.values())) if tiles is not None else 0

    @contextmanager
    def opened(self) -> Iterator[dict[Key, Tile]]:
        """The tiles, brought back from disk if need be; the caller may change them."""
        with self._lock:
            self._turn += 1
            if self._tiles is None:
                self._tiles = self._restored()
            yield self._tiles

    def park(self, scratch: Scratch) -> bool:
        """Move the tiles to disk; ``False`` if they are there already or were used meanwhile.

        Raises:
            OSError: the disk is full or gone; the tiles then stay in memory.
        """
        with self._lock:
            tiles, turn = self._tiles, self._turn
        if tiles is None:
            return False
        squeezer = zlib.compressobj(1)
        blocks: list[bytes] = []
        index: list[tuple[Key, Any]] = []
        for key, tile in tiles.items():
            if isinstance(tile, int):
                index.append((key, tile))
                continue
            index.append((key, (tile.shape, tile.dtype.str)))
            blocks.append(squeezer.compress(np.ascontiguousarray(tile).data))
        blocks.append(squeezer.flush())
        extent = scratch.write(b"".join(blocks))
        with self._lock:
            if turn == self._turn:
                self._tiles, self._parked = None, (scratch, extent, index)
                return True
        scratch.free(extent)
        return False

    def _restored(self) -> dict[Key, Tile]:
        if self._parked is None:
            raise RuntimeError("an undo step was neither in memory nor on disk")
        scratch, extent, index = self._parked
        data = zlib.decompress(scratch.read(extent))
        tiles: dict[Key, Tile] = {}
        offset = 0
        for key, kept in index:
            if isinstance(kept, int):
                tiles[key] = kept
                continue
            shape, dtype = kept
            count = int(np.prod(shape))
            tiles[key] = np.frombuffer(data, dtype, count, offset).reshape(shape).copy()
            offset += count * np.dtype(dtype).itemsize
        self._parked = None
        scratch.free(extent)
        return tiles

    def __del__(self) -> None:
        if self._parked is not None:
            scratch, extent, _ = self._parked
            scratch.free(extent)


def _weight(tile: Tile) -> int:
    return 64 if isinstance(tile, int) else tile.nbytes + 128
