"""The window that tests use."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from maskstudio.window import dialogs
from maskstudio.window.app import make_app
from maskstudio.window.collecting import collect_what_is_due
from maskstudio.window.main_window import MainWindow
from warm_workers import WarmWorkers


@pytest.fixture(scope="module", autouse=True)
def _garbage_of_all() -> Iterator[None]:
    """Nothing of Qt's is left for a thread of a later test to collect."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _garbage_of_one() -> Iterator[None]:
    yield
    collect_what_is_due()


@pytest.fixture
def window(qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """A window on screen with settings of its own; closed without questions."""
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    make_app()
    shown = MainWindow()
    shown.resize(1280, 800)
    shown.show()
    yield shown
    # Not left to qtbot, which would close it after the dialogs are real again.
    monkeypatch.setattr(dialogs, "ask_unsaved", lambda *_: "discard")
    shown.close()
    shown.deleteLater()


@pytest.fixture(scope="module")
def warm_workers() -> Iterator[None]:
    """The module's windows, one after the other, ask the same workers."""
    workers = WarmWorkers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("maskengines.runtime.session.Runtime", workers)
        yield
    workers.close()
