"""A scene of two clumps of Gaussians, opened in a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.splat_files import save_gaussians
from maskstudio.window.main_window import MainWindow
from maskstudio.window.scene_tab import SceneTab
from pytestqt.qtbot import QtBot

COUNT = 400
LEFT = np.arange(COUNT) < COUNT // 2


def two_clumps() -> Gaussians:
    """Red at the left, blue at the right, both solid."""
    rng = np.random.default_rng(0)
    means = rng.normal(0, 0.12, (COUNT, 3))
    means[:, 0] += np.where(LEFT, -1, 1)
    colours = np.where(LEFT[:, None], (0.9, 0.1, 0.1), (0.1, 0.1, 0.9))
    harmonics = ((colours - 0.5) / 0.28209479)[:, None, :]
    return Gaussians(
        means, np.full((COUNT, 3), np.log(0.05)), np.tile([1, 0, 0, 0], (COUNT, 1)), np.full(COUNT, 4.0),
        harmonics,
    )  # fmt: skip


def open_clumps(window: MainWindow, qtbot: QtBot, folder: Path) -> SceneTab:
    """Its tab, in front."""
    file = folder / "clumps.ply"
    save_gaussians(two_clumps(), file)
    window.opening.open_paths([file])
    qtbot.waitUntil(lambda: window.scenes.front is not None, timeout=20_000)
    assert window.scenes.front is not None
    return window.scenes.front
