"""All that lies over one picture: several decorations, each a picture of its own, so that one that changes
often does not have the others drawn again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter

from maskstudio.canvas.decoration_layer import Decoration, DecorationLayer, ToWidget


@dataclass(eq=False)
class _Over:
    decoration: Decoration
    soon: Callable[[], None]
    layer: DecorationLayer = field(default_factory=DecorationLayer)
    stale: bool = True

    def changed(self) -> None:
        self.stale = True
        self.soon()


class DecorationsOver:
    """Decorations from the bottom up; ``soon`` is called when one of them has changed."""

    def __init__(self, soon: Callable[[], None]) -> None:
        self._soon = soon
        self._all: list[_Over] = []

    def set(self, decorations: Sequence[Decoration], size: QSize, ratio: float) -> list[QRect]:
        """These from now on, drawn by the next `draw`; returns the logical rectangles that the ones before
        leave free."""
        left = self.hide(size, ratio)
        for over in self._all:
            over.decoration.changed.disconnect(over.changed)
        self._all = [_Over(decoration, self._soon) for decoration in decorations]
        for over in self._all:
            over.decoration.changed.connect(over.changed)
        return left

    def move(self) -> None:
        """The picture is shown elsewhere: the next `draw` draws all."""
        for over in self._all:
            over.stale = True

    def draw(self, to_widget: ToWidget, scale: float, size: QSize, ratio: float) -> list[QRect]:
        """Draw what has changed since the last time; returns the logical rectangles to repaint."""
        rects = []
        for over in self._all:
            if over.stale:
                over.stale = False
                rects += over.layer.show(over.decoration.marks(to_widget, scale), size, ratio)
        return rects

    def hide(self, size: QSize, ratio: float) -> list[QRect]:
        """Show none of them until `move`; returns the logical rectangles to repaint."""
        return [rect for over in self._all for rect in over.layer.show((), size, ratio)]

    def paint(self, painter: QPainter, part: QRect) -> None:
        """Lay a logical part of them over what is there."""
        for over in self._all:
            over.layer.paint(painter, part)
