"""`exemplar` against OpenCV's Telea and Navier-Stokes and scikit-image's biharmonic fill.

Run ``python tests/benchmarks/exemplar.py [--quick] [--markdown]``. Figures are of the hole alone: PSNR in
dB and SSIM against what was there (higher is better), texture distance (lower is better: distance of
the distributions of gradient strength at three scales, times 100) and CPU seconds of the fill.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]
KERNELS = Path(__file__).resolve().parents[2] / ".pytest_cache" / "numba"
os.environ.setdefault("NUMBA_CACHE_DIR", str(KERNELS))
PHOTOS = {
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "motorcycle": "motorcycle_left.png",
    "rocket": "rocket.jpg",
}
QUICK = ("brick", "grass", "rocket")
SEEDS = 4


def photos(names: tuple[str, ...]) -> dict[str, Array]:
    """scikit-image's bundled photos as ``(H, W, 3)`` uint8."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    found = {}
    for name in names:
        colours = cv2.imread(str(folder / PHOTOS[name]), cv2.IMREAD_COLOR)
        found[name] = cv2.cvtColor(colours, cv2.COLOR_BGR2RGB)
    return found


def holes(height: int, width: int, seed: int = 0) -> dict[str, Array]:
    """Three masks (uint8, 0 or 255) drawn from one seed: two wide curves, a lobed disc of a tenth of
    the area, and lettering with scratches."""
    rng = np.random.default_rng(seed)
    scribble = np.zeros((height, width), np.uint8)
    t = np.linspace(0, 1, 120)[:, None]
    for _ in range(2):
        p = rng.uniform([0.15 * width, 0.15 * height], [0.85 * width, 0.85 * height], size=(4, 2))
        curve = (1 - t) ** 3 * p[0] + 3 * (1 - t) ** 2 * t * p[1] + 3 * (1 - t) * t * t * p[2] + t**3 * p[3]
        thickness = max(12, int(0.042 * min(height, width)))
        cv2.polylines(scribble, [curve.astype(np.int32).reshape(-1, 1, 2)], False, 255, thickness)
    blob = np.zeros((height, width), np.uint8)
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    base = np.sqrt(0.10 * height * width / np.pi)
    lobes = 0.18 * np.sin(3 * angle + rng.uniform(0, 6)) + 0.10 * np.sin(5 * angle + rng.uniform(0, 6))
    radius = base * (1 + lobes)
    x, y = width * rng.uniform(0.4, 0.6), height * rng.uniform(0.4, 0.6)
    outline = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], 1).astype(np.int32)
    cv2.fillPoly(blob, [outline], 255)
    text = np.zeros((height, width), np.uint8)
    for i, row in enumerate(np.linspace(0.15 * height, 0.9 * height, 5)):
        at = (int(0.05 * width), int(row))
        cv2.putText(text, "MaskStudio 2026"[i:], at, cv2.FONT_HERSHEY_SIMPLEX, 1.4 * width / 512, 255, 3)
    for _ in range(5):
        ends = rng.uniform([0, 0], [width, height], size=(2, 2)).astype(int).tolist()
        cv2.line(text, tuple(ends[0]), tuple(ends[1]), 255, 2)
    return {"scribble": scribble, "blob": blob, "text": text}


def psnr(truth: Array, result: Array, hole: Array) -> float:
    """Peak signal to noise ratio over the hole, dB."""
    error = (truth.astype(float) - result.astype(float))[hole]
    return float(10 * np.log10(255**2 / max(1e-9, (error**2).mean())))


def similarity(truth: Array, result: Array, hole: Array) -> float:
    """Mean SSIM over the hole."""
    from skimage.metrics import structural_similarity

    _, field = structural_similarity(truth, result, channel_axis=2, full=True, data_range=255)
    return float(field[hole].mean())


def texture_distance(truth: Array, result: Array, hole: Array) -> float:
    """Mean difference of the cumulative histograms of log gradient strength at three scales, x 100."""

    def curves(image: Array) -> Array:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        found = []
        for _ in range(3):
            strength = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
            size = (grey.shape[1], grey.shape[0])
            inside = cv2.resize(hole.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
            counts = np.histogram(np.log1p(strength)[inside], 32, (0, 7))[0].astype(float)
            found.append(np.cumsum(counts / counts.sum()))
            grey = cv2.pyrDown(grey)
        return np.array(found)

    return float(np.abs(curves(truth) - curves(result)).mean() * 100)


def context() -> Any:
    """As much of a `RunContext` as an engine that nobody watches needs."""
    return SimpleNamespace(
        device="cpu",
        log=logging.getLogger("bench"),
        progress=lambda done, total, text="": None,
        preview=lambda result: None,
        checkpoint=lambda: None,
        generator=np.random.default_rng,
    )


def put(engine: Any, params: Any, photo: Array, mask: Array, seed: int) -> Array:
    """One candidate of an engine that returns patches, put into the photo."""
    from maskengines.contract import Request

    request = Request(SimpleNamespace(pixels=photo), {"pixels": mask}, params, 1, seed)  # type: ignore[arg-type]
    [candidate] = engine.sample(request, context())
    result = photo.copy()
    inside = mask[candidate.result.box.slices] > 0
    result[candidate.result.box.slices][inside] = candidate.result.pixels[inside]
    return result


def ask_exemplar(photo: Array, mask: Array, seed: int = 0) -> Array:
    """One candidate, put into the photo."""
    from maskengines.inpaint.exemplar import Exemplar
    from maskengines.inpaint.info import ExemplarParams

    return put(Exemplar(), ExemplarParams(), photo, mask, seed)


def methods() -> dict[str, Callable[[Array, Array], Array]]:
    """Name to fill, each taking a photo and a mask."""

    def biharmonic(photo: Array, mask: Array) -> Array:
        from skimage.restoration import inpaint_biharmonic

        filled = inpaint_biharmonic(photo, mask > 0, channel_axis=2)
        return np.clip(np.rint(filled * 255), 0, 255).astype(np.uint8)

    return {
        "exemplar": ask_exemplar,
        "cv2 Telea": lambda photo, mask: cv2.inpaint(photo, mask, 4, cv2.INPAINT_TELEA),
        "cv2 Navier-Stokes": lambda photo, mask: cv2.inpaint(photo, mask, 4, cv2.INPAINT_NS),
        "skimage biharmonic": biharmonic,
    }


def quality(quick: bool) -> list[str]:
    """Table rows: every method on every photo and hole."""
    ask_exemplar(np.full((256, 256, 3), 9, np.uint8), holes(256, 256)["blob"])
    rows = [
        "| hole | photo | method | PSNR dB | SSIM | texture distance | CPU s |",
        "|---|---|---|---|---|---|---|",
    ]
    means: dict[tuple[str, str], list[Array]] = {}
    for name, photo in photos(QUICK if quick else tuple(PHOTOS)).items():
        for kind, mask in holes(*photo.shape[:2]).items():
            for method, run in methods().items():
                begin = time.process_time()
                result = run(photo, mask)
                spent = time.process_time() - begin
                hole = mask > 0
                figures = (
                    psnr(photo, result, hole),
                    similarity(photo, result, hole),
                    texture_distance(photo, result, hole),
                    spent,
                )
                means.setdefault((kind, method), []).append(np.array(figures))
                rows.append(_row(kind, name, method, figures))
    for (kind, method), found in means.items():
        rows.append(_row(kind, "**mean**", method, tuple(np.mean(found, axis=0).tolist())))
    return rows


def _row(kind: str, photo: str, method: str, figures: tuple[float, ...]) -> str:
    quality, likeness, texture, spent = figures
    return f"| {kind} | {photo} | {method} | {quality:.1f} | {likeness:.3f} | {texture:.1f} | {spent:.2f} |"


def diversity(quick: bool) -> list[str]:
    """Table rows: how far candidates of different seeds lie apart, against the photo's own noise."""
    rows = [
        f"| photo, blob, {SEEDS} seeds | mean distance of two, smallest and mean | noise floor | "
        "texture distance, best to worst | PSNR dB, mean |",
        "|---|---|---|---|---|",
    ]
    for name, photo in photos(QUICK if quick else tuple(PHOTOS)).items():
        mask = holes(*photo.shape[:2])["blob"]
        hole = mask > 0
        results = [ask_exemplar(photo, mask, seed) for seed in range(SEEDS)]
        apart = [
            float(np.abs(a[hole].astype(float) - b[hole]).mean())
            for i, a in enumerate(results)
            for b in results[:i]
        ]
        texture = sorted(texture_distance(photo, result, hole) for result in results)
        mean = np.mean([psnr(photo, result, hole) for result in results])
        rows.append(
            f"| {name} | {min(apart):.1f}, {np.mean(apart):.1f} | {noise_floor(photo):.1f} | "
            f"{' '.join(f'{value:.1f}' for value in texture)} | {mean:.1f} |"
        )
    return rows


def noise_floor(photo: Array) -> float:
    """Mean difference two shots of the same scene would have: Immerkaer's 1996 estimate of the noise
    from the median response, at least that of rounding, times 2 / sqrt(pi)."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel))
    sigma = max(float(np.median(response)) / 0.6745 / 6.0, 1 / np.sqrt(12))
    return 2.0 / np.sqrt(np.pi) * sigma


COLD = """
import time, sys
begin = time.perf_counter()
sys.path.insert(0, {folder!r})
import exemplar as bench
photo = bench.photos(("grass",))["grass"]
bench.ask_exemplar(photo, bench.holes(*photo.shape[:2])["blob"])
print(time.perf_counter() - begin, time.process_time())
"""


def start_up() -> list[str]:
    """Table rows: a new process to its first candidate, with no compiled kernels and with them."""
    rows = ["| first candidate of a new process, 512 x 512 | wall s | CPU s |", "|---|---|---|"]
    code = COLD.format(folder=str(Path(__file__).parent))
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        for label in ("empty kernel cache", "filled kernel cache"):
            out = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
            )
            wall, spent = (float(value) for value in out.stdout.split())
            rows.append(f"| {label} | {wall:.1f} | {spent:.1f} |")
    return rows


def meadow(height: int, width: int) -> Array:
    """scikit-image's grass at any size without repeating, ``(H, W, 3)`` uint8: white noise filtered by the
    photo (random phase noise; Galerne, Gousseau, Morel 2011)."""
    grass = photos(("grass",))["grass"][..., 0].astype(np.float32)
    kernel = (grass - grass.mean()) / np.sqrt(grass.size)
    noise = np.random.default_rng(0).standard_normal((height, width), dtype=np.float32)
    field = np.fft.irfft2(np.fft.rfft2(noise) * np.fft.rfft2(kernel, (height, width)), (height, width))
    grey = np.clip(np.rint(field + grass.mean()), 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def large_photo() -> list[str]:
    """Table rows: the same hole in photos of different size costs the same."""
    rows = ["| 400-pixel hole in a photo that does not repeat (`meadow`), of | CPU s |", "|---|---|"]
    for width, height in ((1500, 1200), (6000, 4000)):
        photo = meadow(height, width)
        mask = np.zeros((height, width), np.uint8)
        cv2.circle(mask, (width // 2, height // 2), 200, 255, -1)
        begin = time.process_time()
        ask_exemplar(photo, mask)
        rows.append(f"| {width} x {height} | {time.process_time() - begin:.1f} |")
    return rows


def live_answers() -> list[str]:
    """Table rows: one answer of `live-fill`, which follows the brush."""
    from maskengines.inpaint.live_fill import smooth_patch

    rows = ["| live-fill, hole in a photo of 6000 x 4000 | CPU s, median of 9 |", "|---|---|"]
    photo = np.tile(photos(("brick",))["brick"], (8, 12, 1))[:4000, :6000].copy()
    for radius in (20, 200, 1000):
        mask = np.zeros(photo.shape[:2], np.uint8)
        cv2.circle(mask, (3000, 2000), radius, 255, -1)
        spent = []
        for _ in range(9):
            begin = time.process_time()
            smooth_patch(photo, mask, 4.0)
            spent.append(time.process_time() - begin)
        rows.append(f"| {2 * radius} pixels wide | {np.median(spent):.3f} |")
    return rows


def table(quick: bool) -> list[str]:
    """All tables as markdown lines; ``quick`` measures three photos instead of eight."""
    parts = [quality(quick), diversity(quick), start_up(), large_photo(), live_answers()]
    return [line for part in parts for line in [*part, ""]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three photos instead of eight")
    parser.add_argument(
        "--markdown", action="store_true", help="print the tables only, to paste into the docs"
    )
    options = parser.parse_args()
    lines = table(options.quick)
    if not options.markdown:
        lines = ["exemplar against other fills, hole only", "", *lines]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
