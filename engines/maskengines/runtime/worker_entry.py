"""Where a worker process begins. Nothing numeric is loaded before its environment is set."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskengines.contract import Engine, EngineInfo

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker is told when it starts.

    Attributes:
        implementation: ``"package.module:Class"`` of an installed engine, whose class carries ``info``.
        plugin: folder of the plugin instead, with the content hash that the user trusted.
        environment: set before anything else is imported.
        niceness: added to the process's own, so that a window stays smooth.
    """

    title: str
    parent: int
    flag_segment: int
    implementation: str = ""
    plugin: Path | None = None
    trusted_hash: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    niceness: int = 0


def main(settings: WorkerSettings, connection: Connection, log: Connection) -> None:
    """Run a worker until the studio tells it to quit, or is gone."""
    _die_with(settings.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log_handle = os.dup(log.fileno())
    log.close()
    restore_output = _output_into(log_handle)
    restore_output()
    os.environ.update(settings.environment)
    _be_modest(settings.niceness)

    import faulthandler

    faulthandler.enable()

    from maskengines.runtime.link import Link
    from maskengines.runtime.messages import Ended
    from maskengines.runtime.worker import Worker
    from maskengines.runtime.worker_context import as_studio_error

    link = Link(connection)
    try:
        info, load = _engine(settings)
    except BaseException as error:
        import traceback

        traceback.print_exc()
        told = as_studio_error(error, settings.title)
        link.send(Ended(job=-1, kind=told.kind, message=told.message))
        return
    Worker(link, info, load, settings.flag_segment, restore_output).serve()


def _engine(settings: WorkerSettings) -> tuple[EngineInfo, Callable[[], Engine]]:
    from maskengines.runtime import loading

    if settings.plugin is None:
        import importlib

        from maskengines.errors import EngineFault

        module_name, _, class_name = settings.implementation.partition(":")
        try:
            cls = getattr(importlib.import_module(module_name), class_name, None)
        except ModuleNotFoundError as error:
            raise loading.missing_package(settings.title, error) from error
        info = getattr(cls, "info", None)
        if info is None:
            raise EngineFault(f"{settings.title} cannot be loaded: {settings.implementation} has no 'info'.")
        return info, lambda: loading.load_engine(info)

    from maskengines.runtime.manifest import read_manifest
    from maskengines.runtime.trust import require_hash

    folder = settings.plugin
    info = read_manifest(folder)

    def load() -> Engine:
        require_hash(folder, settings.trusted_hash)
        return loading.load_plugin_engine(info, folder)

    return info, load


def _die_with(parent: int) -> None:
    """Ask the kernel to end this process with the thread that started it (prctl(2)); the receiver's end
    of file does the same elsewhere."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)


def _output_into(handle: int) -> Callable[[], None]:
    """A function that points file descriptors 1 and 2, and Python's streams, at ``handle``."""

    def restore() -> None:
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        for name, number in (("stdout", 1), ("stderr", 2)):
            stream = getattr(sys, name)
            if stream is None or stream.closed or stream.fileno() != number:
                fresh = open(number, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
                setattr(sys, name, fresh)

    return restore


def _be_modest(niceness: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        os.nice(niceness)
        if niceness and hasattr(os, "SCHED_BATCH"):
            # It never preempts: a window that wakes up goes first at once.
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    # When memory runs out the kernel should end an engine, not the window with the user's work.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
