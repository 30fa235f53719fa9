"""Layer masking against the plain network: what it costs, what the cost follows, how soon a probe answers.

CPU time of one thread, the runs taking turns; medians. The plain network runs in the memory layout that is
the faster one for it, the masked one with channels last, as in the studio. ResNet-50 has random weights,
MobileNetV2 is the real one of the test data; both look at 224 x 224 pixels.
"""

from __future__ import annotations

import copy
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".pytest_cache" / "numba"))
SIDE = 224


def table(quick: bool) -> list[str]:
    """All tables as markdown lines; ``quick`` repeats less."""
    import torch
    import transformers

    torch.set_num_threads(1)
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    rounds = 9 if quick else 31
    module = transformers.ResNetForImageClassification(transformers.ResNetConfig()).eval()
    lines = ["## Attribution", "", *_words(), "", *costs("ResNet-50", module, rounds)]
    folder = (
        Path(os.environ.get("MASKSTUDIO_DATA", ROOT.parent / "shared" / "data")) / "classifier/mobilenet_v2"
    )
    if not folder.is_dir():
        return [*lines, "", f"MobileNetV2 was not measured: there is no {folder.name} in MASKSTUDIO_DATA."]
    module = transformers.AutoModelForImageClassification.from_pretrained(folder, dtype=torch.float32).eval()
    lines += ["", *costs("MobileNetV2", module, rounds), "", *boundaries(module, rounds)]
    return [*lines, "", *probes(folder, rounds)]


def masks() -> dict[str, Array]:
    """What is visible, ``(224, 224)`` bool: of a painted blob, of scattered patches, of superpixels."""
    y, x = np.mgrid[:SIDE, :SIDE]
    angle = np.arctan2(y - 105, x - 118)
    blob = np.hypot(y - 105, x - 118) > 48 * (1 + 0.2 * np.sin(3 * angle) + 0.1 * np.sin(5 * angle))
    cells = np.random.default_rng(0).random((14, 14)) > 0.3
    halves = np.random.default_rng(1).random((7, 7)) > 0.5
    return {
        "painted blob": blob,
        "30 % of 16 x 16 patches": np.kron(cells, np.ones((16, 16), bool)),
        "half of 32 x 32 squares": np.kron(halves, np.ones((32, 32), bool)),
    }


def costs(name: str, module: Any, rounds: int) -> list[str]:
    """Table rows: masked against plain, by kind of mask."""
    seen = {kind: _row(visible) for kind, visible in masks().items()}
    spent, layout = _measured(module, seen, rounds)
    rows = [f"| {name} | hidden | CPU ms | masked / plain |", "|---|---|---|---|"]
    rows.append(f"| plain, {layout} | 0 % | {1e3 * spent['plain']:.1f} | |")
    for kind, visible in seen.items():
        share = 1 - float(visible.float().mean())
        ratio = spent[kind] / spent["plain"]
        rows.append(f"| {kind} | {share:.0%} | {1e3 * spent[kind]:.1f} | **{ratio:.2f}** |")
    return rows


def boundaries(module: Any, rounds: int) -> list[str]:
    """Table rows: masks of very different areas and edges."""
    y, x = np.mgrid[:SIDE, :SIDE]
    shapes = {
        "disc of 60 pixels": np.hypot(y - 112, x - 112) > 30,
        "disc of 126 pixels": np.hypot(y - 112, x - 112) > 63,
        "all but the disc of 126 pixels": np.hypot(y - 112, x - 112) <= 63,
        "stripes of 8 pixels": (y // 8 + 0 * x) % 2 == 0,
    }
    spent, _ = _measured(module, {kind: _row(visible) for kind, visible in shapes.items()}, rounds)
    rows = ["| MobileNetV2 | hidden | edge, pixels | CPU ms over plain |", "|---|---|---|---|"]
    for kind, visible in shapes.items():
        edge = int((visible[1:] != visible[:-1]).sum() + (visible[:, 1:] != visible[:, :-1]).sum())
        over = 1e3 * (spent[kind] - spent["plain"])
        rows.append(f"| {kind} | {1 - visible.mean():.0%} | {edge} | {over:.1f} |")
    return rows


def probes(folder: Path, rounds: int) -> list[str]:
    """Table rows: from a changed mask on a photo of 4000 x 3000 to the table of classes."""
    from maskengines.attribution.networks import load_network
    from maskengines.attribution.probe import Probe, table

    photo = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), np.uint8)
    probe = Probe(load_network(str(folder)), photo)
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[900:2100, 1500:2900] = 255

    def answer(strategy: Any) -> Callable[[], Any]:
        def run() -> dict[str, Any]:
            visible = probe.visible(mask, False)
            return table(probe, visible, probe.look(visible, strategy), strategy, [])

        return run

    runs = {strategy: answer(strategy) for strategy in ("layer", "grey", "blur", "telea")}
    spent, slow = _turns(runs, rounds), _turns(runs, rounds, at=90)
    rows = [
        "| live answer, MobileNetV2, photo of 4000 x 3000 | CPU ms, median | 90 % below |",
        "|---|---|---|",
    ]
    return rows + [f"| {kind} | {1e3 * spent[kind]:.0f} | {1e3 * slow[kind]:.0f} |" for kind in runs]


def _words() -> list[str]:
    return [" ".join((__doc__ or "").split("\n\n", 1)[1].split())]


def _row(visible: Array) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(visible))[None]


def _measured(module: Any, masks: Mapping[str, Any], rounds: int) -> tuple[dict[str, float], str]:
    """CPU seconds of the plain network and of every mask, and the layout in which the plain one is faster."""
    import torch
    from maskengines.attribution.masking.mode import masked_logits

    picture = torch.randn(1, 3, SIDE, SIDE)
    last = picture.contiguous(memory_format=torch.channels_last)
    other = copy.deepcopy(module).to(memory_format=torch.channels_last)
    runs: dict[str, Callable[[], Any]] = {
        "channels first": lambda: module(picture),
        "channels last": lambda: other(last),
    }
    for kind, visible in masks.items():
        runs[kind] = partial(masked_logits, lambda pictures: other(pictures).logits, last, visible)
    spent = _turns(runs, rounds)
    layout = min(("channels first", "channels last"), key=lambda name: spent[name])
    return {**spent, "plain": spent[layout]}, layout


def _turns(runs: Mapping[str, Callable[[], Any]], rounds: int, at: float = 50) -> dict[str, float]:
    """CPU seconds of each, taking turns; the given percentile."""
    spent: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 2):
        for name, run in runs.items():
            begin = time.process_time()
            run()
            if turn >= 2:
                spent[name].append(time.process_time() - begin)
    return {name: float(np.percentile(times, at)) for name, times in spent.items()}


if __name__ == "__main__":
    print("\n".join(table("--quick" in sys.argv)))
