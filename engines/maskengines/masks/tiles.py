"""How a mask is cut into tiles: 256 x 256 in two dimensions, runs of 65536 in one."""

from __future__ import annotations

from collections.abc import Iterator

from maskengines.contract import Box

TILE = 256
Key = tuple[int, int]


class TileGrid:
    """Geometry of the tiles of an ``(H, W)`` or ``(N,)`` space; a 1-D space is one row of N columns."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        if len(shape) not in (1, 2):
            raise ValueError(f"a mask has one or two dimensions, not {len(shape)}")
        self.height, self.width = (1, shape[0]) if len(shape) == 1 else (shape[0], shape[1])
        self._tile_height, self._tile_width = (1, TILE * TILE) if len(shape) == 1 else (TILE, TILE)
        self.rows = -(-self.height // self._tile_height)
        self.columns = -(-self.width // self._tile_width)

    @property
    def tile_size(self) -> int:
        """Elements of a whole tile."""
        return self._tile_height * self._tile_width

    @property
    def bounds(self) -> Box:
        return Box(0, 0, self.width, self.height)

    def keys(self, box: Box) -> Iterator[Key]:
        """``(row, column)`` of each tile that the box (clipped to the space) meets."""
        box = box.clipped(self.width, self.height)
        if box.empty:
            return
        last_row = (box.y + box.height - 1) // self._tile_height
        last_column = (box.x + box.width - 1) // self._tile_width
        for row in range(box.y // self._tile_height, last_row + 1):
            for column in range(box.x // self._tile_width, last_column + 1):
                yield row, column

    def box(self, key: Key) -> Box:
        """The elements of one tile; those at the right and bottom edge may be smaller."""
        x, y = key[1] * self._tile_width, key[0] * self._tile_height
        return Box(x, y, self._tile_width, self._tile_height).clipped(self.width, self.height)
