"""Shared fixtures: an offscreen Qt, a home of their own for every test run, and the real data."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Waiting threads that spin take the cores from the workers that a test waits for.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Test processes side by side share the cores: with as many threads each they would wait for one another.
SIDE_BY_SIDE = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // SIDE_BY_SIDE)))
# Kernels know where they are kept as soon as they are imported. Tests and the workers they start share
# theirs, and keep them between runs.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parent.parent / ".pytest_cache" / "numba"))


@pytest.fixture(scope="session", autouse=True)
def _studio_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Settings, plugins and journals of a test run never touch the user's own."""
    os.environ["MASKSTUDIO_HOME"] = str(tmp_path_factory.mktemp("home"))
    os.environ.pop("MASKSTUDIO_PLUGINS", None)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real photos, poses and scenes (``MASKSTUDIO_DATA``, by default ``../shared/data``)."""
    root = Path(__file__).parent.parent
    folder = Path(os.environ.get("MASKSTUDIO_DATA", root.parent / "shared" / "data"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"Test data is missing at {folder}. Set MASKSTUDIO_DATA to its folder.")
        pytest.skip(f"no test data at {folder}; set MASKSTUDIO_DATA")
    return folder


def pytest_collection_finish() -> None:
    """What is imported by now stays: no collection need walk it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.CallInfo[None]]:
    """With ``CI`` set a skipped journey is a failure: there, everything it needs must be installed."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and item.get_closest_marker("journey") and os.environ.get("CI"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"A journey was skipped, and CI is set. {reason}"


def pytest_report_header() -> str:
    """Say at the top of a run what will be strict."""
    return (
        f"studio: journeys and data are {'required' if os.environ.get('CI') else 'optional (CI is not set)'}"
    )
