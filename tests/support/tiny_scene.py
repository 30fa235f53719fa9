"""A small scene on the disk: some coloured blobs seen from a ring of cameras, with clutter pasted over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from maskengines.scene.rasteriser import render
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians
from PIL import Image

Array = np.ndarray[Any, Any]

WIDTH, HEIGHT = 48, 40


def blobs(count: int = 150, seed: int = 0) -> Gaussians:
    rng = np.random.default_rng(seed)
    return Gaussians(
        rng.uniform(-1, 1, size=(count, 3)),
        np.full((count, 3), -1.6) + rng.normal(size=(count, 3)) * 0.2,
        rng.normal(size=(count, 4)),
        np.full(count, 3.0),
        rng.normal(size=(count, 1, 3)) * 1.2,
    )


def ring(count: int) -> list[Camera]:
    cameras = []
    for angle in np.linspace(0, 1.2, count):
        c, s = np.cos(angle), np.sin(angle)
        view = np.eye(4)
        view[:3, :3], view[2, 3] = [[c, 0, s], [0, 1, 0], [-s, 0, c]], 4.0
        cameras.append(Camera(WIDTH, HEIGHT, 50.0, 50.0, WIDTH / 2, HEIGHT / 2, view))
    return cameras


def write_scene(folder: Path, photos: int = 7) -> Path:
    """A folder with ``scene.json``, ``points.npz``, ``images``, ``clean`` and ``gt_masks``; the fourth photo
    is a test view, and a square of clutter is pasted into all others."""
    rng = np.random.default_rng(1)
    truth = blobs()
    for name in ("images", "clean", "gt_masks"):
        (folder / name).mkdir(parents=True)
    frames = []
    for number, camera in enumerate(ring(photos)):
        name = f"p{number:02d}"
        clean = np.rint(np.clip(render(truth, camera).colour, 0, 1) * 255).astype(np.uint8)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        if number != 3:
            y, x = rng.integers(2, HEIGHT - 14), rng.integers(2, WIDTH - 14)
            mask[y : y + 12, x : x + 12] = 255
        photo = np.where(mask[..., None] > 0, rng.integers(0, 255, 3), clean).astype(np.uint8)
        Image.fromarray(photo).save(folder / "images" / f"{name}.png")
        Image.fromarray(clean).save(folder / "clean" / f"{name}.png")
        Image.fromarray(mask).save(folder / "gt_masks" / f"{name}.png")
        pixels, depth = camera.project(truth.means)
        seen = pixels[(depth > 0) & (pixels > 0).all(1) & (pixels < (WIDTH, HEIGHT)).all(1)]
        free = seen[mask[tuple(np.floor(seen).astype(int).T[::-1])] == 0]
        frames.append(
            camera.to_record()
            | {"name": name, "split": "test" if number == 3 else "train", "obs": free.round(1).tolist()}
        )
    (folder / "scene.json").write_text(json.dumps({"frames": frames}), "utf-8")
    np.savez(
        folder / "points.npz", xyz=truth.means, rgb=np.clip(truth.colours * 255, 0, 255).astype(np.uint8)
    )
    return folder
