"""Worker processes by engine: started on first use, kept, replaced when they died."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from maskengines.errors import EngineFault
from maskengines.runtime.messages import Prepare
from maskengines.runtime.paths import numba_cache_folder
from maskengines.runtime.registry import RegisteredEngine
from maskengines.runtime.worker_entry import WorkerSettings
from maskengines.runtime.worker_process import WorkerGone, WorkerProcess

_THREAD_VARIABLES = (
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Share:
    """Of the machine, for one engine: how many threads it may use, and how far it stands back."""

    threads: int
    niceness: int


class WorkerPool:
    """Args:
    share: what engines may use.
    patient_share: what those may use whose ``all_cores`` is set.
    """

    def __init__(self, share: Share, patient_share: Share) -> None:
        self._share = share
        self._patient_share = patient_share
        self._lock = threading.Lock()
        self._idle: dict[str, list[WorkerProcess]] = {}
        self._busy: dict[str, list[WorkerProcess]] = {}
        self._closed = False
        # The kernel ends a worker with the thread that started it, so all are started by one thread
        # that lives as long as the pool. What that thread blocks, the workers block from birth: Ctrl+C
        # in a terminal reaches the studio alone.
        self._starter = ThreadPoolExecutor(1, "worker starter", initializer=_block_interrupts)

    @classmethod
    def interactive(cls) -> WorkerPool:
        """Leaves the right of way to a window, and a core too but for engines with ``all_cores``, which stand
        back behind what follows the hand as well."""
        return cls(Share(max(1, cores() - 1), 5), Share(cores(), 10))

    @classmethod
    def batch(cls) -> WorkerPool:
        """Takes all cores."""
        return cls(Share(cores(), 0), Share(cores(), 0))

    def acquire(self, engine: RegisteredEngine) -> WorkerProcess:
        """A worker for one job: the engine's own, or a second one if that is at work. Give it back
        with `release`.

        Raises:
            EngineFault: no process could be started.
        """
        with self._lock:
            worker = self._take_idle(engine)
        if worker is not None:
            return worker
        try:
            return self._starter.submit(self._idle_or_new, engine).result()
        except (OSError, RuntimeError) as error:
            raise EngineFault(f"{engine.info.title} could not be started: {error}.") from error

    def release(self, engine_id: str, worker: WorkerProcess) -> None:
        """Keep the worker for the next job, unless it died or the engine has one already."""
        with self._lock:
            self._busy[engine_id].remove(worker)
            idle = self._idle.setdefault(engine_id, [])
            keep = worker.alive and not worker.killed and not idle and not self._closed
            if keep:
                idle.append(worker)
        if not keep:
            worker.kill()
            worker.dispose()

    def warm_up(self, engine: RegisteredEngine) -> None:
        """Start the engine's worker, if it has none, and let it prepare. Returns at once."""

        def start() -> None:
            engine_id = engine.info.id
            with self._lock:
                known = self._busy.get(engine_id) or [w for w in self._idle.get(engine_id, []) if w.alive]
            if known or self._closed:
                return
            worker = WorkerProcess(self._settings(engine), engine.info.title)
            try:
                worker.send(Prepare())
            except WorkerGone:
                worker.dispose()
                return
            with self._lock:
                self._idle.setdefault(engine_id, []).append(worker)

        if not self._closed:
            self._starter.submit(start)

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._closed = True
            workers = [
                worker for group in (self._idle, self._busy) for some in group.values() for worker in some
            ]
            idle, self._idle = self._idle, {}
        for worker in workers:
            worker.kill()
        for some in idle.values():
            for worker in some:
                worker.join(2)
                worker.dispose()
        self._starter.shutdown(wait=False, cancel_futures=True)

    def _take_idle(self, engine: RegisteredEngine) -> WorkerProcess | None:
        idle = self._idle.get(engine.info.id, [])
        trusted = engine.trusted_hash()
        while idle:
            worker = idle.pop()
            # A plugin that changed and was trusted again must not run as it was before.
            if worker.alive and not worker.killed and worker.trusted_hash == trusted:
                self._busy.setdefault(engine.info.id, []).append(worker)
                return worker
            worker.kill()
            worker.dispose()
        return None

    def _idle_or_new(self, engine: RegisteredEngine) -> WorkerProcess:
        # Runs in the starter, where a warm-up that was asked for before has ended.
        with self._lock:
            worker = self._take_idle(engine)
        if worker is not None:
            return worker
        worker = WorkerProcess(self._settings(engine), engine.info.title)
        with self._lock:
            self._busy.setdefault(engine.info.id, []).append(worker)
            if self._closed:
                worker.kill()
        return worker

    def _settings(self, engine: RegisteredEngine) -> WorkerSettings:
        share = self._patient_share if engine.info.all_cores else self._share
        environment = dict.fromkeys(_THREAD_VARIABLES, str(share.threads))
        environment["NUMBA_CACHE_DIR"] = str(numba_cache_folder())
        # Threads that wait by spinning take the core from whoever they wait for once another process is
        # busy: a map of a classifier then cost ten times as much.
        environment["OMP_WAIT_POLICY"] = "PASSIVE"
        # TBB, which is first where it is installed, spends a tenth more when two threads run kernels at once.
        environment["NUMBA_THREADING_LAYER_PRIORITY"] = "omp tbb workqueue"
        return WorkerSettings(
            title=engine.info.title,
            parent=os.getpid(),
            flag_segment=0,
            implementation="" if engine.plugin_folder else engine.info.implementation,
            plugin=engine.plugin_folder,
            trusted_hash=engine.trusted_hash(),
            environment=environment,
            niceness=share.niceness,
        )


def _block_interrupts() -> None:
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
