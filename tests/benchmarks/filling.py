"""A hole that a removal leaves in a scene, filled: against what was there, and against two who do less.

Run ``python -m tests.benchmarks filling [--quick]``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
sys.path.insert(0, str(SUPPORT))
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".pytest_cache" / "numba"))
DATA = Path(os.environ.get("MASKSTUDIO_DATA", ROOT.parent / "shared" / "data")) / "scene"
Array = np.ndarray[Any, Any]

PLACE = {"garden_occ": (12, 0.59, 0.91), "brighton_occ": (8, 0.43, 0.49)}
"""Where the box stands: on what this photo shows at this share of its width and height."""

SIDE = 0.13
"""Half a side of the box, in distances of that place from the camera."""


@dataclass(frozen=True, eq=False)
class Stage:
    """``truth`` and ``box``, and what a training made of photos of both, of which ``removed`` is the box."""

    name: str
    truth: Any
    box: Any
    subject: Any
    removed: Array

    @property
    def cameras(self) -> Any:
        return self.subject.cameras

    def hidden(self, camera: Any, evidence: Any) -> Array:
        """What a camera would see without the box and no photo saw with it."""
        from maskengines.scene.filling.rays import places
        from maskengines.scene.filling.shares import share
        from maskengines.scene.rasteriser import render

        hidden = share(self.box, self.truth, camera) > 0.1
        points = places(camera, render(self.truth, camera).depth)
        hidden[hidden] = ~evidence.seen(points[hidden])
        return hidden


def room() -> Stage:
    from staged_room import staged

    made = staged()
    return Stage("a room", made.truth, made.box, made.subject, made.removed)


def trained(subject: Any, quick: bool, **more: Any) -> Any:
    """The Gaussians that plain training makes of a scene."""
    from maskengines.contract import Request
    from maskengines.results.scenes import scene_from_candidate
    from maskengines.runtime.local import run_here
    from maskengines.scene.engine import Dual3DGS
    from maskengines.scene.info import DualParams

    small = {"iterations": 500, "longest": 128, "most": 8000} if quick else {"iterations": 1200}
    params = DualParams.read({"method": "plain", **small, **more})
    return scene_from_candidate(run_here(Dual3DGS(), Request(subject, {}, params))[-1]).gaussians


def staged_photos(name: str, quick: bool, folder: Path) -> Stage:
    """A scene that was trained without clutter stands for the truth; a box is put into it, photos are taken
    of both, and a scene is trained on these."""
    from maskengines.scene.filling.evidence import Evidence
    from maskengines.subjects.scene_files import load_scene

    source = load_scene(DATA / name).subject
    truth = trained(source, quick, masks=str(DATA / name / "gt_masks"), meaning="exact")
    box = box_on_the_ground(truth, source.cameras, *PLACE[name])
    both = truth.joined(box)
    # What structure-from-motion would not have found behind the box.
    seen = Evidence(both, source.cameras).seen(source.points)
    points = seen | ~Evidence(truth, source.cameras).seen(source.points)
    _write(folder, source, both, points, box)
    subject = load_scene(folder).subject
    made = trained(subject, quick)
    return Stage(
        name, truth, box, subject.with_gaussians(made), _of_the_box(made, truth, box, source.cameras)
    )


def box_on_the_ground(truth: Any, cameras: Any, number: int, across: float, down: float) -> Any:
    """Gaussians of a box that stands on what camera ``number`` shows at a share of its width and height."""
    from maskengines.scene.filling.rays import places
    from maskengines.scene.rasteriser import render
    from maskengines.subjects.gaussians import SH_C0, Gaussians

    camera = cameras[number]
    depth = render(truth, camera).depth
    x, y = int(across * camera.width), int(down * camera.height)
    near = places(camera, depth)[max(0, y - 10) : y + 11, max(0, x - 16) : x + 17].reshape(-1, 3)
    middle = np.median(near, axis=0)
    up = np.linalg.svd(near - middle)[2][2]
    up = up if up @ (camera.position - middle) > 0 else -up
    first = np.cross(up, [1.0, 0, 0])
    first /= np.linalg.norm(first)
    axes = np.stack([first, np.cross(up, first), 0.5 * up])
    rng, half = np.random.default_rng(0), SIDE * float(depth[y, x])
    at = rng.uniform(-1, 1, (2500, 3))
    face = rng.integers(0, 6, 2500)
    at[np.arange(2500), face // 2] = np.where(face % 2, 1, -1)
    dark = np.floor(at * 3).sum(axis=1) % 2 == 0
    colours = np.where(dark[:, None], [0.85, 0.25, 0.15], [0.9, 0.85, 0.7])
    means = middle + half * (np.add(at, (0, 0, 1)) @ axes)
    return Gaussians(
        means, np.full((2500, 3), np.log(0.05 * half)), np.tile([1, 0, 0, 0], (2500, 1)), np.full(2500, 4.0),
        ((colours - 0.5) / SH_C0)[:, None],
    )  # fmt: skip


def _write(folder: Path, source: Any, both: Any, points: Array, box: Any) -> None:
    import cv2
    from maskengines.scene.rasteriser import render

    (folder / "images").mkdir(parents=True)
    frames = []
    for photo in source.photos:
        colour = np.clip(render(both, photo.camera).colour, 0, 1)
        cv2.imwrite(str(folder / "images" / f"{photo.name}.png"), np.uint8(np.rint(colour[..., ::-1] * 255)))
        told = {"name": photo.name, "split": photo.split, "obs": photo.observed.tolist()}
        frames.append(photo.camera.to_record() | told)
    (folder / "scene.json").write_text(json.dumps({"frames": frames}), "utf-8")
    shown = np.rint(np.clip(box.colours[::3], 0, 1) * 255).astype(np.uint8)
    np.savez(
        folder / "points.npz",
        xyz=np.concatenate([source.points[points], box.means[::3]]).astype(np.float32),
        rgb=np.concatenate([source.colours[points], shown]),
    )


def _of_the_box(made: Any, truth: Any, box: Any, cameras: Any) -> Array:
    """What a careful person deletes: the depth band under the box in every fourth view, and what is in it."""
    import cv2
    from maskengines.scene.contributions import contributions
    from maskengines.scene.filling.shares import share
    from maskengines.scene.selection import depth_band
    from scipy.spatial import Delaunay

    views = []
    for camera in cameras[::4]:
        mask = np.where(share(box, truth, camera) > 0.5, 255, 0).astype(np.uint8)
        views.append(contributions(made, camera, cv2.dilate(mask, np.ones((3, 3), np.uint8))))
    middle = box.means.mean(axis=0)
    hull = Delaunay(middle + 1.05 * (box.means - middle))
    found: Array = depth_band(views) | (hull.find_simplex(made.means) >= 0)
    return found


def measured(stage: Stage) -> list[str]:
    """Rows of the table: mean over all views but the one that was filled."""
    import cv2
    from maskengines.contract import Request
    from maskengines.results.scenes import scene_from_candidate
    from maskengines.runtime.local import run_here
    from maskengines.scene.filling.engine import SceneFill
    from maskengines.scene.filling.evidence import Evidence
    from maskengines.scene.info import FillParams
    from maskengines.scene.rasteriser import render
    from skimage.metrics import structural_similarity

    masks = {"gaussians": np.where(stage.removed, 255, 0).astype(np.uint8)}
    began = time.monotonic()
    fills = run_here(SceneFill(), Request(stage.subject, masks, FillParams(), count=3))
    seconds = (time.monotonic() - began) / len(fills)
    kept = stage.subject.gaussians.take(~stage.removed)
    evidence = Evidence(stage.truth.joined(stage.box), stage.cameras)
    found: dict[str, list[list[float]]] = {}
    for camera in stage.cameras:
        hidden = stage.hidden(camera, evidence)
        if camera.name == fills[0].metrics["view"] or hidden.sum() < 30:
            continue
        true = np.clip(render(stage.truth, camera).colour, 0, 1)
        left = np.clip(render(kept, camera).colour, 0, 1)
        around = cv2.dilate(np.where(hidden, 255, 0).astype(np.uint8), np.ones((5, 5), np.uint8))
        flat = cv2.inpaint(np.rint(left * 255).astype(np.uint8), around, 3, cv2.INPAINT_TELEA) / 255
        pictures = {"the hole left as it is": left, "Telea's method, each view by itself": flat}
        for fill in fills:
            scene = scene_from_candidate(fill).gaussians
            pictures[f"seed {fill.seed}"] = np.clip(render(scene, camera).colour, 0, 1)
        for arm, picture in pictures.items():
            alike = structural_similarity(np.float32(picture), true, channel_axis=2, data_range=1, full=True)[
                1
            ].mean(axis=2)
            off = float(np.mean((picture - true)[hidden] ** 2))
            found.setdefault(arm, []).append([-10 * np.log10(off), float(alike[hidden].mean())])
    means = {arm: np.mean(values, axis=0) for arm, values in found.items()}
    ours = np.array([means.pop(f"seed {fill.seed}") for fill in fills])
    views = len(next(iter(found.values())))
    rows = [f"| {stage.name} | {arm} | {mean[0]:.1f} | {mean[1]:.3f} | |" for arm, mean in means.items()]
    spread = ours.std(axis=0)
    rows.append(
        f"| {stage.name} | **scene-fill**, {views} views | {ours[:, 0].mean():.1f} ± {spread[0]:.1f} "
        f"| {ours[:, 1].mean():.3f} ± {spread[1]:.3f} | {seconds:.1f} |"
    )
    return rows


def table(quick: bool) -> str:
    names = ("garden_occ",) if quick else tuple(PLACE)
    rows = measured(room())
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            rows += measured(staged_photos(name, quick, Path(folder) / name))
    lines = [
        "| scene | how | PSNR in the hole, dB | SSIM | seconds a fill |",
        "| --- | --- | --: | --: | --: |",
        *rows,
    ]
    return "\n\n".join(
        [
            "## Filling",
            "A box is put into a known scene, photos are taken, a scene is trained on them, the box is "
            "deleted. Means over the views that were not filled, in the pixels that no photo had seen; three "
            "seeds with their standard deviation. In the room nothing is trained: what the box hides is not "
            "there.",
            "\n".join(lines),
        ]
    )
