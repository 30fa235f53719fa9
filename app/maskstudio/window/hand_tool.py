"""The tool that moves the view instead of the mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskstudio.canvas.image_canvas import ImageCanvas
    from maskstudio.tools.base import Editable, Point, ToolEvent


class HandTool:
    """Keeps the image point that was pressed under the pointer."""

    name = "hand"

    def __init__(self) -> None:
        self.canvas: ImageCanvas | None = None
        self._held: Point | None = None

    @property
    def active(self) -> bool:
        return self._held is not None

    def cursor_diameter(self) -> float | None:
        return None

    def outline(self) -> Sequence[Point]:
        return ()

    def press(self, document: Editable, event: ToolEvent) -> None:
        self._held = (event.x, event.y)

    def move(self, event: ToolEvent) -> None:
        if self._held is not None and self.canvas is not None:
            self.canvas.pan(self.canvas.to_widget(event.x, event.y) - self.canvas.to_widget(*self._held))

    def release(self, event: ToolEvent) -> bool:
        self.move(event)
        self._held = None
        return False

    def cancel(self) -> None:
        self._held = None
