"""Fixtures of tests that start processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin_lab import Lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    lab = Lab(tmp_path / "plugins")
    yield lab
    lab.close()
