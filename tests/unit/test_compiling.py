"""Kernels are compiled once, by whichever process wants them first."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from filelock import FileLock
from maskengines import compiling

MODULE = """
from maskengines.compiling import kernel

@kernel(fastmath=True)
def inner(x):
    return x * x + 1

@kernel()
def outer(values):
    total = 0.0
    for value in values:
        total += inner(value)
    return total
"""
ASKS = """
import pathlib, sys, time
sys.path.insert(0, sys.argv[1])
import numpy, some_kernels
pathlib.Path(sys.argv[2]).touch()
while not pathlib.Path("go").exists():
    time.sleep(0.001)
print(some_kernels.outer(numpy.arange(3.0)), len(some_kernels.outer.stats.cache_misses))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    source = tmp_path / "some_kernels.py"
    source.write_text(MODULE)
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path / "cache"))
    spec = importlib.util.spec_from_file_location("some_kernels", source)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_of_several_processes_one_compiles_and_the_others_find_it(tmp_path: Path) -> None:
    (tmp_path / "some_kernels.py").write_text(MODULE)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", ASKS, str(tmp_path), f"ready {i}"],
            cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True,
        )
        for i in range(3)
    ]  # fmt: skip
    while not all((tmp_path / f"ready {i}").exists() for i in range(3)):
        assert all(process.poll() is None for process in asking)
        time.sleep(0.01)
    (tmp_path / "go").touch()
    said = [process.communicate()[0].split() for process in asking]
    assert [result for result, _ in said] == ["8.0"] * 3
    assert sorted(misses for _, misses in said) == ["0", "0", "1"]


def _lock_of(module: ModuleType, name: str) -> Path:
    return Path(module.outer.stats.cache_path) / f"some_kernels.{name}.lock"


def test_where_no_file_can_be_locked_each_compiles_its_own(module: ModuleType) -> None:
    for name in ("inner", "outer"):
        _lock_of(module, name).mkdir(parents=True)
    assert module.outer((1.0, 2.0)) == 7.0
    assert len(module.outer.stats.cache_misses) == 1


def test_nobody_waits_for_ever_for_one_that_hangs(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "LONGEST_WAIT", 0.1)
    path = _lock_of(module, "outer")
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        assert module.outer((1.0, 2.0)) == 7.0
