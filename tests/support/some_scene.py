"""Small scenes with known content for tests."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians


def some_gaussians(count: int, degree: int = 1, seed: int = 0) -> Gaussians:
    """Gaussians of all sizes and turns, with colours within 0..1 and harmonics within -0.9 to 0.9."""
    rng = np.random.default_rng(seed)
    harmonics = np.clip(rng.normal(0, 0.2, (count, (degree + 1) ** 2, 3)), -0.9, 0.9)
    harmonics[:, 0] = rng.uniform(-1.6, 1.6, (count, 3))
    return Gaussians(
        rng.normal(0, 3, (count, 3)), rng.normal(-3, 1, (count, 3)), rng.normal(size=(count, 4)),
        rng.normal(0, 2, count), harmonics,
    )  # fmt: skip


def around(count: int, width: int = 48, height: int = 32, distance: float = 4.0) -> list[Camera]:
    """Cameras on a circle, all looking at the origin with y down."""
    cameras = []
    for number in range(count):
        angle = 2 * np.pi * number / count
        place = distance * np.array([np.sin(angle), -0.3, -np.cos(angle)])
        forward = -place / np.linalg.norm(place)
        right = np.cross([0, 1, 0], forward)
        right /= np.linalg.norm(right)
        turn = np.stack([right, np.cross(forward, right), forward])
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = turn, -turn @ place
        cameras.append(
            Camera(width, height, width * 0.9, width * 0.9, width / 2, height / 2, matrix, f"p{number:02d}")
        )
    return cameras


def write_photos(folder: Path, cameras: list[Camera], suffix: str = ".png") -> None:
    """A picture of noise for each camera; no two are the same."""
    folder.mkdir(parents=True, exist_ok=True)
    for camera in cameras:
        rng = np.random.default_rng(int(camera.name[1:]))
        pixels = rng.integers(0, 256, (camera.height, camera.width, 3), np.uint8)
        assert cv2.imwrite(str(folder / f"{camera.name}{suffix}"), pixels)


def write_scene_folder(folder: Path, cameras: list[Camera]) -> dict[str, list[dict[str, object]]]:
    """``scene.json``, ``images/`` and ``points.npz``; returns what is in the first."""
    write_photos(folder / "images", cameras)
    frames = [
        camera.to_record() | {"split": "test" if number == 0 else "train", "obs": [[1.5, 2.5], [3, 4]]}
        for number, camera in enumerate(cameras)
    ]
    (folder / "scene.json").write_text(json.dumps({"frames": frames}))
    rng = np.random.default_rng(9)
    np.savez(
        folder / "points.npz",
        xyz=rng.normal(size=(20, 3)).astype(np.float32), rgb=rng.integers(0, 256, (20, 3), np.uint8),
    )  # fmt: skip
    return {"frames": frames}
