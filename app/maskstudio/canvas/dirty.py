"""Which rectangles of the widget are repainted together.

Under a clip of several rectangles Qt copies pixels five times slower than under one; clipped to one after
the other it does not. Each costs a call, so those that lie close together become one.
"""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRect

_Corners = tuple[int, int, int, int]
# Pixels that are copied in the time that one more rectangle takes.
_SPARE = 1 << 14
_MOST = 24


class DirtyRects:
    """Rectangles that were asked for since the last paint."""

    def __init__(self) -> None:
        self._boxes: list[_Corners] = []

    def clear(self) -> None:
        """They are painted."""
        self._boxes = []

    def add(self, fresh: Iterable[QRect]) -> list[QRect]:
        """Take in rectangles; returns those that Qt has to be told of, which may be larger."""
        told: list[_Corners] = []
        for rect in fresh:
            if not rect.isEmpty():
                x, y = rect.x(), rect.y()
                box = self._joined((x, y, x + rect.width(), y + rect.height()))
                self._boxes.append(box)
                told.append(box)
        if len(self._boxes) > _MOST:
            lefts, tops, rights, bottoms = zip(*self._boxes, strict=True)
            self._boxes = told = [(min(lefts), min(tops), max(rights), max(bottoms))]
        return [QRect(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in told]

    def rects(self) -> list[QRect]:
        """All that was asked for."""
        return [QRect(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in self._boxes]

    def _joined(self, box: _Corners) -> _Corners:
        """``box`` together with those that it is cheaper to paint with it; they are taken out."""
        for other in self._boxes:
            a0, b0, a1, b1 = box
            c0, d0, c1, d1 = other
            x0, y0 = a0 if a0 < c0 else c0, b0 if b0 < d0 else d0
            x1, y1 = a1 if a1 > c1 else c1, b1 if b1 > d1 else d1
            apart = (a1 - a0) * (b1 - b0) + (c1 - c0) * (d1 - d0)
            if (x1 - x0) * (y1 - y0) <= apart + _SPARE:
                self._boxes.remove(other)
                return self._joined((x0, y0, x1, y1))
        return box
