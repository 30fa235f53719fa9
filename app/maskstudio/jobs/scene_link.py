"""The live job behind a viewport: cameras, states and questions out, frames and selections back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from maskengines.contract import Candidate
from maskengines.results.frames import SceneFrame
from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from maskengines.errors import StudioError
    from maskengines.subjects.cameras import Camera
    from maskengines.subjects.gaussians import Gaussians
    from maskengines.subjects.scene import SceneSubject

    from maskstudio.jobs.item import JobItem
    from maskstudio.jobs.service import JobService

Array = np.ndarray[Any, Any]

ENGINE = "scene-view"


class Card(Protocol):
    """What may draw instead of the worker; `draws` says whether it does, and `ready` that it begins to."""

    ready: Any

    @property
    def draws(self) -> bool: ...
    def show(self, gaussians: Gaussians | None) -> None: ...
    def tell(
        self, shown: Array, selected: Array, locked: Array, tint: tuple[float, float, float]
    ) -> None: ...
    def frame(self, camera: Camera, number: int) -> SceneFrame | None: ...


class SceneLink(QObject):
    """Keeps one `scene-view` job for the scene given last, which draws it unless the graphics card does. Of
    cameras and states the newest counts; questions go one after the other, and each is answered.

    Signals:
        frame: a `SceneFrame`.
        answered: the selection after the question asked last, ``(N,)`` bool, or None where it will stay
            without an answer.
        busy_changed: `asking` is another one.
        failed: a `StudioError`; nothing is drawn until another scene is given.
    """

    frame = Signal(object)
    answered = Signal(object)
    busy_changed = Signal()
    failed = Signal(object)

    def __init__(self, service: JobService, card: Card, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._card = card
        self._drawn_by_card = False
        card.ready.connect(self._draw_again)
        self._scene: SceneSubject | None = None
        self._item: JobItem | None = None
        self._camera: dict[str, Any] | None = None
        self._seen: Camera | None = None
        self._state: dict[str, Any] | None = None
        self._edit: dict[str, Any] = {}
        self._edit_is_news = False
        self._asked: dict[str, Any] | None = None
        self._number = 0
        service.engines_changed.connect(self._open_late)

    @property
    def by_card(self) -> bool:
        """The newest frame is the graphics card's."""
        return self._drawn_by_card

    @property
    def asking(self) -> bool:
        """A question is not answered yet."""
        return self._asked is not None

    def show(self, scene: SceneSubject | None) -> None:
        """Draw this scene from now on; one without Gaussians, or none, draws nothing."""
        self.close()
        self._scene = scene if scene is not None and scene.gaussians is not None else None
        self._card.show(None if self._scene is None else self._scene.gaussians)
        self._state = None
        self._edit, self._edit_is_news = {}, False
        self._open()

    def look(self, camera: Camera) -> int:
        """See it from here; returns the number that the frame will bear."""
        self._number += 1
        self._seen = camera
        self._camera = camera.to_record() | {"near": camera.near, "number": self._number}
        self._drawn_by_card = self._draw_by_card()
        if self._item is not None and not self._drawn_by_card:
            # With the camera, so that one frame shows both.
            edit = {"edit": self._edit} if self._edit_is_news else {}
            self._edit_is_news = False
            self._item.update(camera=self._camera, **edit)
        return self._number

    def edit(self, told: dict[str, Any]) -> None:
        """From the next `look` on, show this done to what is selected; empty for nothing. See
        `maskengines.subjects.splat_edits`."""
        self._edit, self._edit_is_news = told, True

    def tell(self, shown: Array, selected: Array, locked: Array, tint: tuple[float, float, float]) -> None:
        """Which Gaussians show, which are tinted and which stay as they are, dimmed: ``(N,)`` bool, and sRGB
        in 0..1."""
        flags = {"shown": shown, "selected": selected, "locked": locked}
        self._state = {name: flag.astype(np.uint8) for name, flag in flags.items()} | {"tint": list(tint)}
        if self._item is not None:
            self._item.update(state=self._state)
        self._card.tell(shown, selected, locked, tint)
        self._draw_again()

    def ask(self, before: Array, what: str, **more: Any) -> bool:
        """Ask for a selection; see `maskengines.scene.selecting`. False while another question waits."""
        if self.asking or self._item is None:
            return False
        self._number += 1
        self._asked = {"number": self._number, "what": what, "before": before.astype(np.uint8), **more}
        self._item.update(ask=self._asked)
        self.busy_changed.emit()
        return True

    def close(self) -> None:
        """End the job; `show` begins another."""
        self._card.show(None)
        item, self._item = self._item, None
        if item is not None:
            item.finish()
            item.cancel()
        self._end_question()

    def _open_late(self) -> None:
        if self._item is None:
            self._open()

    def _open(self) -> None:
        if self._scene is None or not self._service.ready or self._service.engine(ENGINE) is None:
            return
        item = self._item = self._service.submit(ENGINE, self._scene, {}, {})
        item.preview.connect(lambda result: self._came(item, result))
        item.candidate.connect(lambda candidate: self._answer(item, candidate))
        item.ended.connect(lambda: self._over(item))
        known = {"camera": self._camera, "state": self._state, "edit": self._edit}
        known = {name: value for name, value in known.items() if value}
        if known:
            item.update(**known)

    def _came(self, item: JobItem, result: Any) -> None:
        if item is self._item and isinstance(result, SceneFrame) and not self._drawn_by_card:
            self.frame.emit(result)

    def _draw_again(self) -> None:
        if self._drawn_by_card or self._card.draws:
            self._drawn_by_card = self._draw_by_card()

    def _draw_by_card(self) -> bool:
        """What is being edited changes with every frame, which the worker knows how to show."""
        if self._edit or self._seen is None:
            return False
        frame = self._card.frame(self._seen, self._number)
        if frame is None:
            return False
        # The viewport learns the number of its frame only when `look` has returned.
        QTimer.singleShot(0, self, lambda: self.frame.emit(frame))
        return True

    def _answer(self, item: JobItem, candidate: Candidate) -> None:
        if item is not self._item or self._asked is None:
            return
        if candidate.result["number"] == self._asked["number"]:
            self._end_question(candidate.result["selected"] > 0)

    def _over(self, item: JobItem) -> None:
        if item is not self._item:
            return
        self._item = None
        self._end_question()
        error: StudioError | None = item.error
        if item.state == "failed" and error is not None:
            self._scene = None
            self.failed.emit(error)

    def _end_question(self, answer: Array | None = None) -> None:
        if self._asked is not None:
            self._asked = None
            self.busy_changed.emit()
            self.answered.emit(answer)
