"""Engines are there after every start, whatever else is imported just then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from maskstudio.jobs import service as service_module
from maskstudio.jobs.service import JobService, Loaded, load_runtime
from pytestqt.qtbot import QtBot

# Qt's hook is off while another thread's import is read, and on again once that is done.
PROGRAM = """
import builtins, sys
from maskstudio.window.app import make_app

class OtherThread:
    def find_spec(self, name, path=None, target=None):
        if name == "pydantic":
            builtins.__import__ = builtins.__orig_import__
        elif name == "pydantic._internal._validators":
            builtins.__import__ = usual

app = make_app()
usual = builtins.__import__
sys.meta_path.insert(0, OtherThread())

from maskstudio.jobs.service import load_runtime
registry, _ = load_runtime()
print(len(registry.engines()))
"""


def test_engines_load_while_another_thread_imports_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "MASKSTUDIO_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 5


def test_half_a_module_is_whole_a_moment_later(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "IMPORT_SECONDS", 0.01)
    tried: list[int] = []

    def loader() -> Loaded:
        tried.append(1)
        if len(tried) == 1:
            raise ImportError("cannot import name 'half' from partially initialized module")
        return load_runtime()

    service = JobService(loader=loader)
    with qtbot.waitSignal(service.engines_changed, timeout=90_000):
        service.start()
    assert service.engine("live-fill") is not None
    service.close()
