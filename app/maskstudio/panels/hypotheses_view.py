"""Hypotheses in the gallery: a cell for each body that stands for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from maskengines.contract import Candidate, ImagePatch
from maskengines.errors import BadInput
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.medoids import Medoid, medoids
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage

from maskstudio.panels.body_picture import body_picture, framing
from maskstudio.panels.parts import WHOLE, Part

if TYPE_CHECKING:
    from maskstudio.documents.document import Document


@dataclass(frozen=True, eq=False)
class Fan:
    """An answer of kind ``hypotheses`` as the window needs it.

    Attributes:
        medoids: the bodies that stand for all, the heaviest first.
        frame: what their pictures show, in millimetres.
    """

    hypotheses: Hypotheses
    medoids: tuple[Medoid, ...]
    frame: QRectF

    def standing_for(self, index: int) -> Medoid:
        """The medoid that stands for a hypothesis."""
        return next(medoid for medoid in self.medoids if index in medoid.members)


_fans: WeakKeyDictionary[Candidate, Fan] = WeakKeyDictionary()


def fan_of(candidate: Candidate) -> Fan:
    """What a candidate of kind ``hypotheses`` holds; worked out once.

    Raises:
        BadInput: it holds no hypotheses.
    """
    if candidate not in _fans:
        read = Hypotheses.read(candidate.result)
        few = medoids(read)
        _fans[candidate] = Fan(read, few, framing(read.poses[[each.index for each in few]]))
    return _fans[candidate]


class HypothesesView:
    """Many bodies at once."""

    kind = "hypotheses"
    columns = 3
    aspect = 0.8

    def parts(self, candidate: Candidate) -> Sequence[Part]:
        try:
            fan = fan_of(candidate)
        except BadInput:
            return (WHOLE,)
        count = len(fan.hypotheses.poses)
        return tuple(
            Part(
                medoid.index,
                f"{max(1, round(100 * medoid.weight))} %",
                f"Body {medoid.index + 1} of {count}, nearest to {100 * medoid.weight:.1f} % of all weight",
            )
            for medoid in fan.medoids
        )

    def thumbnail(self, candidate: Candidate, part: Part, document: Document, size: QSize) -> QImage:
        if part.index is None:
            return QImage()
        fan = fan_of(candidate)
        return body_picture(fan.hypotheses.poses[part.index], fan.frame, size)

    def patch(self, candidate: Candidate) -> ImagePatch | None:
        return None
