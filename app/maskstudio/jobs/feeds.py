"""What a live job is told of a document while the user works on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from maskengines.contract import Box
from maskengines.subjects.pose_values import pose_values

from maskstudio.documents.pose_document import PoseDocument

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.jobs.item import JobItem

INTERVAL_MS = 33
"""A live job hears of changes at most this often."""
FRAME_MS = 8
"""A pose is small: it goes out with each place of the hand, so that what is answered next is the newest."""
PIXELS = "pixels"
NOTHING = Box(0, 0, 0, 0)


class Feed(Protocol):
    """Collects what changed, and hands it over when it is time."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever there is something new to send."""

    def wait_ms(self, since_last: int) -> int:
        """How long to wait before sending, where the last one went out so many milliseconds ago."""

    def forget(self) -> None:
        """What changed so far need not be sent: a job opens with it, or there is none."""

    def send(self, item: JobItem) -> None:
        """Tell a job what changed since the last call."""


class MaskFeed:
    """Dirty rectangles of the mask over a picture."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._dirty = NOTHING
        self._changed: Callable[[], None] = lambda: None
        document.mask_changed.connect(self._grow)

    def listen(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def wait_ms(self, since_last: int) -> int:
        # Segments of a stroke come in bursts: one rectangle for all is cheaper than one each.
        return INTERVAL_MS

    def forget(self) -> None:
        self._dirty = NOTHING

    def send(self, item: JobItem) -> None:
        dirty, self._dirty = self._dirty, NOTHING
        if not dirty.empty:
            item.update_mask(PIXELS, dirty, self._document.mask.data[dirty.slices].copy())

    def _grow(self, box: Box) -> None:
        self._dirty = self._dirty.union(box)
        self._changed()


class PoseFeed:
    """All that is known of a pose: it is small, so it goes whole, and no part is older than the rest."""

    def __init__(self, document: PoseDocument) -> None:
        self._document = document
        self._changed: Callable[[], None] = lambda: None
        self._sent: object = None
        document.pose_changed.connect(self._tell)

    def listen(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def wait_ms(self, since_last: int) -> int:
        # A hand that begins to drag sees the first answer at once.
        return max(0, FRAME_MS - since_last)

    def forget(self) -> None:
        self._sent = self._document.question_mark()

    def send(self, item: JobItem) -> None:
        mark = self._document.question_mark()
        if mark == self._sent:
            return  # a body was kept: the question is the same
        self._sent = mark
        pose, masks = self._document.question()
        item.update(pose=pose_values(pose, masks["joints"]), **self._document.params())

    def _tell(self) -> None:
        self._changed()


def feed_of(document: Document) -> Feed:
    """The feed that fits a document."""
    return PoseFeed(document) if isinstance(document, PoseDocument) else MaskFeed(document)
