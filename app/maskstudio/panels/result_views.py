"""How each kind of result is shown. One view per KIND, never one per engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from maskengines.contract import Candidate, ImagePatch
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from maskstudio.panels.thumbs import framing, image_thumbnail

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


_views: dict[str, ResultView] = {}


def register(view: ResultView) -> None:
    """Make a kind of result visible; a later view of the same kind replaces the earlier one."""
    _views[view.kind] = view


def view_for(kind: str) -> ResultView | None:
    """The view of a kind, or None when nothing can show it yet."""
    return _views.get(kind)


register(ImageView())
