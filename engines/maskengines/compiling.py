"""Kernels that numba compiles once for all processes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from filelock import FileLock, Timeout
from numba.core.compiler_lock import global_compiler_lock

F = TypeVar("F", bound=Callable[..., Any])
LONGEST_WAIT = 120.0
"""Seconds; whoever compiles for longer is thought to hang."""


def kernel(**options: Any) -> Callable[[F], F]:
    """``numba.njit(cache=True, nogil=True, **options)`` for kernels of several engines.

    Workers that want the same kernel at the same time, as those of a first start do, would each compile it:
    those of scenes take half a minute of a core. Here the first one does and the others find it in the
    cache. Where no file can be locked each compiles its own.
    """

    def compiled(function: F) -> F:
        dispatcher = numba.njit(cache=True, nogil=True, **options)(function)
        folder = Path(dispatcher.stats.cache_path)
        lock = FileLock(folder / f"{function.__module__}.{function.__qualname__}.lock", thread_local=False)
        alone = dispatcher.compile

        def in_turn(signature: Any) -> Any:
            # Numba's own lock comes first: were it second, two processes that compile kernels which call
            # each other's could wait for one another.
            with global_compiler_lock, ExitStack() as held:
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                    held.enter_context(lock.acquire(LONGEST_WAIT))
                except (OSError, NotImplementedError, Timeout):
                    pass
                return alone(signature)

        dispatcher.compile = in_turn
        return cast(F, dispatcher)

    return compiled
