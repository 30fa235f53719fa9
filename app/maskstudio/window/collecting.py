"""Garbage is collected in the window's thread alone."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 250
SETTLED_MS = 2000


class GarbageCollection(QTimer):
    """Collects what Python would have collected by now, four times a second.

    By itself Python collects in whichever thread happens to allocate, a job's for instance, and destroys
    there what Qt objects are in cycles. A timer that is destroyed in another thread than its own stays
    with Qt, which then sends events to what is gone: the studio would crash.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent, interval=EVERY_MS)
        gc.disable()
        self.timeout.connect(collect_what_is_due)
        self.start()

    def settle(self) -> None:
        """What is loaded soon after the start stays to the end: a full collection would walk it in the
        middle of a stroke."""
        QTimer.singleShot(SETTLED_MS, self, gc.freeze)


def collect_what_is_due() -> None:
    """Collect the oldest generation that is over its threshold."""
    for generation in (2, 1, 0):
        if gc.get_count()[generation] > gc.get_threshold()[generation]:
            gc.collect(generation)
            return
