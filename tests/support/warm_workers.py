"""Workers that outlive who asked them: importing torch takes longer than most questions that tests ask."""

from __future__ import annotations

from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime


class _Staying(Runtime):
    def close(self) -> None:
        """Cancel what was asked, and keep the workers for the next one."""
        jobs = self._queue.jobs
        for job in jobs:
            job.cancel()
        for job in jobs:
            job.wait(5)

    def end(self) -> None:
        super().close()


class WarmWorkers:
    """Called in place of `Runtime` by commands and windows that run in this process, one after the other;
    the engines' workers stay for the next one. What begins or ends with a process wants a test with a
    process of its own."""

    def __init__(self) -> None:
        self._runtime: _Staying | None = None

    def __call__(self, registry: EngineRegistry, *, interactive: bool) -> Runtime:
        if self._runtime is None:
            self._runtime = _Staying(registry, interactive=interactive)
        self._runtime.registry = registry
        return self._runtime

    def close(self) -> None:
        if self._runtime is not None:
            self._runtime.end()
