"""Two things at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba
import torch

from maskengines.scene.kernels import bear_two

_One = TypeVar("_One")
_Two = TypeVar("_Two")


class Pair:
    """Runs two things at once, each on half of the threads that kernels and torch may use; one after the
    other where there is one thread, or where kernels bear one caller only."""

    def __init__(self) -> None:
        self._half = numba.get_num_threads() // 2
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="pair")
        if self._half:
            # Now, as torch also notes the number for threads that come later.
            before = torch.get_num_threads()
            self._pool.submit(self._settle).result()
            torch.set_num_threads(before)

    def __call__(self, one: Callable[[], _One], two: Callable[[], _Two]) -> tuple[_One, _Two]:
        """What both return; raises what one of them raised, when both have ended."""
        if not self._half or not bear_two():
            return one(), two()
        before = numba.get_num_threads(), torch.get_num_threads()
        other = self._pool.submit(two)
        self._settle()
        try:
            found = one()
        finally:
            numba.set_num_threads(before[0])
            torch.set_num_threads(before[1])
            other.exception()
        return found, other.result()

    def _settle(self) -> None:
        numba.set_num_threads(self._half)
        # A thread that has not asked yet takes the number from whoever set it last, when it asks.
        torch.get_num_threads()
        torch.set_num_threads(self._half)
