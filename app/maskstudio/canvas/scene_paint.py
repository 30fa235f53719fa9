"""Paint over a viewport: one stroke at a time, which becomes a question and not a mask that stays."""

from __future__ import annotations

from collections.abc import Callable

from maskengines.contract import Box, MaskArray
from maskengines.masks.mask import Mask
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter, qRgba


class ViewPaint:
    """What tools paint on: as large as the viewport in logical pixels, and empty before each stroke.

    Args:
        changed: a box was written.
        done: a stroke ended; gets a copy of what it painted.
    """

    def __init__(self, changed: Callable[[Box], None], done: Callable[[MaskArray], None]) -> None:
        self.mask = Mask((1, 1))
        self._changed = changed
        self._done = done
        self._edit: PaintEdit | None = None
        self._colours = _table(QColor("red"), 0.5)
        self._waiting: MaskArray | None = None

    def resize(self, width: int, height: int) -> None:
        """Another viewport; a stroke that is being made ends without effect."""
        if self.mask.shape != (height, width):
            self.drop()
            self.mask = Mask((max(1, height), max(1, width)))
            self._waiting = None

    def begin_mask_edit(self, _: str) -> PaintEdit:
        """As documents do it for tools."""
        self.drop()
        self._edit = PaintEdit(self.mask, self._changed, self._finish)
        return self._edit

    def drop(self) -> None:
        """End an open stroke without effect."""
        if self._edit is not None and self._edit.active:
            self._edit.abort()
        self._edit = None

    def _finish(self, painted: MaskArray) -> None:
        self._waiting = painted
        self._done(painted)

    # --- showing --------------------------------------------------------------------------------

    def set_tint(self, colour: QColor, opacity: float) -> None:
        """Colour of paint, and its opacity in 0..1."""
        self._colours = _table(colour, opacity)

    def answered(self) -> None:
        """What was painted last is answered and need not show any more."""
        self._waiting = None

    def paint(self, painter: QPainter, part: QRect) -> None:
        """Draw the stroke, or the last one while it waits for its answer."""
        painting = self._edit is not None and self._edit.active
        shown = self.mask.data if painting else self._waiting
        if shown is None:
            return
        height, width = shown.shape
        image = QImage(shown.data, width, height, shown.strides[0], QImage.Format.Format_Indexed8)
        image.setColorTable(self._colours)
        part = part & QRect(0, 0, width, height)
        painter.drawImage(part, image, part)


class PaintEdit:
    """`maskstudio.tools.base.MaskEdit` over a viewport."""

    def __init__(self, mask: Mask, changed: Callable[[Box], None], done: Callable[[MaskArray], None]) -> None:
        self._mask = mask
        self._edit = mask.edit()
        self._changed = changed
        self._done = done

    @property
    def active(self) -> bool:
        return self._edit.open

    def touch(self, box: Box) -> None:
        self._edit.touch(box)

    def changed(self, box: Box) -> None:
        self._changed(box)

    def commit(self) -> bool:
        """End the stroke; whether anything was painted."""
        delta = self._edit.commit()
        painted = self._mask.snapshot()
        self._mask.clear()
        if delta is None:
            return False
        self._done(painted)
        self._changed(delta.box)
        return True

    def abort(self) -> None:
        if self.active:
            self._changed(self._edit.abort())


def _table(colour: QColor, opacity: float) -> list[int]:
    red, green, blue = colour.red(), colour.green(), colour.blue()
    return [qRgba(red, green, blue, round(opacity * value)) for value in range(256)]
