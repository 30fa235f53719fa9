"""What the network is shown: parts of a photo hidden, sample after sample, the same for the same seed.

Sample ``i`` depends on the seed and on ``i`` alone. So the first ``k`` samples are the same whatever the
total, any stretch can be drawn without those before it, and a stopped map goes on where it stopped.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]


class Sampler(Protocol):
    """A sequence of masks.

    Attributes:
        count: how many samples there are.
    """

    count: int

    def visible(self, start: int, stop: int) -> Array:
        """Samples ``start .. stop``: ``(stop - start, H, W)`` bool, True where the photo is given."""


class RegionSubsets:
    """Every region is visible with probability ``p``, independently (Ribeiro et al. 2016, section 3.3,
    draw with p = 1/2).

    Args:
        labels: ``(H, W)`` int label map, 0 to n - 1.
        count: how many samples.
    """

    def __init__(self, labels: Array, count: int, keep: float, seed: int) -> None:
        check_probability(keep)
        self.labels, self.count, self.keep, self.seed = labels, count, keep, seed
        self.regions = int(labels.max()) + 1

    def subsets(self, start: int, stop: int) -> Array:
        """Which regions are visible: ``(stop - start, regions)`` bool."""
        drawn = [_generator(self.seed, i).random(self.regions) < self.keep for i in range(start, stop)]
        return np.array(drawn, bool).reshape(stop - start, self.regions)

    def visible(self, start: int, stop: int) -> Array:
        return self.subsets(start, stop)[:, self.labels]


class SlidingWindows:
    """A square hides one part of the photo after another (Zeiler and Fergus 2014, section 4.2).

    Windows lie on an even grid whose outer ones touch the photo's border. They come in an order drawn by
    the seed, so that any first few are spread over the whole photo.

    Args:
        shape: height and width of the photo.
        count: at most so many positions; the largest grid that fits is taken.
        side: of the window, in pixels; cut to the photo.

    Raises:
        BadInput: so few windows leave gaps between them.
    """

    def __init__(self, shape: tuple[int, int], count: int, side: int, seed: int) -> None:
        height, width = shape
        self.shape, self.seed = shape, seed
        self.height, self.width = min(max(side, 1), height), min(max(side, 1), width)
        need_rows, need_columns = -(-height // self.height), -(-width // self.width)
        if count < need_rows * need_columns:
            raise BadInput(
                f"{count} samples cannot cover the photo with windows of {self.width} x {self.height}. "
                f"Use at least {need_rows * need_columns} samples or fewer, larger regions."
            )
        # As many rows to columns as the windows have room up and down to left and right.
        free_rows, free_columns = height - self.height + 1, width - self.width + 1
        rows = round(np.sqrt(count * free_rows / free_columns))
        rows = int(np.clip(rows, need_rows, min(free_rows, count // need_columns)))
        columns = min(count // rows, free_columns)
        tops = np.rint(np.linspace(0, height - self.height, rows)).astype(int)
        lefts = np.rint(np.linspace(0, width - self.width, columns)).astype(int)
        corners = np.stack(np.meshgrid(tops, lefts, indexing="ij"), axis=-1).reshape(-1, 2)
        self._corners = _generator(seed, 0).permutation(corners)
        self.count = len(self._corners)

    def corner(self, index: int) -> tuple[int, int]:
        """Row and column of the top left pixel of a window."""
        top, left = self._corners[index]
        return int(top), int(left)

    def visible(self, start: int, stop: int) -> Array:
        seen = np.ones((stop - start, *self.shape), bool)
        for row, index in enumerate(range(start, stop)):
            top, left = self.corner(index)
            seen[row, top : top + self.height, left : left + self.width] = False
        return seen


class ShiftedGrids:
    """RISE's masks (Petsiuk et al. 2018, section 3.2): a coarse grid of cells, each on with probability
    ``p``, is enlarged bilinearly beyond the photo's size and cut out with a random shift.

    Two things differ from the paper. Its masks dim pixels, while here a pixel is given or hidden: each
    enlarged grid is cut at its own (1 - p) quantile, which keeps its smooth outlines and shows the share
    ``p`` of the photo every time, to what equal values allow. And the grid reaches a cell further, so that
    the flat rim of its enlargement stays out of the photo and every pixel is treated alike.

    Args:
        shape: height and width of the photo.
        cells: how many make the photo's height and its width; the paper takes 7.
    """

    def __init__(self, shape: tuple[int, int], count: int, cells: int, keep: float, seed: int) -> None:
        check_probability(keep)
        self.shape, self.count, self.keep, self.seed = shape, count, keep, seed
        self.cells = int(np.clip(cells, 2, max(2, min(shape))))
        self._cell = (-(-shape[0] // self.cells), -(-shape[1] // self.cells))

    def visible(self, start: int, stop: int) -> Array:
        return np.array([self._one(i) for i in range(start, stop)], bool).reshape(-1, *self.shape)

    def _one(self, index: int) -> Array:
        import cv2

        generator = _generator(self.seed, index)
        drawn = self.cells + 2
        on = (generator.random((drawn, drawn)) < self.keep).astype(np.float32)
        down, right = (size // 2 + int(generator.integers(0, size)) for size in self._cell)
        large = cv2.resize(on, (drawn * self._cell[1], drawn * self._cell[0]), interpolation=cv2.INTER_LINEAR)
        soft = large[down : down + self.shape[0], right : right + self.shape[1]]
        hidden = min(soft.size - 1, round((1 - self.keep) * soft.size))
        level = np.partition(soft, hidden, axis=None)[hidden]
        return soft >= level if level > 0 else soft > 0


def check_probability(keep: float) -> None:
    """Raises:
    BadInput: a share of regions that hides nothing or everything.
    """
    if not 0 < keep < 1:
        raise BadInput(
            f"The probability of keeping a region is {keep:g}; it must lie between 0 and 1. Use 0.5."
        )


def _generator(seed: int, index: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, index]))
