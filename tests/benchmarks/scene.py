"""Scenes: the rasteriser against an accumulation in torch, the viewport, what a step of training is made
of, how good a scene gets with clutter in its photos, and what a stroke selects.

Run ``python -m tests.benchmarks scene [--quick]``.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".pytest_cache" / "numba"))
DATA = Path(os.environ.get("MASKSTUDIO_DATA", ROOT.parent / "shared" / "data")) / "scene"
Array = np.ndarray[Any, Any]

SIZES = ((50_000, 512, 384), (10_000, 256, 192))
PARTS = ("drawing", "losses", "masks", "gradients", "Adam, growth")
ARMS = (
    ("plain", "nothing"), ("ema", "nothing"), ("dual", "nothing"), ("dual", "two strokes"),
    ("plain", "true masks"), ("dual", "true masks"),
)  # fmt: skip
"""Methods, and what is painted."""
QUICK = (("garden_occ", "small", 1),)
FULL = (("garden_occ", "default", 3), ("garden_occ", "small", 3), ("brighton_occ", "small", 3))
"""Scene, size and number of seeds."""
SIZES_TRAINED = {"default": {}, "small": {"longest": 128, "most": 12000, "iterations": 1200}}


def cloud(count: int) -> Any:
    """Gaussians that fill a picture of 512 x 384 with splats of 2 pixels standard deviation."""
    from maskengines.subjects.gaussians import Gaussians

    rng = np.random.default_rng(0)
    return Gaussians(
        rng.normal(size=(count, 3)) * [1.2, 0.9, 0.6] + [0, 0, 4],
        rng.normal(size=(count, 3)) * 0.4 - 3.9,
        rng.normal(size=(count, 4)),
        rng.normal(size=count),
        rng.normal(size=(count, 1, 3)) * 0.6,
    )


def cpu_ms(work: Callable[[], Any], repeats: int) -> float:
    """Median CPU milliseconds of this process."""
    work()
    found = []
    for _ in range(repeats):
        gc.collect()
        started = time.process_time()
        work()
        found.append((time.process_time() - started) * 1000)
    return statistics.median(found)


def torch_tiles(parameters: list[Any], camera: Any, tile: int = 16) -> Any:
    """The same picture by torch operations alone: per tile the alphas of all its splats at once, a running
    product and a sum. Constant colour only."""
    import torch

    means, scales, rotations, opacities, harmonics = parameters
    view = torch.tensor(camera.world_to_camera, dtype=means.dtype)
    x, y, z = (means @ view[:3, :3].T + view[:3, 3]).unbind(1)
    w, i, j, k = torch.nn.functional.normalize(rotations, dim=1).unbind(1)
    turn = torch.stack(
        [
            1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j),
            2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i),
            2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j),
        ], 1,
    ).view(-1, 3, 3)  # fmt: skip
    o = torch.zeros_like(z)
    slope = torch.stack(
        [camera.fx / z, o, -camera.fx * x / z**2, o, camera.fy / z, -camera.fy * y / z**2], 1
    ).view(-1, 2, 3)
    half = slope @ view[:3, :3] @ (turn * scales.exp()[:, None])
    blurred = half @ half.transpose(1, 2) + 0.3 * torch.eye(2)
    inverse = torch.linalg.inv(blurred)
    centres = torch.stack([camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy], 1)
    opacity, shade = opacities.sigmoid(), (0.5 + 0.28209479177387814 * harmonics[:, 0]).clamp(min=0)
    with torch.no_grad():
        above = 2 * (255 * opacity).clamp(min=1).log()
        reach = (above[:, None] * torch.diagonal(blurred, dim1=1, dim2=2)).sqrt()
        order = z.argsort()
        order = order[(z[order] > camera.near) & (opacity[order] > 1 / 255)]
    rows = []
    for top in range(0, camera.height, tile):
        row = []
        tall = min(tile, camera.height - top)
        near = order[((centres[order, 1] - top - tall / 2).abs() < tall / 2 + reach[order, 1])]
        for left in range(0, camera.width, tile):
            wide = min(tile, camera.width - left)
            here = near[((centres[near, 0] - left - wide / 2).abs() < wide / 2 + reach[near, 0])]
            down, across = torch.meshgrid(
                torch.arange(top, top + tall) + 0.5, torch.arange(left, left + wide) + 0.5, indexing="ij"
            )
            offset = torch.stack([across, down], -1).view(-1, 1, 2) - centres[here]
            power = 0.5 * torch.einsum("psi,sij,psj->ps", offset, inverse[here], offset)
            alpha = (opacity[here] * torch.exp(-power)).clamp(max=0.99)
            alpha = torch.where(alpha >= 1 / 255, alpha, 0.0)
            through = torch.cumprod(torch.cat([torch.ones(len(alpha), 1), 1 - alpha], 1), 1)[:, :-1]
            row.append(((alpha * through) @ shade[here]).view(tall, wide, 3))
        rows.append(torch.cat(row, 1))
    return torch.cat(rows, 0)


def rasterisers(quick: bool) -> list[str]:
    import numba
    import torch
    from maskengines.scene.rasteriser.autograd import rasterise
    from maskengines.subjects.cameras import Camera

    numba.set_num_threads(1)
    torch.set_num_threads(1)
    lines = [
        "| Gaussians, pixels | ours, forward | with backward | torch, forward | with backward | apart |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for count, width, height in SIZES[1:] if quick else SIZES:
        scene = cloud(count)
        camera = Camera(width, height, 0.78 * width, 0.78 * width, width / 2, height / 2, np.eye(4))
        given = [torch.tensor(array, requires_grad=True) for array in scene.to_arrays().values()]
        pull = torch.tensor(np.random.default_rng(1).normal(size=(height, width, 3)).astype(np.float32))

        def ours(given: list[Any] = given, camera: Any = camera) -> Any:
            return rasterise(*given, camera)[0]

        def theirs(given: list[Any] = given, camera: Any = camera) -> Any:
            return torch_tiles(given, camera)

        def learned(draw: Callable[[], Any], pull: Any = pull) -> None:
            (draw() * pull).sum().backward()

        apart = float((ours() - theirs()).abs().max())
        figures = []
        for draw, repeats in ((ours, 5 if quick else 15), (theirs, 1 if quick else 3)):
            figures += [cpu_ms(draw, repeats), cpu_ms(lambda draw=draw: learned(draw), repeats)]
        told = " | ".join(f"{figure:.0f} ms" for figure in figures)
        lines.append(f"| {count}, {width} x {height} | {told} | {apart:.0e} |")
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    torch.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    return lines


def viewport(quick: bool) -> str:
    """Frames a second of what the viewport is sent, at rest and while it moves."""
    from maskengines.scene.pixels import premultiplied
    from maskengines.scene.rasteriser.options import Options
    from maskengines.scene.rasteriser.passes import draw, sight
    from maskengines.scene.rasteriser.rendering import parameters_of
    from maskengines.subjects.cameras import Camera

    given, rates = parameters_of(cloud(50_000)), []
    for width, height in ((640, 480), (320, 240)):
        camera = Camera(width, height, 0.78 * width, 0.78 * width, width / 2, height / 2, np.eye(4))
        taken = []
        for _ in range(10 if quick else 60):
            started = time.perf_counter()
            premultiplied(draw(sight(given, camera, Options()), camera, (0.0, 0.0, 0.0)))
            taken.append(time.perf_counter() - started)
        rates.append(1 / statistics.median(taken))
    return (
        f"The viewport, 50 000 Gaussians on all cores: {rates[0]:.0f} frames a second of 640 x 480 pixels, "
        f"{rates[1]:.0f} of half that size, as while it moves (wanted: 15)."
    )


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """CPU seconds by the parts of a training step, while the context lasts."""
    import torch
    from maskengines.scene import training as module
    from maskengines.scene.proxy import Proxy

    spent = dict.fromkeys(PARTS, 0.0)
    watch = (
        (module.Learner, "draw", "drawing"),
        (module.Learner, "draw_scene", "drawing"),
        (Proxy, "draw", "drawing"),
        (module._Masking, "hard", "masks"),
        (module._Masking, "soft", "masks"),
        (module, "masked_loss", "losses"),
        (module, "consistency", "losses"),
        (torch.Tensor, "backward", "gradients"),
        (module.Learner, "learn", "Adam, growth"),
    )

    def timed(work: Callable[..., Any], part: str) -> Callable[..., Any]:
        def inner(*given: Any, **named: Any) -> Any:
            started = time.process_time()
            found = work(*given, **named)
            spent[part] += time.process_time() - started
            return found

        return inner

    with ExitStack() as patches:
        for owner, name, part in watch:
            patches.enter_context(mock.patch.object(owner, name, timed(getattr(owner, name), part)))
        yield spent


def training(quick: bool) -> list[str]:
    """Milliseconds of CPU a step on one thread, by what is trained, with masks and agreement at work, while
    it grows."""
    import numba
    import torch
    from maskengines.scene.engine import Run
    from maskengines.scene.info import DualParams
    from maskengines.subjects.scene_files import load_scene

    # With more, two models would learn at once, and what one of them spends be counted twice.
    numba.set_num_threads(1)
    torch.set_num_threads(1)
    subject = load_scene(DATA / "garden_occ").subject
    lines = [
        f"| method | {' | '.join(PARTS)} | a step | Gaussians |",
        f"| --- | {' | '.join('--:' for _ in PARTS)} | --: | --: |",
    ]
    warm, steps = (15, 10) if quick else (200, 50)
    for method in ("plain", "ema", "dual"):
        params = DualParams.read({"method": method, "iterations": 50 if quick else 500})
        run = Run.begin(subject, params, {}, 0)
        for step in range(1, warm + 1):
            run.training.step(step)
        with watched() as spent:
            started = time.process_time()
            for step in range(warm + 1, warm + steps + 1):
                run.training.step(step)
            taken = time.process_time() - started
        told = " | ".join(f"{1000 * seconds / steps:.0f}" for seconds in (*spent.values(), taken))
        lines.append(f"| {method} | {told} | {len(run.training.gaussians())} |")
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    torch.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    return lines


def two_strokes(mask: Array) -> Array:
    """``(h, w)`` uint8: two straight strokes of a brush, as a person paints in a hurry, one along each of the
    two largest pieces of a true mask; where there is one piece, along and across it."""
    import cv2

    count, labels, stats, centres = cv2.connectedComponentsWithStats((mask > 127).astype(np.uint8))
    pieces = sorted(range(1, count), key=lambda piece: -stats[piece, cv2.CC_STAT_AREA])[:2]
    paint = np.zeros(mask.shape, np.uint8)
    for piece in pieces:
        places = np.argwhere(labels == piece)[:, ::-1] - centres[piece]
        spread, axes = np.linalg.eigh(np.cov(places.T) + np.eye(2))
        for axis in (1, 0) if len(pieces) == 1 else (1,):
            reach = 1.3 * np.sqrt(spread[axis]) * axes[:, axis]
            ends = [tuple(np.rint(centres[piece] + side * reach).astype(int).tolist()) for side in (-1, 1)]
            cv2.line(paint, *ends, 255, max(1, round(1.2 * np.sqrt(spread[0]))))
    return paint


def painted(scene: Path, paint: str, folder: Path) -> dict[str, str]:
    """Parameters of a run by what is painted; ``folder`` is for masks that are made for it."""
    import cv2

    if paint == "nothing":
        return {}
    if paint == "true masks":
        return {"masks": str(scene / "gt_masks"), "meaning": "exact"}
    for file in sorted((scene / "gt_masks").iterdir()):
        cv2.imwrite(str(folder / file.name), two_strokes(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)))
    return {"masks": str(folder)}


def quality(name: str, size: str, seeds: int) -> list[str]:
    """Clean test views of a scene, mean and standard deviation over seeds, by method and paint."""
    from maskengines.contract import Request
    from maskengines.runtime.local import run_here
    from maskengines.scene.engine import Dual3DGS
    from maskengines.scene.info import DualParams
    from maskengines.subjects.scene_files import load_scene

    lines = [
        f"| {name}, {size} | painted | PSNR, dB | SSIM | mask IoU | seconds | CPU s |",
        "| --- | --- | --: | --: | --: | --: | --: |",
    ]
    subject = load_scene(DATA / name).subject
    for method, paint in ARMS:
        with tempfile.TemporaryDirectory() as folder:
            given = {"method": method, **SIZES_TRAINED[size], **painted(DATA / name, paint, Path(folder))}
            params, found = DualParams.read(given), []
            for seed in range(seeds):
                started = time.process_time()
                answer = run_here(Dual3DGS(), Request(subject, {}, params, seed=seed))[-1]
                spent = time.process_time() - started
                figures = [answer.metrics[key] for key in ("psnr", "ssim", "mask_iou", "seconds")]
                found.append([*figures, spent])
                print(name, size, method, paint, seed, *figures, round(spent), file=sys.stderr)
        mean, spread = np.mean(found, 0), np.std(found, 0)
        told = f"{mean[0]:.2f} ± {spread[0]:.2f} | {mean[1]:.4f} ± {spread[1]:.4f} | {mean[2]:.2f}"
        lines.append(f"| {method} | {paint} | {told} | {mean[3]:.0f} | {mean[4]:.0f} |")
    return lines


def selections(quick: bool) -> list[str]:
    """What a perfect stroke over an object selects, against the Gaussians that are the object's."""
    from maskengines.scene.filling.shares import share
    from maskengines.scene.selecting import REACHES, Selector
    from maskengines.subjects.scene_files import load_scene

    from tests.benchmarks.filling import PLACE, box_on_the_ground, trained

    subject = load_scene(DATA / "garden_occ").subject
    scene = trained(subject, quick)
    box = box_on_the_ground(scene, subject.cameras, *PLACE["garden_occ"])
    both = scene.joined(box)
    away = np.linalg.norm(scene.means - np.median(scene.means, axis=0), axis=1)
    objects = {
        "a box put into it": (both, np.arange(len(both)) >= len(scene)),
        "the middle of it": (scene, away < np.quantile(away, 0.15)),
    }
    lines = [
        "| garden_occ | views | " + " | ".join(REACHES) + " |",
        "| --- | --: |" + " --: |" * len(REACHES),
    ]
    for name, (gaussians, whose) in objects.items():
        selector, free = Selector(gaussians), np.ones(len(gaussians), bool)
        own, others = gaussians.take(whose), gaussians.take(~whose)
        number = PLACE["garden_occ"][0]
        cameras = [subject.cameras[number + 6 * step] for step in (0, 1, -1)]
        votes = [
            {
                "camera": camera.to_record(),
                "mask": np.where(share(own, others, camera) > 0.5, np.uint8(255), np.uint8(0)),
            }
            for camera in cameras
        ]
        for views in (1, 3):
            found = []
            for reach in REACHES:
                asked = {
                    "what": "paint",
                    "before": ~free,
                    "how": "replace",
                    "reach": reach,
                    "votes": votes[:views],
                }
                chosen = selector.answer(asked, free, gaussians.opacities)
                found.append(f"{(chosen & whose).sum() / (chosen | whose).sum():.2f}")
            lines.append(f"| {name} | {views} | " + " | ".join(found) + " |")
    return lines


def table(quick: bool) -> str:
    parts = [
        "## Scene",
        "CPU milliseconds of one thread; 'apart' is the greatest difference of the two pictures.",
        "\n".join(rasterisers(quick)),
        viewport(quick),
        "Training on 30 photos of 256 x 192, CPU milliseconds a step on one thread.",
        "\n".join(training(quick)),
        "Clean test views after training on photos with clutter in, mean and standard deviation over seeds.",
        *("\n".join(quality(*row)) for row in (QUICK if quick else FULL)),
        "Selecting an object by perfect strokes over what of it shows: intersection over union of Gaussians.",
        "\n".join(selections(quick)),
    ]
    return "\n\n".join(parts)
