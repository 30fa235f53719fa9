"""Frames of the scene in a tab, from the card while that works."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from maskengines.results.frames import SceneFrame
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians
from PySide6.QtCore import QObject, Signal

from maskstudio.jobs.background import Background
from maskstudio.window.graphics_card import Card

log = logging.getLogger(__name__)

Array = np.ndarray[Any, Any]


class CardFrames(QObject):
    """Draws what `show` was given. Whoever gets no frame asks the worker, which draws them all.

    Signals:
        ready: from now on there are frames.
    """

    ready = Signal()

    def __init__(self, card: Card, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._card = card
        self._preparing = Background(self._prepared, self)
        self._gaussians: Gaussians | None = None
        self._state: tuple[Array, Array, Array, tuple[float, float, float]] | None = None
        self._painter: Any = None

    @property
    def draws(self) -> bool:
        """There are frames."""
        return self._painter is not None

    def show(self, gaussians: Gaussians | None) -> None:
        """Draw these from now on, none of them hidden, tinted or dimmed."""
        if gaussians is self._gaussians:
            return
        self.close()
        self._gaussians = gaussians
        if gaussians is not None and len(gaussians) and self._card.graphics() is not None:
            from maskstudio.canvas.gl.texels import texels_of

            self._preparing.start(lambda: texels_of(gaussians))

    def tell(self, shown: Array, selected: Array, locked: Array, tint: tuple[float, float, float]) -> None:
        """Which of them show, which are tinted and which are dimmed: ``(N,)`` bool, and sRGB in 0..1."""
        self._state = shown, selected, locked, tint
        if self._painter is not None:
            self._tried(lambda painter: painter.show(shown, selected, locked, tint))

    def frame(self, camera: Camera, number: int) -> SceneFrame | None:
        """What `camera` sees; None where the card does not draw it."""
        if self._painter is None:
            return None
        found: SceneFrame | None = self._tried(lambda painter: painter.frame(camera, number))
        if found is not None:
            self._card.proved()
        return found

    def close(self) -> None:
        """Give the card's memory back; `show` begins anew."""
        self._preparing.forget()
        painter, self._painter = self._painter, None
        self._gaussians = self._state = None
        if painter is not None:
            painter.close()

    def _prepared(self, texels: Any) -> None:
        graphics = self._card.graphics()
        if graphics is None:
            return
        from maskstudio.canvas.gl.splat_painter import SplatPainter, TooLarge

        try:
            self._painter = SplatPainter(graphics, texels)
        except TooLarge as error:
            log.info("%s", error)
            return
        except RuntimeError as error:
            self._card.give_up(error)
            return
        if self._state is not None:
            self.tell(*self._state)
        if self._painter is not None:
            self.ready.emit()

    def _tried(self, work: Any) -> Any:
        try:
            return work(self._painter)
        except RuntimeError as error:
            self._painter = None
            self._card.give_up(error)
            return None
