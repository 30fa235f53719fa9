"""What a tool is: pointer events in image coordinates in, one undoable mask edit out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from maskengines.contract import Box
from PySide6.QtCore import Qt

Point = tuple[float, float]


@dataclass(frozen=True)
class ToolEvent:
    """A pointer at ``(x, y)`` in image coordinates (pixel ``i`` covers ``i .. i+1``).

    ``pressure`` is 0..1, and 1 for a mouse. ``pixel`` is how many image pixels a logical pixel of the screen
    shows, for what is to be hit at any zoom.
    """

    x: float
    y: float
    button: Qt.MouseButton = Qt.MouseButton.LeftButton
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    pressure: float = 1.0
    pixel: float = 1.0

    @property
    def shift(self) -> bool:
        return bool(self.modifiers & Qt.KeyboardModifier.ShiftModifier)

    @property
    def alt(self) -> bool:
        return bool(self.modifiers & Qt.KeyboardModifier.AltModifier)

    @property
    def secondary(self) -> bool:
        """Drawn with the right button: takes away instead of adding."""
        return self.button == Qt.MouseButton.RightButton


class MaskEdit(Protocol):
    """A change of the mask in the making; documents give these out."""

    @property
    def active(self) -> bool: ...

    def touch(self, box: Box) -> None: ...

    def changed(self, box: Box) -> None: ...

    def commit(self) -> bool: ...

    def abort(self) -> None: ...


class Editable(Protocol):
    """The part of a document that a tool uses."""

    @property
    def mask(self) -> Any: ...

    def begin_mask_edit(self, label: str) -> Any: ...


class Tool(Protocol):
    """The canvas calls ``press``, then ``move`` any number of times, then ``release`` or ``cancel``."""

    name: str

    @property
    def active(self) -> bool:
        """Between a press and its release."""

    def cursor_diameter(self) -> float | None:
        """Size in image pixels of the round outline to show, or ``None`` for a cross."""

    def outline(self) -> Sequence[Point]:
        """Corners, in image coordinates, of the closed shape being drawn; empty for none."""

    def press(self, document: Editable, event: ToolEvent) -> None: ...

    def move(self, event: ToolEvent) -> None: ...

    def release(self, event: ToolEvent) -> bool:
        """End the action; whether the mask has changed."""

    def cancel(self) -> None:
        """End the action and put back what it changed."""


@runtime_checkable
class HoverTool(Tool, Protocol):
    """A tool that also answers while no button is down."""

    def hover(self, document: Any, event: ToolEvent | None) -> Qt.CursorShape | None:
        """The pointer is here, or has left (``None``); the cursor to show, or ``None`` for the tool's own."""

    def wheel(self, document: Any, event: ToolEvent, steps: float) -> bool:
        """The wheel was turned by so many notches, up is positive; ``False`` leaves it to the view."""

    def deletes(self) -> bool:
        """Whether the Delete key is the tool's now, and not the window's."""

    def delete(self, document: Any) -> bool:
        """Delete was pressed; whether anything has changed."""
