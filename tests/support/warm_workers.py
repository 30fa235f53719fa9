"""Workers that outlive a command: importing torch takes longer than most questions that tests ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime


class WarmWorkers:
    """Called in place of `Runtime` by commands that run in this process; the engines' workers stay for the
    next one. What begins or ends with a process wants a test with a process of its own."""

    def __init__(self) -> None:
        self._runtime: Runtime | None = None

    @contextmanager
    def __call__(self, registry: EngineRegistry, *, interactive: bool) -> Iterator[Runtime]:
        if self._runtime is None:
            self._runtime = Runtime(registry, interactive=interactive)
        self._runtime.registry = registry
        yield self._runtime

    def close(self) -> None:
        if self._runtime is not None:
            self._runtime.close()
