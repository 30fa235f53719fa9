"""A room with a box on its floor, as photos leave it: what the box hides from all of them is not there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from maskengines.scene.filling.evidence import Evidence
from maskengines.scene.filling.rays import places
from maskengines.scene.filling.shares import share
from maskengines.scene.rasteriser import render
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import SH_C0, Gaussians
from maskengines.subjects.scene import ScenePhoto, SceneSubject
from some_scene import around

Array = np.ndarray[Any, Any]

FLOOR = 0.6
"""Where y, down, is the floor."""


@dataclass(frozen=True, eq=False)
class Staged:
    """``truth`` is without the box; ``scene`` is what is left of both, and ``removed`` (N,) bool says what of
    it is the box."""

    truth: Gaussians
    box: Gaussians
    scene: Gaussians
    removed: Array
    cameras: tuple[Camera, ...]

    @property
    def subject(self) -> SceneSubject:
        """With photos that nobody reads."""
        photos = tuple(
            ScenePhoto(
                camera.name, f"/nowhere/{camera.name}.png", "", camera.width, camera.height, "train", camera
            )
            for camera in self.cameras
        )
        return SceneSubject(self.scene, photos)

    def hidden(self, camera: Camera) -> Array:
        """``(h, w)`` bool: what a camera would see without the box and no photo saw with it."""
        bared = share(self.box, self.truth, camera) > 0.1
        points = places(camera, render(self.truth, camera).depth)
        hidden = bared.copy()
        hidden[bared] = ~Evidence(self.truth.joined(self.box), self.cameras).seen(points[bared])
        return hidden


def staged(cameras: int = 10, width: int = 128, height: int = 96) -> Staged:
    """Cameras look at the box from all around and above."""
    rng = np.random.default_rng(0)
    views = tuple(
        Camera(c.width, c.height, c.fx, c.fy, c.cx, c.cy, _raised(c.world_to_camera), c.name)
        for c in around(cameras, width, height, 4.0)
    )
    floor = _floor()
    truth = floor.joined(_dome(rng))
    box = _box(rng)
    both = truth.joined(box)
    there = Evidence(both, views).seen(both.means)
    there[len(floor) : len(truth)] = True
    removed = np.arange(len(both)) >= len(truth)
    return Staged(truth, box, both.take(there), removed[there], views)


def write_folder(scene: Staged, folder: Path) -> None:
    """``scene.json`` and the photos, with the box in them."""
    import json

    (folder / "images").mkdir(parents=True)
    both = scene.truth.joined(scene.box)
    for camera in scene.cameras:
        colour = np.clip(render(both, camera).colour, 0, 1)
        pixels = np.rint(colour[..., ::-1] * 255).astype(np.uint8)
        assert cv2.imwrite(str(folder / "images" / f"{camera.name}.png"), pixels)
    frames = [camera.to_record() | {"split": "train"} for camera in scene.cameras]
    (folder / "scene.json").write_text(json.dumps({"frames": frames}), "utf-8")


def _raised(matrix: Array) -> Array:
    """The camera tipped around the origin, so that it looks down."""
    tip = np.eye(4)
    angle = np.radians(20)
    tip[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    forth, back = np.eye(4), np.eye(4)
    forth[2, 3], back[2, 3] = -np.linalg.norm(matrix[:3, 3]), np.linalg.norm(matrix[:3, 3])
    return back @ tip @ forth @ matrix


def _splats(means: Array, spread: float, colours: Array) -> Gaussians:
    count = len(means)
    return Gaussians(
        means, np.full((count, 3), np.log(spread)), np.tile([1, 0, 0, 0], (count, 1)), np.full(count, 4.0),
        ((colours - 0.5) / SH_C0)[:, None],
    )  # fmt: skip


def _floor() -> Gaussians:
    """Stripes that fade from one end to the other."""
    x, z = (axis.ravel() for axis in np.meshgrid(np.arange(-3, 3, 0.08), np.arange(-3, 3, 0.08)))
    stripe = 0.5 + 0.3 * np.sin(7 * x)
    colours = np.stack([0.25 + 0.5 * stripe, 0.3 + 0.3 * stripe + 0.05 * z, 0.4 - 0.1 * stripe], 1)
    return _splats(np.stack([x, np.full(len(x), FLOOR), z], 1), 0.05, np.clip(colours, 0, 1))


def _dome(rng: np.random.Generator) -> Gaussians:
    places = rng.normal(size=(3000, 3))
    places = 7 * places / np.linalg.norm(places, axis=1, keepdims=True)
    return _splats(places, 0.35, np.tile([0.35, 0.45, 0.6], (3000, 1)))


def _box(rng: np.random.Generator) -> Gaussians:
    half = np.array([0.35, 0.3, 0.35])
    at = rng.uniform(-1, 1, (2500, 3))
    face = rng.integers(0, 6, 2500)
    at[np.arange(2500), face // 2] = np.where(face % 2, 1, -1)
    colours = np.where((np.floor(at * 2).sum(axis=1) % 2 == 0)[:, None], [0.85, 0.2, 0.15], [0.9, 0.85, 0.7])
    return _splats(at * half + [0, FLOOR - half[1], 0], 0.03, colours)
