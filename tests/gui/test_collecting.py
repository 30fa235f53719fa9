"""Whoever allocates, what Qt holds is destroyed in the window's thread."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest
from maskstudio.window.main_window import MainWindow
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot


@pytest.fixture(autouse=True)
def _python_collects(_garbage_of_all: None) -> None:
    """As it does when the studio starts, before there is a window."""
    gc.enable()


def test_a_timer_in_a_cycle_is_not_destroyed_by_a_thread_that_allocates(
    window: MainWindow, qtbot: QtBot
) -> None:
    destroyed: list[threading.Thread] = []

    def discard() -> None:
        timer: Any = QTimer()
        timer.itself = timer
        weakref.finalize(timer, lambda: destroyed.append(threading.current_thread()))

    kept = []
    discard()
    thread = threading.Thread(target=lambda: kept.extend([number] for number in range(100_000)))
    thread.start()
    thread.join()
    assert not destroyed
    assert len(kept) == 100_000
    qtbot.waitUntil(lambda: bool(destroyed))
    assert destroyed == [threading.main_thread()]
