"""Paints a cell of the gallery: the picture, its number, a caption, the frame of the picked one."""

from __future__ import annotations

from collections.abc import Callable

from maskengines.contract import Candidate
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPixmap, QPixmapCache
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from maskstudio.panels.gallery_model import CANDIDATE_ROLE, OPACITY_ROLE, PART_ROLE, GalleryModel, Index
from maskstudio.panels.parts import Part
from maskstudio.panels.style import RADIUS, STEP, tone
from maskstudio.panels.words import seconds

CAPTION = 20
"""Height of the line below a picture."""


class GalleryDelegate(QStyledItemDelegate):
    """Paints a cell."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view = option.widget
        return view.gridSize() if isinstance(view, QListView) else super().sizeHint(option, index)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, GalleryModel)
        cell: QRect = option.rect.adjusted(STEP // 2, STEP // 2, -STEP // 2, -STEP // 2)
        state: QStyle.StateFlag = option.state
        picture = QRect(cell.topLeft(), QSize(cell.width(), cell.height() - CAPTION))
        candidate: Candidate | None = index.data(CANDIDATE_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if candidate is None:
            self._paint_empty(painter, picture, model, index.row())
        else:
            painter.setOpacity(index.data(OPACITY_ROLE))
            image = model.thumbnail(index.row())
            card = self._card(painter, cell.size(), image, index.row() + 1, candidate, index.data(PART_ROLE))
            painter.drawPixmap(cell.topLeft(), card)
            self._paint_frame(painter, picture, state)
        painter.restore()

    def _paint_empty(self, painter: QPainter, picture: QRect, model: GalleryModel, row: int) -> None:
        painter.drawPixmap(
            picture.topLeft(), _empty_frame(picture.size(), painter.device().devicePixelRatio())
        )
        if row == len(model.rows) and model.progress is not None:
            painter.setPen(tone("second"))
            painter.drawText(picture, Qt.AlignmentFlag.AlignCenter, model.progress)

    def _card(  # noqa: PLR0917 - all that shows in a cell
        self,
        painter: QPainter,
        size: QSize,
        image: QImage | None,
        number: int,
        candidate: Candidate,
        part: Part,
    ) -> QPixmap:
        """Picture, number and caption of a candidate. They take a millisecond to draw, and one that fades in
        is painted ten times, so they are drawn once."""
        look = tone("raised").name(), tone("second").name(), painter.font().key()
        words = part.caption, candidate.label, candidate.score, candidate.seed, candidate.seconds
        picture = QRect(0, 0, size.width(), size.height() - CAPTION)

        def draw(inner: QPainter) -> None:
            inner.setFont(painter.font())
            inner.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            self._paint_picture(inner, picture, image)
            self._paint_number(inner, picture, str(number))
            self._paint_caption(inner, QRect(QPoint(0, 0), size), candidate, part)

        key = f"card {image and image.cacheKey()} {number} {look} {words}"
        return _kept(key, size, painter.device().devicePixelRatio(), draw)

    def _paint_picture(self, painter: QPainter, picture: QRect, image: QImage | None) -> None:
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(picture), RADIUS, RADIUS)
        painter.fillPath(outline, tone("raised"))
        if image is None or image.isNull():
            painter.setPen(tone("second"))
            painter.drawText(picture, Qt.AlignmentFlag.AlignCenter, "No picture")
            return
        scale = max(picture.width() / image.width(), picture.height() / image.height())
        size = QSize(round(picture.width() / scale), round(picture.height() / scale))
        corner = QPoint((image.width() - size.width()) // 2, (image.height() - size.height()) // 2)
        painter.save()
        painter.setClipPath(outline)
        painter.drawImage(picture, image, QRect(corner, size))
        painter.restore()

    def _paint_number(self, painter: QPainter, picture: QRect, text: str) -> None:
        badge = QRectF(picture.x() + 6, picture.y() + 6, 10 + 8 * len(text), 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(badge, 5, 5)
        font = QFont(painter.font())
        font.setPixelSize(11)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_caption(self, painter: QPainter, cell: QRect, candidate: Candidate, part: Part) -> None:
        line = QRect(cell.x() + 2, cell.bottom() - CAPTION + 1, cell.width() - 4, CAPTION)
        font = QFont(painter.font())
        font.setPixelSize(11)
        font.setWeight(QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(tone("second"))
        if part.caption:
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, part.caption)
            return
        took = seconds(candidate.seconds) if candidate.seconds else ""
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, took)
        left = candidate.label or (f"score {candidate.score:.3g}" if candidate.score is not None else "")
        room = line.width() - painter.fontMetrics().horizontalAdvance(took) - 6
        left = painter.fontMetrics().elidedText(
            left or f"seed {candidate.seed}", Qt.TextElideMode.ElideRight, room
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, left)

    def _paint_frame(self, painter: QPainter, picture: QRect, state: QStyle.StateFlag) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(tone("accent"), 2))
            painter.drawRoundedRect(QRectF(picture).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(tone("second"), 1))
            painter.drawRoundedRect(QRectF(picture).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)


def _empty_frame(size: QSize, ratio: float) -> QPixmap:
    """Where a candidate will be. Its dashes take a millisecond to draw, and the first of these frames is
    painted with each step of a job, so it is drawn once."""
    line, ground = tone("line"), tone("window")

    def draw(painter: QPainter) -> None:
        painter.setPen(QPen(line, 1, Qt.PenStyle.DashLine))
        painter.setBrush(ground)
        painter.drawRoundedRect(
            QRectF(QPointF(0.5, 0.5), QSizeF(size.width() - 1, size.height() - 1)), RADIUS, RADIUS
        )

    return _kept(f"empty {line.name()} {ground.name()}", size, ratio, draw)


def _kept(key: str, size: QSize, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap:
    """What ``draw`` paints on nothing, kept for when it is asked for again by the same key and size."""
    key = f"{key} {size.width()} {size.height()} {ratio}"
    kept = QPixmap()
    if QPixmapCache.find(key, kept):
        return kept
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw(painter)
    painter.end()
    QPixmapCache.insert(key, pixmap)
    return pixmap
