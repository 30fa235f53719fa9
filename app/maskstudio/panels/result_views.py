"""How each kind of result is shown. One view per KIND, never one per engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from maskengines.contract import Box, Candidate, ImagePatch
from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication, QImage

from maskstudio.panels.hypotheses_view import HypothesesView
from maskstudio.panels.joints_view import JointsView
from maskstudio.panels.parts import WHOLE, Part
from maskstudio.panels.scene_result import SceneResultView
from maskstudio.panels.thumbs import framing, image_thumbnail, map_thumbnail

if TYPE_CHECKING:
    from maskstudio.documents.document import Document


class ResultView(Protocol):
    """What the gallery and the canvas need to know of a kind of result.

    Attributes:
        columns: how many pictures stand side by side.
        aspect: width of a picture over its height.
    """

    kind: str
    columns: int
    aspect: float

    def parts(self, candidate: Candidate) -> Sequence[Part]:
        """What of an answer has a cell of its own, at least one; quick."""

    def thumbnail(self, candidate: Candidate, part: Part, document: Document, size: QSize) -> QImage:
        """A picture of a part that fits ``size`` (device pixels); quick, it is made in the event loop."""

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        """What the image canvas lays over the picture, or None when this kind shows elsewhere."""


class WholeView:
    """What most kinds have in common: an answer is one thing."""

    columns = 2
    aspect = 4 / 3

    def parts(self, candidate: Candidate) -> Sequence[Part]:
        return (WHOLE,)


class ImageView(WholeView):
    """Results that are pixels."""

    kind = "image"

    def thumbnail(self, candidate: Candidate, part: Part, document: Document, size: QSize) -> QImage:
        patch = candidate.result
        subject = document.subject
        if document.kind == "scene":
            # A picture of a scene lies over nothing.
            whole = Box(0, 0, patch.box.width, patch.box.height)
            alone = ImagePatch(0, 0, patch.pixels)
            return image_thumbnail(patch.pixels, alone, whole, max(size.width(), size.height()))
        frame = framing(patch.box, subject.width, subject.height, size.width() / max(1, size.height()))
        longest = max(size.width(), size.height())
        return image_thumbnail(subject.pixels, patch, frame, longest)

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        result = candidate.result
        return result if isinstance(result, ImagePatch) else None


class MapView(WholeView):
    """Numbers over the picture."""

    kind = "map"

    def thumbnail(self, candidate: Candidate, part: Part, document: Document, size: QSize) -> QImage:
        return map_thumbnail(candidate, document, max(size.width(), size.height()))

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        return None


class TableView(WholeView):
    """Rows of numbers."""

    kind = "table"

    def thumbnail(self, candidate: Candidate, part: Part, document: Document, size: QSize) -> QImage:
        from maskengines.results.tables import TableResult

        from maskstudio.panels.table_card import table_picture

        return table_picture(TableResult.read(candidate.result), size, QGuiApplication.font())

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        return None


class CurveView(WholeView):
    """Lines over an axis."""

    kind = "curve"

    def thumbnail(self, candidate: Candidate, part: Part, document: Document, size: QSize) -> QImage:
        from maskengines.results.curves import CurveResult

        from maskstudio.panels.curve_plot import curve_picture

        return curve_picture(CurveResult.read(candidate.result).curves, size, QGuiApplication.font())

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        return None


_views: dict[str, ResultView] = {}


def register(view: ResultView) -> None:
    """Make a kind of result visible; a later view of the same kind replaces the earlier one."""
    _views[view.kind] = view


def view_for(kind: str) -> ResultView | None:
    """The view of a kind, or None when nothing can show it yet."""
    return _views.get(kind)


for _view in (
    ImageView(), MapView(), TableView(), CurveView(), HypothesesView(), JointsView(), SceneResultView(),
):  # fmt: skip
    register(_view)
