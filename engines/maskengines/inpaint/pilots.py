"""Guesses that no seed changes: what to expect of a fill, grown once for all candidates of a request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
NUMBER = 6
PAUSE = 0.02


class Pilots:
    """The textures of one region's pilots, shared by the threads that work on its candidates.

    Whoever asks grows those that nobody has begun and waits for the others, so that one thread alone and
    several together get the same.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open = list(range(NUMBER))
        self._told: dict[int, Array] = {}

    @property
    def ready(self) -> int:
        """How many are grown."""
        return len(self._told)

    def textures(self, grow: Callable[[int], Array], tick: Callable[[], None]) -> list[Array]:
        """The texture (as `likeness.Likeness.of`) of every pilot, in the order of their numbers.

        Args:
            grow: a pilot's number to its texture; must depend on nothing but that.
            tick: called while others are at work on the last ones; raises `Cancelled` to stop.
        """
        while True:
            with self._changed:
                if len(self._told) == NUMBER:
                    return [self._told[number] for number in range(NUMBER)]
                if not self._open:
                    self._changed.wait(PAUSE)
                number = self._open.pop(0) if self._open else None
            if number is None:
                tick()
            else:
                self._grow(number, grow)

    def _grow(self, number: int, grow: Callable[[int], Array]) -> None:
        try:
            told = grow(number)
        except BaseException:
            # Whoever waits for it has to grow it.
            with self._changed:
                self._open.append(number)
            raise
        with self._changed:
            self._told[number] = told
            self._changed.notify_all()
