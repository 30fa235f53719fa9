"""Which tool is in hand; one set of tools and brush settings for all documents."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskstudio.canvas.image_canvas import ImageCanvas
    from maskstudio.tools.base import Tool
    from maskstudio.tools.settings import BrushSettings
    from maskstudio.window.main_window import MainWindow


class ToolFlow:
    """Chooses tools for the canvas in front."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.chosen = "tool.brush"

    @cached_property
    def brush(self) -> BrushSettings:
        """Size, hardness and opacity, shared by brush and eraser."""
        from maskstudio.tools.settings import BrushSettings

        return BrushSettings(self._window)

    def chooser(self, name: str) -> Callable[[], None]:
        """What the command of a tool runs."""
        return lambda: self.choose(name)

    def checker(self, name: str) -> Callable[[], bool]:
        """Whether a tool is in hand."""
        return lambda: self.chosen == name

    def choose(self, name: str) -> None:
        """Take a tool; every canvas gets it when it comes to the front."""
        self.chosen = name
        view = self._window.view
        if view is not None and view.canvas is not None:
            self.equip(view.canvas)
        self._window.actions_changed()

    def equip(self, canvas: ImageCanvas) -> None:
        """Put the tool in hand on a canvas."""
        canvas.set_tool(self._make(canvas))

    def _make(self, canvas: ImageCanvas) -> Tool:
        raise NotImplementedError

    def smaller(self) -> None:
        """Next smaller brush."""
        self.brush.step_size(-1)

    def larger(self) -> None:
        """Next larger brush."""
        self.brush.step_size(1)

    def softer(self) -> None:
        """A softer edge."""
        self.brush.step_hardness(-1)

    def harder(self) -> None:
        """A harder edge."""
        self.brush.step_hardness(1)
