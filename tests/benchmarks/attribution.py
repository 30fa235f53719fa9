"""Layer masking against the plain network: what it costs, what the cost follows, how soon a probe answers.

CPU seconds of one thread, the runs taking turns; medians. A network is measured in the memory layout that is
the faster one for it without a mask. ResNet-50 has random weights, MobileNetV2 is the real one of the test
data; both look at 224 x 224 pixels.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
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
    forward, picture, plain = _fastest(module, rounds)
    seen = {kind: _row(visible) for kind, visible in masks().items()}
    runs: dict[str, Callable[[], Any]] = {"plain": lambda: forward(picture)}
    runs |= {kind: _masked(forward, picture, rows) for kind, rows in seen.items()}
    spent = _turns(runs, rounds)
    rows = [f"| {name}, {plain} | hidden | CPU ms | masked / plain |", "|---|---|---|---|"]
    rows.append(f"| plain | 0 % | {1e3 * spent['plain']:.1f} | |")
    for kind, visible in seen.items():
        share = 1 - float(visible.float().mean())
        ratio = spent[kind] / spent["plain"]
        rows.append(f"| {kind} | {share:.0%} | {1e3 * spent[kind]:.1f} | **{ratio:.2f}** |")
    return rows


def boundaries(module: Any, rounds: int) -> list[str]:
    """Table rows: the cost over the plain network, for masks of one area and of one boundary."""
    forward, picture, _ = _fastest(module, rounds)
    y, x = np.mgrid[:SIDE, :SIDE]
    shapes = {
        "disc, 25 % hidden": np.hypot(y - 112, x - 112) > 63,
        "checkerboard of 8 pixels, 50 % hidden": (y // 8 + x // 8) % 2 == 0,
        "all but a disc, 75 % hidden": np.hypot(y - 112, x - 112) <= 63,
    }
    runs: dict[str, Callable[[], Any]] = {"plain": lambda: forward(picture)}
    runs |= {kind: _masked(forward, picture, _row(visible)) for kind, visible in shapes.items()}
    spent = _turns(runs, rounds)
    rows = ["| MobileNetV2 | edge, pixels | CPU ms over plain |", "|---|---|---|"]
    for kind, visible in shapes.items():
        edge = int((visible[1:] != visible[:-1]).sum() + (visible[:, 1:] != visible[:, :-1]).sum())
        rows.append(f"| {kind} | {edge} | {1e3 * (spent[kind] - spent['plain']):.1f} |")
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


def _masked(forward: Callable[[Any], Any], picture: Any, visible: Any) -> Callable[[], Any]:
    from maskengines.attribution.masking.mode import masked_logits

    return lambda: masked_logits(forward, picture, visible)


def _fastest(module: Any, rounds: int) -> tuple[Callable[[Any], Any], Any, str]:
    """The forward pass, a picture in the layout in which it is faster, and that layout's name."""
    import torch

    def forward(pictures: Any) -> Any:
        return module(pictures).logits

    spent = {}
    picture = torch.randn(1, 3, SIDE, SIDE)
    layouts = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}
    for name, layout in layouts.items():
        module.to(memory_format=layout)
        laid = picture.contiguous(memory_format=layout)
        spent[name] = _turns({name: lambda laid=laid: forward(laid)}, max(5, rounds // 3))[name]
    best = min(spent, key=lambda name: spent[name])
    module.to(memory_format=layouts[best])
    return forward, picture.contiguous(memory_format=layouts[best]), best


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
