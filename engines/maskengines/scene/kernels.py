"""Who may run parallel kernels."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numba

_LAYERS = ("tbb", "omp")
"""Threading layers of numba that bear several callers at once; its own, ``workqueue``, ends the process."""

_TURN = threading.Lock()


@contextmanager
def kernels() -> Iterator[None]:
    """Around parallel kernels: one caller after the other where numba does not bear two at once."""
    if bear_two():
        yield
        return
    with _TURN:
        yield


def bear_two() -> bool:
    """Whether several threads may run parallel kernels at once; not known before the first one has run."""
    try:
        return numba.threading_layer() in _LAYERS
    except ValueError:
        return False
