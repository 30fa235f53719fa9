"""What a 3D view of a pose shows and that stays while a pin is dragged, kept as pictures.

A hand moves a pin sixty times a second and bodies answer ten times: what one move costs decides how soon the
next answer is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import is_

from PySide6.QtGui import QFont, QImage, QPainter


class FanStill:
    """Draws it again only when something of it has changed."""

    def __init__(self) -> None:
        self._picture = QImage()
        self._things: tuple[object, ...] = ()
        self._values: Hashable = None

    def picture(
        self,
        backdrop: QImage,
        things: tuple[object, ...],
        values: Hashable,
        font: QFont,
        draw: Callable[[QPainter], None],
    ) -> QImage:
        """A backdrop with what ``draw`` puts over it, in device pixels.

        Args:
            backdrop: another object whenever it looks different.
            things: what ``draw`` looks at and never changes: others are told by being other objects.
            values: what else ``draw`` looks at, told by being equal or not.
        """
        things = (backdrop, *things)
        same = len(things) == len(self._things) and all(map(is_, things, self._things))
        if not same or (values, font.key()) != self._values:
            self._picture = backdrop.copy()
            painter = QPainter(self._picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(font)
            draw(painter)
            painter.end()
            self._things, self._values = things, (values, font.key())
        return self._picture
