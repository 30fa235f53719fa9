"""The soft mask: which elements of one space are asked for, with edits that can be undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.contract import Box
from maskengines.masks.bag import Bag, Tile
from maskengines.masks.memory import zeros_prefaulted
from maskengines.masks.tiles import Key, TileGrid

MaskArray = np.ndarray[Any, np.dtype[np.uint8]]

_FEW = 4


class Mask:
    """How much each element of a 2-D ``(H, W)`` or 1-D ``(N,)`` space is asked for, 0 to 255.

    Read `data` freely. Change it only inside an edit: `edit`, ``touch`` the box, write, ``commit``.
    A mask belongs to one thread; others read a `snapshot`.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = tuple(int(side) for side in shape)
        self.grid = TileGrid(self.shape)
        self.data: MaskArray = zeros_prefaulted(self.shape)
        self.revision = 0
        self._plane: MaskArray = self.data.reshape(self.grid.height, self.grid.width)
        self._counts = np.zeros((self.grid.rows, self.grid.columns), np.int64)
        self._edit: MaskEdit | None = None

    @property
    def selected_count(self) -> int:
        """How many elements are above 0, as of the last commit; costs a sum over the tiles."""
        return int(self._counts.sum())

    def selected_fraction(self) -> float:
        """The part of the elements above 0, in 0..1, as of the last commit."""
        return self.selected_count / self.data.size if self.data.size else 0.0

    def selected_box(self) -> Box:
        """Bounding box of the elements above 0 as of the last commit; looks into non-empty tiles only."""
        box = Box(0, 0, 0, 0)
        for row, column in np.argwhere(self._counts):
            tile_box = self.grid.box((int(row), int(column)))
            found = Box.of_mask(self._plane[tile_box.slices])
            box = box.union(Box(tile_box.x + found.x, tile_box.y + found.y, found.width, found.height))
        return box

    def snapshot(self) -> MaskArray:
        """A copy of `data` for another thread; copies only the tiles that hold something."""
        keys = {(int(row), int(column)) for row, column in np.argwhere(self._counts)}
        if self._edit is not None:
            keys |= self._edit.keys
        # Pages of a sparse copy are better left alone; for a dense one it is cheaper to get all at once.
        sparse = 4 * len(keys) < self._counts.size
        plane = (self.grid.height, self.grid.width)
        copy = np.zeros(plane, np.uint8) if sparse else zeros_prefaulted(plane)
        for key in keys:
            slices = self.grid.box(key).slices
            copy[slices] = self._plane[slices]
        return copy.reshape(self.shape)

    def tile(self, key: Key) -> MaskArray:
        """A view of one tile, ``(h, w)``."""
        return self._plane[self.grid.box(key).slices]

    @property
    def editing(self) -> bool:
        return self._edit is not None

    def edit(self) -> MaskEdit:
        """Begin a change. One edit is open at a time; opening a second is a ``RuntimeError``."""
        if self._edit is not None:
            raise RuntimeError("another edit of this mask is still open")
        self._edit = MaskEdit(self)
        return self._edit

    def replace(self, array: MaskArray) -> MaskDelta | None:
        """Take over a whole array of the mask's shape, uint8; ``None`` if it was equal already."""
        if array.shape != self.shape or array.dtype != np.uint8:
            raise ValueError(f"expected uint8 {self.shape}, got {array.dtype} {array.shape}")
        plane = array.reshape(self._plane.shape)
        edit = self.edit()
        changed = [
            key
            for key in self.grid.keys(self.grid.bounds)
            if not np.array_equal(self.tile(key), plane[self.grid.box(key).slices])
        ]
        edit.touch_tiles(changed)
        for key in changed:
            self.tile(key)[...] = plane[self.grid.box(key).slices]
        return edit.commit()

    def clear(self) -> MaskDelta | None:
        """Set everything to 0; ``None`` if it was. Costs only the tiles that hold something."""
        edit = self.edit()
        keys = [(int(row), int(column)) for row, column in np.argwhere(self._counts)]
        edit.touch_tiles(keys)
        for key in keys:
            self.tile(key)[...] = 0
        return edit.commit()

    def clear_asked(self, asked: Asked) -> MaskDelta | None:
        """Set to 0 what is masked no more than ``asked`` says; what was painted since then stays. ``None`` if
        nothing changed."""
        edit = self.edit()
        edit.touch(asked.box)
        part = self._plane[asked.box.slices]
        part[part <= asked.values] = 0
        return edit.commit()

    def _hold(self, key: Key) -> Tile:
        """A tile's values as undo keeps them: one that is empty or full weighs nothing."""
        even = self._even(key)
        return self.tile(key).copy() if even is None else even

    def _even(self, key: Key) -> int | None:
        """0 or 255 if the tile holds nothing else (as of the last commit)."""
        count = self._counts[key]
        if not count:
            return 0
        tile = self.tile(key)
        return 255 if count == tile.size and tile.min() == 255 else None

    def _recount(self, key: Key) -> None:
        self._counts[key] = np.count_nonzero(self.tile(key))


@dataclass(frozen=True, eq=False)
class Asked:
    """What a mask held when a question was asked: ``values`` ``(h, w)`` uint8 in ``box``, 0 elsewhere."""

    box: Box
    values: MaskArray

    @classmethod
    def of(cls, mask: Mask) -> Asked:
        """What ``mask`` holds now; a copy."""
        box = mask.selected_box()
        for key in mask._edit.keys if mask._edit is not None else ():
            box = box.union(mask.grid.box(key))
        return cls(box, mask._plane[box.slices].copy())

    @classmethod
    def read(cls, plane: MaskArray) -> Asked:
        """What a whole mask ``(H, W)`` says."""
        box = Box.of_mask(plane)
        return cls(box, plane[box.slices].copy())

    def within(self, box: Box) -> Asked:
        """No more of it than lies in a box."""
        part = self.box.intersection(box)
        return Asked(part, self.inside(part))

    def inside(self, box: Box) -> MaskArray:
        """The mask of another box, ``(h, w)``."""
        plane = np.zeros((box.height, box.width), np.uint8)
        both = self.box.intersection(box)
        if not both.empty:
            there = both.moved(-self.box.x, -self.box.y).slices
            plane[both.moved(-box.x, -box.y).slices] = self.values[there]
        return plane


class MaskEdit:
    """One change in the making. ``touch`` before the first write to a box."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._before: dict[Key, Tile] = {}

    @property
    def open(self) -> bool:
        return self._mask._edit is self

    @property
    def keys(self) -> set[Key]:
        """The tiles touched so far."""
        return set(self._before)

    def touch(self, box: Box) -> None:
        """Announce that elements of ``box`` are about to change; copies each tile the first time."""
        self.touch_tiles(self._mask.grid.keys(box))

    def touch_tiles(self, keys: Iterable[Key]) -> None:
        """Like `touch`, for tiles by key."""
        self._require_open()
        mask, before = self._mask, self._before
        fresh = [key for key in keys if key not in before]
        if len(fresh) <= _FEW:
            for key in fresh:
                before[key] = mask._hold(key)
            return
        # One block for all: its pages come at once, which is far cheaper than tile by tile.
        evens = {key: mask._even(key) for key in fresh}
        size = mask.grid.tile_size
        block = zeros_prefaulted((size * sum(even is None for even in evens.values()),))
        used = 0
        for key, even in evens.items():
            if even is not None:
                before[key] = even
                continue
            tile = mask.tile(key)
            room = block[used : used + tile.size].reshape(tile.shape)
            room[...] = tile
            before[key] = room
            used += size

    def commit(self) -> MaskDelta | None:
        """End the edit; ``None`` if every value is what it was."""
        self._require_open()
        mask = self._mask
        mask._edit = None
        changed: dict[Key, Tile] = {}
        for key, before in self._before.items():
            tile = mask.tile(key)
            if not _equals(tile, before):
                mask._recount(key)
                changed[key] = before
        if not changed:
            return None
        mask.revision += 1
        if 2 * len(changed) < len(self._before):
            # Tiles cut from one block would keep all of it.
            changed = {k: v if isinstance(v, int) else v.copy() for k, v in changed.items()}
        return MaskDelta(changed, mask.grid)

    def abort(self) -> Box:
        """End the edit and put every touched tile back; returns the box that holds them."""
        self._require_open()
        mask = self._mask
        mask._edit = None
        box = Box(0, 0, 0, 0)
        for key, before in self._before.items():
            mask.tile(key)[...] = before
            box = box.union(mask.grid.box(key))
        if not box.empty:
            mask.revision += 1
        return box

    def _require_open(self) -> None:
        if not self.open:
            raise RuntimeError("this edit has ended")


class MaskDelta:
    """What one edit changed: the other side's tiles. `swap` undoes it, `swap` again redoes it."""

    def __init__(self, tiles: dict[Key, Tile], grid: TileGrid) -> None:
        self.bag = Bag(tiles)
        self.keys: tuple[Key, ...] = tuple(tiles)
        self.box = Box(0, 0, 0, 0)
        for key in self.keys:
            self.box = self.box.union(grid.box(key))

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        return self.bag.nbytes

    def swap(self, mask: Mask) -> Box:
        """Exchange the tiles with the mask's and return the box that changed."""
        if mask.editing:
            raise RuntimeError("an edit of this mask is still open")
        with self.bag.opened() as tiles:
            for key, tile in tiles.items():
                shown = mask.tile(key)
                if isinstance(tile, int) or mask._even(key) is not None:
                    current = mask._hold(key)
                    shown[...] = tile
                else:
                    # Exchanged in place: no new memory.
                    current, shown_before = tile, shown.copy()
                    shown[...] = tile
                    tile[...] = shown_before
                tiles[key] = current
                mask._recount(key)
        mask.revision += 1
        return self.box


def _equals(tile: MaskArray, before: Tile) -> bool:
    if isinstance(before, int):
        return bool(tile.min() == before == tile.max())
    return np.array_equal(tile, before)
