"""`masked-diffusion` against `exemplar`, OpenCV's Telea and Navier-Stokes and scikit-image's biharmonic
fill, on photos that no part of it was trained or tuned on.

Run ``python -m tests.benchmarks diffusion [--quick]``, or ``python tests/benchmarks/diffusion.py --weights
FILE --sheet PICTURE`` for other weights or for a contact sheet. Figures are of the hole alone, as in
`exemplar`'s benchmark.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

if __package__ in {None, ""}:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from maskengines.errors import NotReady

from tests.benchmarks.exemplar import (
    ask_exemplar,
    context,
    holes,
    methods,
    psnr,
    put,
    similarity,
    texture_distance,
)

Array = np.ndarray[Any, Any]
LONGEST = 512
ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("MASKSTUDIO_DATA", ROOT.parent / "shared" / "data"))
KINDS = ("scribble", "blob", "text")
COLUMNS = ("PSNR dB", "SSIM", "texture distance", "CPU s")
ARMS: dict[str, dict[str, Any]] = {
    "masked-diffusion": {},
    "masked-diffusion, texture=model": {"texture": "model"},
    "masked-diffusion, one step": {"texture": "model", "steps": 1},
    "masked-diffusion, start=exemplar": {"texture": "model", "start": "exemplar"},
}


def photos(folder: Path, quick: bool) -> dict[str, Array]:
    """The test photos, at most 512 pixels long; every fourth when `quick`."""
    found = {}
    for path in sorted(folder.glob("*.jpg"))[:: 4 if quick else 1]:
        photo = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        scale = min(1.0, LONGEST / max(photo.shape[:2]))
        size = round(photo.shape[1] * scale), round(photo.shape[0] * scale)
        found[path.stem] = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    return found


class Model:
    """The engine with one network, as other engines are asked."""

    def __init__(self, weights: Path | None) -> None:
        from maskengines.assets import assets_folder
        from maskengines.inpaint.filling import warm_up
        from maskengines.inpaint.flow.weights import WEIGHTS, load_network
        from maskengines.inpaint.masked_diffusion import MaskedDiffusion

        self.engine = MaskedDiffusion()
        self.engine._network, _ = load_network(weights or assets_folder() / WEIGHTS)
        warm_up()

    def ask(self, photo: Array, mask: Array, seed: int = 0, **params: Any) -> Array:
        from maskengines.inpaint.info import MaskedDiffusionParams

        return put(self.engine, MaskedDiffusionParams(**params), photo, mask, seed)

    def candidates(self, photo: Array, mask: Array, count: int, **params: Any) -> list[Any]:
        """`count` candidates of one request."""
        from maskengines.contract import Request
        from maskengines.inpaint.info import MaskedDiffusionParams

        asked = MaskedDiffusionParams(**params)
        request = Request(SimpleNamespace(pixels=photo), {"pixels": mask}, asked, count, 0)  # type: ignore[arg-type]
        return list(self.engine.sample(request, context()))


def figures(photo: Array, mask: Array, fill: Callable[[Array, Array], Array]) -> tuple[Array, Array]:
    """PSNR, SSIM, texture distance and CPU seconds of a fill, and the picture."""
    begin = time.process_time()
    result = fill(photo, mask)
    spent, hole = time.process_time() - begin, mask > 0
    measured = (
        psnr(photo, result, hole),
        similarity(photo, result, hole),
        texture_distance(photo, result, hole),
    )
    return np.array([*measured, spent]), result


def means(
    taken: dict[str, Array], fills: dict[str, Callable[[Array, Array], Array]], kinds: tuple[str, ...]
) -> dict[tuple[str, str], Array]:
    """Mean figures by hole and method."""
    found: dict[tuple[str, str], list[Array]] = {}
    for photo in taken.values():
        for kind in kinds:
            mask = holes(*photo.shape[:2])[kind]
            for name, fill in fills.items():
                found.setdefault((kind, name), []).append(figures(photo, mask, fill)[0])
    return {key: np.mean(rows, axis=0) for key, rows in found.items()}


def table(quick: bool, weights: Path | None = None, folder: Path | None = None) -> list[str]:
    """Markdown lines."""
    try:
        model = Model(weights)
    except NotReady as error:
        return ["## Masked diffusion", "", f"Not measured: {error.message}"]
    fills = {
        **methods(),
        **{name: partial(model.ask, **params) for name, params in ARMS.items()},
    }
    taken = photos(folder or DATA / "photos/test", quick)
    rows = [
        "## Masked diffusion",
        "",
        f"Means over {len(taken)} photos of the test split, at most {LONGEST} pixels long; higher is better "
        "for PSNR and SSIM, lower for texture distance.",
        "",
        f"| hole | method | {' | '.join(COLUMNS)} |",
        "|---|---|---|---|---|---|",
    ]
    for (kind, name), (quality, likeness, texture, spent) in means(taken, fills, KINDS).items():
        rows.append(f"| {kind} | {name} | {quality:.2f} | {likeness:.3f} | {texture:.2f} | {spent:.2f} |")
    return [*rows, *told(model, taken)]


def told(model: Model, taken: dict[str, Array]) -> list[str]:
    """Markdown lines: what disagreement says of error."""
    ranks, fifths = calibration(model, taken)
    return [
        "",
        "Six candidates for each blob hole: Spearman's correlation of disagreement and error over its "
        f"pixels is {ranks.mean():.2f} in the mean ({ranks.min():.2f} to {ranks.max():.2f}). From the fifth "
        "of the pixels that they agree on most to the one they agree on least, the error is "
        f"{', '.join(f'{share:.2f}' for share in fifths)} times its mean.",
    ]


def calibration(model: Model, taken: dict[str, Array], count: int = 6) -> tuple[Array, Array]:
    """How well disagreement tells error, over the pixels of blob holes: Spearman's rank correlation with the
    candidates' root mean square error in each photo, and the mean error in each fifth of the hole's pixels,
    in the order of their disagreement, as a share of the hole's mean."""
    from maskengines.disagreement import disagreement
    from scipy.stats import spearmanr

    found, fifths = [], []
    for photo in taken.values():
        mask = holes(*photo.shape[:2])["blob"]
        answers = model.candidates(photo, mask, count)
        shares = disagreement(answers, mask.shape)
        pictures = np.array([answer.result.pixels for answer in answers], np.float32)
        box = answers[0].result.box.slices
        inside = mask[box] > 0
        error = np.sqrt(((pictures - photo[box]) ** 2).mean((0, 3)))
        told, wrong = shares[box][inside], cv2.GaussianBlur(error, (0, 0), 1.5)[inside]
        found.append(float(spearmanr(told, wrong).statistic))
        order = np.array_split(wrong[np.argsort(told, kind="stable")], 5)
        fifths.append([part.mean() / wrong.mean() for part in order])
    return np.array(found), np.mean(fifths, axis=0)


def sheet(model: Model, taken: dict[str, Array], file: Path) -> None:
    """A contact sheet: the hole, what was there, `exemplar`, and three answers of the model."""
    rows = []
    for photo in taken.values():
        mask = holes(*photo.shape[:2])["blob"]
        shown = photo.copy()
        shown[mask > 0] = (150, 150, 150)
        fills = [shown, photo, ask_exemplar(photo, mask), model.ask(photo, mask, texture="model")]
        fills += [model.ask(photo, mask, seed) for seed in (0, 1)]
        rows.append(
            np.hstack([cv2.resize(_square(fill), (256, 256), interpolation=cv2.INTER_AREA) for fill in fills])
        )
    cv2.imwrite(str(file), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))


def _square(picture: Array) -> Array:
    side = min(picture.shape[:2])
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    return picture[top : top + side, left : left + side]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--photos", type=Path, default=DATA / "photos/test")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet instead")
    options = parser.parse_args()
    if options.sheet:
        sheet(Model(options.weights), photos(options.photos, options.quick), options.sheet)
    else:
        print("\n".join(table(options.quick, options.weights, options.photos)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
