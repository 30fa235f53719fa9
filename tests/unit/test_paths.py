"""Folders of a user who has none that can be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from maskengines.runtime import paths, plugins


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home below a file, which nobody can create, not even root."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("MASKSTUDIO_PLUGINS", raising=False)
    monkeypatch.setattr(paths.tempfile, "tempdir", None)


@pytest.mark.usefixtures("no_home")
def test_reading_goes_on_and_kernels_go_to_a_private_folder() -> None:
    assert plugins.scan() == []
    kernels = paths.numba_cache_folder()
    assert kernels.is_dir()
    assert kernels.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("no_home")
def test_a_fill_needs_no_home(tmp_path: Path) -> None:
    photo, mask = tmp_path / "a.png", tmp_path / "m.png"
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    photo.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    hole = np.zeros((40, 40), np.uint8)
    hole[10:20, 10:20] = 255
    mask.write_bytes(cv2.imencode(".png", hole)[1].tobytes())
    words = ["run", "live-fill", "--input", photo, "--mask", mask, "--out", tmp_path / "o.png"]
    done = subprocess.run(
        [sys.executable, "-m", "maskstudio", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "o.png").is_file()
