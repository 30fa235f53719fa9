"""What follows the hand: one live job per document, fed with what changes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from maskengines.contract import Box, Candidate, EngineInfo, ImagePatch
from maskengines.errors import BadInput
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from maskstudio.jobs.feeds import INTERVAL_MS, feed_of
from maskstudio.jobs.item import JobItem

if TYPE_CHECKING:
    from maskengines.errors import StudioError
    from maskengines.runtime.registry import RegisteredEngine

    from maskstudio.documents.document import Document
    from maskstudio.jobs.service import JobService

LIVE_ENGINE = "live-fill"
WARM_UP_MS = 900
"""Pause before the worker is started ahead of the first stroke, so that the picture is on screen first."""
LIVE_HYPOTHESES = 20
"""Few enough to follow a hand, enough to show a spread."""


class LivePreview(QObject):
    """Asks one live engine about one document while the user paints. One that needs a mask starts with the
    first stroke once enabled; one that does not starts at once. It ends with the picture it was started
    for.

    Signals:
        patch: an `ImagePatch` to show in place, or None when there is nothing to show.
        readout: a `Candidate` of another kind to show beside the picture, or None.
        failed: a `StudioError`; nothing follows the brush until `set_enabled`, another picture or a look at
            the engines.
    """

    patch = Signal(object)
    readout = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        service: JobService,
        document: Document,
        parent: QObject | None = None,
        *,
        engine_id: str = LIVE_ENGINE,
    ) -> None:
        super().__init__(parent)
        self._service = service
        self._document = document
        self._engine_id = engine_id
        self._params: dict[str, Any] = {}
        self._enabled = False
        self._broken = False
        self._item: JobItem | None = None
        self.newest: Candidate | None = None
        """The last answer that is no picture, while it holds."""
        self._sent_at = 0.0
        self._feed = feed_of(document)
        self._feed.listen(self._changed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._send)
        self._warm = QTimer(self)
        self._warm.setSingleShot(True)
        self._warm.setInterval(WARM_UP_MS)
        self._warm.timeout.connect(self._warm_up)
        service.engines_changed.connect(self._look_again)
        document.image_changed.connect(self._image_changed)

    def ask_towards(self, engine: RegisteredEngine, values: Mapping[str, Any]) -> None:
        """Answer towards ``engine``, whose parameters are ``values``, as far as the live engine beside it
        knows them. A running job takes new parameters over; another engine starts anew."""
        info = engine.info
        engine_id = info.live_companion or (LIVE_ENGINE if fills_pictures(info) else "")
        companion = self._service.engine(engine_id) if engine_id else None
        params = known_params(companion.info if companion is not None else None, values)
        if engine_id == self._engine_id:
            if params != self._params:
                self._params = params
                if self._broken:
                    self._broken = False
                    self._start_unasked()
                elif self._item is not None:
                    self._item.update(params=self._all_params)
            return
        self.stop()
        self._engine_id, self._params, self._broken = engine_id, params, False
        self._warm_soon()

    @property
    def enabled(self) -> bool:
        return self._enabled

    @property
    def running(self) -> bool:
        """A live job is open."""
        return self._item is not None

    @property
    def possible(self) -> bool:
        """There is a live engine to ask."""
        return bool(self._engine_id)

    def set_enabled(self, enabled: bool) -> None:
        """Follow the brush from the next stroke on, or stop and take the preview away."""
        self._enabled = enabled
        self._broken = False
        if enabled:
            self._warm_soon()
        else:
            self._warm.stop()
            self.stop()

    def begin(self) -> None:
        """Show the preview of the mask as it is, without waiting for a stroke."""
        self._changed()

    def stop(self) -> None:
        """Close the job and show nothing; the next stroke starts again if still enabled."""
        self._timer.stop()
        self._feed.forget()
        item, self._item = self._item, None
        if item is not None:
            item.finish()
            item.cancel()
        self._show_nothing()

    def give_way(self) -> None:
        """Another job begins that shows what it is at in place; what shows elsewhere may stay."""
        if self.fills:
            self.stop()

    @property
    def fills(self) -> bool:
        """The live engine answers with pictures."""
        engine = self._service.engine(self._engine_id)
        return engine is None or "image" in engine.info.result_kinds

    @property
    def _all_params(self) -> dict[str, Any]:
        engine = self._service.engine(self._engine_id)
        info = engine.info if engine is not None else None
        return self._params | known_params(info, self._document.params())

    @property
    def _needs_mask(self) -> bool:
        engine = self._service.engine(self._engine_id)
        return engine is None or engine.info.needs_mask

    def _show_nothing(self) -> None:
        self.newest = None
        self.patch.emit(None)
        self.readout.emit(None)

    def _start_unasked(self) -> None:
        if self._enabled and not self._broken and self._item is None and not self._needs_mask:
            self._send()

    def _look_again(self) -> None:
        """The engine that was missing, or not trusted, may be there now."""
        self._broken = False
        self._warm_soon()

    def _warm_soon(self) -> None:
        if self._enabled and self._item is None:
            self._warm.start()

    def _warm_up(self) -> None:
        if self._service.engine(self._engine_id) is not None:
            self._service.warm_up(self._engine_id)
            self._start_unasked()

    def _changed(self) -> None:
        if not self._enabled or self._broken or self._timer.isActive():
            return
        wait = self._feed.wait_ms(round(1000 * (time.monotonic() - self._sent_at)))
        if wait > 0:
            self._timer.start(wait)
        else:
            # Even a timer of nothing comes after what is to be painted by then.
            self._send()

    def _image_changed(self, _: Box) -> None:
        self._broken = False
        self.stop()
        self._warm_soon()

    def _send(self) -> None:
        mask = self._document.mask
        self._sent_at = time.monotonic()
        if self._needs_mask and not mask.editing and mask.selected_count == 0:
            self.stop()
        elif self._item is None:
            self._open()
        else:
            self._feed.send(self._item)

    def _open(self) -> None:
        if not self._service.ready:
            return
        engine = self._service.engine(self._engine_id)
        if engine is None:
            self._broken = True
            self.failed.emit(
                BadInput(
                    f"There is no engine '{self._engine_id}' to follow the brush. Put its plugin into the "
                    "plugin folder, or name another one as 'live_companion'."
                )
            )
            return
        self._feed.forget()
        count = LIVE_HYPOTHESES if "hypotheses" in engine.info.result_kinds else 1
        item = self._service.submit(
            self._engine_id, *self._document.question(), self._all_params, count=count
        )  # fmt: skip
        self._item = item
        item.preview.connect(lambda result: self._came(item, result))
        item.candidate.connect(lambda candidate: self._came(item, candidate))
        item.ended.connect(lambda: self._over(item))

    def _came(self, item: JobItem, result: Any) -> None:
        if item is not self._item:
            return
        if isinstance(result, Candidate) and result.kind != "image":
            self.newest = result
            self.readout.emit(result)
            return
        if isinstance(result, Candidate):
            result = result.result
        if isinstance(result, ImagePatch):
            self.patch.emit(result)

    def _over(self, item: JobItem) -> None:
        if item is not self._item:
            return
        self._item = None
        self._show_nothing()
        error: StudioError | None = item.error
        if item.state == "failed" and error is not None:
            self._broken = True
            self.failed.emit(error)


def fills_pictures(info: EngineInfo) -> bool:
    """Whether an engine answers about pictures with pictures."""
    return "image" in info.result_kinds and "image" in info.subject_kinds


def known_params(info: EngineInfo | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that an engine knows by name."""
    fields = info.params.model_fields if info is not None else {}
    return {name: value for name, value in values.items() if name in fields}
