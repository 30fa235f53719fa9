"""Fixtures of tests that start processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin_lab import Lab
from warm_workers import WarmWorkers


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    lab = Lab(tmp_path / "plugins")
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def warm_workers() -> Iterator[WarmWorkers]:
    """``maskstudio run`` within this process finds the workers of the module's runs before it."""
    workers = WarmWorkers()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("maskstudio.batch.Runtime", workers)
        yield workers
    workers.close()
