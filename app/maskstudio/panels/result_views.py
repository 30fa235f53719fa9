"""How each kind of result is shown. One view per KIND, never one per engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from maskengines.contract import Candidate, ImagePatch
from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication, QImage

from maskstudio.panels.thumbs import framing, image_thumbnail, map_thumbnail

if TYPE_CHECKING:
    from maskstudio.documents.document import Document


class ResultView(Protocol):
    """What the gallery and the canvas need to know of a kind of result."""

    kind: str

    def thumbnail(self, candidate: Candidate, document: Document, size: QSize) -> QImage:
        """A picture that fits ``size`` (device pixels); quick, it is made in the event loop."""

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        """What the image canvas lays over the picture, or None when this kind shows elsewhere."""


class ImageView:
    """Results that are pixels."""

    kind = "image"

    def thumbnail(self, candidate: Candidate, document: Document, size: QSize) -> QImage:
        patch = candidate.result
        subject = document.subject
        frame = framing(patch.box, subject.width, subject.height, size.width() / max(1, size.height()))
        longest = max(size.width(), size.height())
        return image_thumbnail(subject.pixels, patch, frame, longest)

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        result = candidate.result
        return result if isinstance(result, ImagePatch) else None


class MapView:
    """Numbers over the picture."""

    kind = "map"

    def thumbnail(self, candidate: Candidate, document: Document, size: QSize) -> QImage:
        return map_thumbnail(candidate, document, max(size.width(), size.height()))

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        return None


class TableView:
    """Rows of numbers."""

    kind = "table"

    def thumbnail(self, candidate: Candidate, document: Document, size: QSize) -> QImage:
        from maskengines.results.tables import TableResult

        from maskstudio.panels.table_card import table_picture

        return table_picture(TableResult.read(candidate.result), size, QGuiApplication.font())

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        return None


_views: dict[str, ResultView] = {}


def register(view: ResultView) -> None:
    """Make a kind of result visible; a later view of the same kind replaces the earlier one."""
    _views[view.kind] = view


def view_for(kind: str) -> ResultView | None:
    """The view of a kind, or None when nothing can show it yet."""
    return _views.get(kind)


for _view in (ImageView(), MapView(), TableView()):
    register(_view)
