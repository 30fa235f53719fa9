"""Brush and eraser."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication

from maskstudio.tools.base import Editable, Point, ToolEvent
from maskstudio.tools.settings import BrushSettings
from maskstudio.tools.stroke import Stroke, Workspace


class BrushTool:
    """Paints with the left button, erases with the right one.

    Shift-click draws a straight line from where the last stroke ended.
    """

    name = "brush"

    def __init__(self, settings: BrushSettings) -> None:
        self.settings = settings
        self._space = Workspace()
        self._stroke: Stroke | None = None
        self._here: tuple[float, float] = (0.0, 0.0)
        self._last: Point | None = None
        self._last_document: weakref.ref[Any] | None = None

    @property
    def active(self) -> bool:
        return self._stroke is not None

    def cursor_diameter(self) -> float | None:
        return self.settings.size

    def outline(self) -> Sequence[Point]:
        return ()

    def erases(self, event: ToolEvent) -> bool:
        """Whether a stroke that begins with this event takes away."""
        return event.secondary

    def press(self, document: Editable, event: ToolEvent) -> None:
        erase = self.erases(event)
        label = QCoreApplication.translate("tools", "Erase" if erase else "Brush stroke")
        self._stroke = Stroke(
            document.begin_mask_edit(label),
            document.mask.data,
            self._space,
            hardness=self.settings.hardness,
            opacity=self.settings.opacity,
            erase=erase,
        )
        known = self._last_document() if self._last_document else None
        self._last_document = weakref.ref(document)
        x, y, radius = self._dab(event)
        if event.shift and known is document and self._last is not None:
            box = self._stroke.dab(*self._last, radius)
            box = box.union(self._stroke.line_to(x, y, radius))
        else:
            box = self._stroke.dab(x, y, radius)
        self._here = (x, y)
        self._stroke.edit.changed(box)

    def move(self, event: ToolEvent) -> None:
        stroke = self._going()
        if stroke is None:
            return
        x, y, radius = self._dab(event)
        if (x, y) != self._here:
            self._here = (x, y)
            box = stroke.line_to(x, y, radius)
            if not box.empty:
                stroke.edit.changed(box)

    def release(self, event: ToolEvent) -> bool:
        self.move(event)
        stroke = self._going()
        self._stroke = None
        if stroke is None:
            return False
        self._last = self._here
        stroke.close()
        return bool(stroke.edit.commit())

    def cancel(self) -> None:
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            stroke.close()
            if stroke.edit.active:
                stroke.edit.abort()

    def _going(self) -> Stroke | None:
        """The stroke, unless its document has ended it."""
        if self._stroke is not None and not self._stroke.edit.active:
            self._stroke = None
        return self._stroke

    def _dab(self, event: ToolEvent) -> tuple[float, float, float]:
        size = self.settings.size
        if self.settings.pressure_sets_size and event.pressure < 1:
            # Round steps, so that stamps are found in the cache.
            size = max(1.0, round(size * max(event.pressure, 0.02), 0 if size > 40 else 1))
        return event.x, event.y, size / 2


class EraserTool(BrushTool):
    """The brush, taking away with either button."""

    name = "eraser"

    def erases(self, event: ToolEvent) -> bool:
        return True
