"""The runtime in the window: engines by id, jobs as items, nothing that blocks the event loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from maskengines.errors import EngineFault, NotReady, StudioError
from maskengines.runtime.events import JobEvent
from PySide6.QtCore import QObject, Qt, Signal

from maskstudio.jobs.errand import Errands
from maskstudio.jobs.item import JobItem
from maskstudio.jobs.mailbox import Mailbox
from maskstudio.jobs.reasons import Standing, standing

if TYPE_CHECKING:
    from maskengines.contract import MaskArray
    from maskengines.runtime.registry import EngineRegistry, RegisteredEngine
    from maskengines.runtime.session import Runtime
    from maskengines.subjects.base import Subject

    from maskstudio.documents.document import Document
    from maskstudio.jobs.asking import Asker

KEPT_JOBS = 30
"""Ended jobs that stay in the list."""
CLOSE_SECONDS = 4.0
IMPORT_SECONDS = 0.5
"""Pause before engines that could not be imported are tried once more."""

Loaded = tuple["EngineRegistry", "Runtime"]


def load_runtime() -> Loaded:
    """Registry and runtime for a window. Imports pydantic and scans the plugin folder."""
    from maskengines.runtime.registry import EngineRegistry
    from maskengines.runtime.session import Runtime

    registry = EngineRegistry.default()
    return registry, Runtime(registry, interactive=True)


def _once_more(load: Callable[[], Any]) -> Any:
    """What ``load`` gives. Where two threads import what needs one another, one of them may be handed half
    a module; it is whole a moment later."""
    try:
        return load()
    except ImportError:
        time.sleep(IMPORT_SECONDS)
        return load()


def standings(registry: EngineRegistry) -> dict[str, Standing]:
    """How every engine stands, by id."""
    return {engine.info.id: standing(engine) for engine in registry.engines()}


class JobService(QObject):
    """Owns the registry and the runtime, which `start` makes in a thread after the first paint.

    Signals:
        engines_changed: the list of engines, or whether one is ready, may be another one. Emitted
            once after `start`, then after every `refresh_engines`.
        job_added: a `JobItem` was submitted and is worth listing (live jobs are not).
        jobs_changed: an item was added, ended or left the list.
        start_failed: a `StudioError` says why there are no engines.
    """

    engines_changed = Signal()
    job_added = Signal(object)
    jobs_changed = Signal()
    start_failed = Signal(object)
    _came = Signal(object)
    _refused = Signal(object, object)

    def __init__(self, parent: QObject | None = None, *, loader: Callable[[], Loaded] = load_runtime) -> None:
        super().__init__(parent)
        self._loader = loader
        self._loading = False
        self._closed = False
        self._registry: EngineRegistry | None = None
        self._runtime: Runtime | None = None
        self._items: dict[str, JobItem] = {}
        self._listed: list[JobItem] = []
        self.confirm_trust: Callable[[RegisteredEngine], bool] = lambda _: False
        """Asks the user whether a plugin may run; whoever has a window replaces it."""
        self._standings: dict[str, Standing] = {}
        self._askers: dict[int, Asker] = {}
        self._mailbox = Mailbox(self._deliver, self)
        self._errands = Errands()
        self._refused.connect(self._refuse, Qt.ConnectionType.QueuedConnection)
        self._came.connect(self._take, Qt.ConnectionType.QueuedConnection)

    # --- starting -------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Engines are known and jobs can be submitted."""
        return self._runtime is not None

    def start(self) -> None:
        """Begin loading in a thread; call it once the window is on screen. Calling again does nothing."""
        if not self._loading and not self._closed:
            self._loading = True
            threading.Thread(target=self._load, name="engines", daemon=True).start()

    def refresh_engines(self) -> None:
        """Look at the plugin folder again, in a thread."""
        if self._runtime is None:
            self.start()
            return
        threading.Thread(target=self._rescan, name="engines", daemon=True).start()

    def _load(self) -> None:
        self._bring(self._loader)

    def _rescan(self) -> None:
        def again() -> Any:
            from maskengines.runtime.registry import EngineRegistry

            return EngineRegistry.default(), self._runtime

        self._bring(again)

    def _bring(self, load: Callable[[], Any]) -> None:
        try:
            registry, runtime = _once_more(load)
            loaded: Any = (registry, runtime, standings(registry))
        except StudioError as error:
            loaded = error
        except Exception as error:
            loaded = EngineFault(f"The engines could not be loaded: {error}. Reinstall MaskStudio.")
        self._came.emit(loaded)

    def _take(self, loaded: Any) -> None:
        if isinstance(loaded, StudioError):
            self._loading = self._runtime is not None
            self.start_failed.emit(loaded)
            return
        registry, runtime, known = loaded
        if runtime is None:
            return
        self._registry, self._runtime, self._standings = registry, runtime, known
        runtime.registry = registry
        if self._closed:
            self._close_runtime()
            return
        self.engines_changed.emit()

    # --- engines --------------------------------------------------------------------------------

    def engines(self) -> list[RegisteredEngine]:
        """All engines in the registry's order; empty until `engines_changed`."""
        return list(self._registry.engines()) if self._registry else []

    def engine(self, engine_id: str) -> RegisteredEngine | None:
        """The engine of that id, or None when there is none (yet)."""
        return next((each for each in self.engines() if each.info.id == engine_id), None)

    def standing(self, engine: RegisteredEngine) -> Standing:
        """Whether an engine could run, as of the last `start` or `refresh_engines`."""
        return self._standings.get(engine.info.id) or standing(engine)

    def trust(self, engine: RegisteredEngine) -> None:
        """Trust a plugin as it is now.

        Raises:
            BadInput: it is gone, or its folder cannot be read.
        """
        from maskengines.runtime import plugins

        plugins.trust(engine.plugin)
        self._standings[engine.info.id] = standing(engine)
        self.engines_changed.emit()

    def warm_up(self, engine_id: str) -> None:
        """Start an engine's worker before it is needed; problems show when it is used."""
        if self._runtime is not None and not self._closed:
            self._runtime.warm_up(engine_id)

    # --- jobs -----------------------------------------------------------------------------------

    @property
    def jobs(self) -> list[JobItem]:
        """Listed jobs, the newest first."""
        return list(reversed(self._listed))

    @property
    def active_jobs(self) -> list[JobItem]:
        """Listed jobs that wait or work, the oldest first."""
        return [item for item in self._listed if item.active]

    def submit(
        self,
        engine_id: str,
        subject: Subject,
        masks: Mapping[str, MaskArray],
        params: Mapping[str, Any],
        *,
        count: int = 1,
        seed: int = 0,
    ) -> JobItem:
        """Ask an engine; returns at once. ``masks`` are copies that nobody writes to.

        A refusal (unknown engine, wrong parameter, nothing masked) ends the item as failed, after
        this call returned.
        """
        registered = self.engine(engine_id)
        title = registered.info.title if registered else engine_id
        live = bool(registered and registered.info.follows)
        item = JobItem(engine_id, title, live=live, parent=self, send=self._errands.send)
        item.ended.connect(lambda: self._forget(item))
        if not live:
            self._list(item)
        runtime = self._runtime

        def listen(event: JobEvent) -> None:
            self._items[event.job_id] = item
            self._mailbox.post(event)

        def errand() -> None:
            if runtime is None or self._closed:
                self._refused.emit(item, NotReady("The engines are still loading. Try again in a moment."))
                return
            try:
                item.attach(
                    runtime.submit(engine_id, subject, masks, params, count=count, seed=seed, listener=listen)
                )
            except StudioError as error:
                self._refused.emit(item, error)

        self._errands.send(errand)
        return item

    def asker(self, document: Document) -> Asker:
        """The one `Asker` of a document, made on first use; gone with the document."""
        from maskstudio.jobs.asking import Asker

        key = id(document)
        if key not in self._askers:
            self._askers[key] = Asker(self, document)
            document.destroyed.connect(lambda: self._askers.pop(key, None))
        return self._askers[key]

    def release(self, document: Document) -> None:
        """The document is being closed: end its jobs and its live preview."""
        asker = self._askers.pop(id(document), None)
        if asker is not None:
            asker.close()

    def close(self) -> None:
        """Cancel everything and end the workers. Returns within a few seconds, whatever they do."""
        if self._closed:
            return
        self._closed = True
        self._mailbox.close()
        self._errands.close()
        self._close_runtime()

    def _close_runtime(self) -> None:
        runtime, self._runtime = self._runtime, None
        if runtime is None:
            return
        closing = threading.Thread(target=runtime.close, name="closing", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)

    def _refuse(self, item: JobItem, error: StudioError) -> None:
        item.refuse(error)

    def _list(self, item: JobItem) -> None:
        self._listed.append(item)
        ended = [each for each in self._listed if not each.active]
        for old in ended[: max(0, len(self._listed) - KEPT_JOBS)]:
            self._listed.remove(old)
            old.deleteLater()
        self.job_added.emit(item)
        self.jobs_changed.emit()

    def _forget(self, item: JobItem) -> None:
        for job_id in [key for key, each in self._items.items() if each is item]:
            del self._items[job_id]
        if item.live:
            item.deleteLater()
        self.jobs_changed.emit()

    def _deliver(self, event: JobEvent) -> None:
        item = self._items.get(event.job_id)
        if item is not None:
            item.receive(event)
