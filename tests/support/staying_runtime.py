"""A window's workers that outlive the window: starting them takes longer than what most tests ask of them."""

from __future__ import annotations

from typing import Any

from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime


class _Staying(Runtime):
    def close(self) -> None:
        """Cancel what the window asked, and keep the workers for the next one."""
        jobs = self._queue.jobs
        for job in jobs:
            job.cancel()
        for job in jobs:
            job.wait(5)

    def end(self) -> None:
        super().close()


class StayingRuntime:
    """Called in place of `Runtime` by windows of one module; close it after the last. What begins or ends
    with a window's workers wants a test with a runtime of its own."""

    def __init__(self) -> None:
        self._runtime: _Staying | None = None

    def __call__(self, registry: EngineRegistry, **options: Any) -> Runtime:
        if self._runtime is None:
            self._runtime = _Staying(registry, **options)
        self._runtime.registry = registry
        return self._runtime

    def close(self) -> None:
        if self._runtime is not None:
            self._runtime.end()
