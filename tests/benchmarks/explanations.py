"""Which way of hiding leaves a network what it knows, and whose maps find what is really there.

Kept predictions: parts of photos are hidden, 16 x 16 patches at random or the most salient first (absolute
gradient of the top class summed over a patch, Simonyan et al. 2013), and it is counted how often the real
MobileNetV2 still says what it said of the whole photo. Maps are drawn for the built-in network on scenes that
it answers rightly and never saw, and held against the exact mask of the object that decides.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".pytest_cache" / "numba"))
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
STRATEGIES = ("layer", "black", "grey", "mean", "blur", "telea")
PATCH = 16
SURE = 0.5
SCENES = 1_000_000
"""The first seed that no training used."""


def table(quick: bool) -> list[str]:
    """All tables as markdown lines; ``quick`` takes fewer photos and scenes."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    lines = ["## Explanations", "", " ".join((__doc__ or "").split("\n\n", 1)[1].split())]
    data = Path(os.environ.get("MASKSTUDIO_DATA", ROOT.parent / "shared" / "data"))
    folder = data / "classifier" / "mobilenet_v2"
    if folder.is_dir():
        photos = sorted((data / "photos" / "test").glob("*.jpg"))
        photos += [] if quick else sorted((data / "photos" / "train").glob("*.jpg"))[::2]
        lines += ["", *kept(folder, photos)]
    else:
        lines += ["", "MobileNetV2 was not measured: MASKSTUDIO_DATA does not hold it."]
    return [
        *lines, "", *right(40 if quick else 200), "", *maps(12 if quick else 60), "",
        *leaks(40 if quick else 200),
    ]  # fmt: skip


def kept(folder: Path, photos: list[Path]) -> list[str]:
    """Table rows: part of predictions that stay, and their mean entropy, by order, share and strategy."""
    from maskengines.attribution.hiding import HidingScorer
    from maskengines.attribution.loaded import displayed
    from maskengines.attribution.networks import load_network
    from maskengines.attribution.scoring import probabilities
    from maskengines.subjects.image_io import load_image

    network = load_network(str(folder))
    stays: dict[tuple[str, str], list[list[bool]]] = {}
    entropies: dict[tuple[str, str], list[list[float]]] = {}
    sure: list[bool] = []
    for number, path in enumerate(photos):
        photo = network.preprocessing.photo(displayed(load_image(path)))
        whole = HidingScorer(network, photo, "grey").logits(np.ones((1, *network.shape), bool))[0]
        top = int(whole.argmax())
        sure.append(bool(probabilities(whole)[top] >= SURE))
        orders = {"random": _random(network.shape, number), "salient first": _salient(network, photo, top)}
        for order, ranks in orders.items():
            visible = np.stack([ranks >= np.quantile(ranks, level) for level in LEVELS])
            for strategy in STRATEGIES:
                p = probabilities(HidingScorer(network, photo, strategy).logits(visible))
                stays.setdefault((order, strategy), []).append((p.argmax(axis=1) == top).tolist())
                bits = -(p * np.log(np.maximum(p, 1e-300))).sum(axis=1)
                entropies.setdefault((order, strategy), []).append(bits.tolist())
    chosen = np.array(sure)
    heads = " | ".join(f"{level:.0%}" for level in LEVELS)
    rows = [
        f"{len(photos)} photos, of which the network is sure of {chosen.sum()} (probability {SURE} or more "
        "for the whole). Part of predictions that stay, sure ones / all / mean entropy of all in nats:",
        "",
        f"| order | strategy | {heads} |",
        "|---|---|" + "---|" * len(LEVELS),
    ]
    for (order, strategy), found in stays.items():
        all_of, sure_of = np.mean(found, axis=0), np.mean(np.array(found)[chosen], axis=0)
        entropy = np.mean(entropies[order, strategy], axis=0)
        cells = " | ".join(
            f"{one:.2f} / {other:.2f} / {nats:.1f}"
            for one, other, nats in zip(sure_of, all_of, entropy, strict=True)
        )
        rows.append(f"| {order} | {strategy} | {cells} |")
    lead = np.mean(np.array(stays["random", "layer"])[chosen], axis=0)[1]
    lead -= np.mean(np.array(stays["random", "grey"])[chosen], axis=0)[1]
    return [*rows, "", f"Layer masking leads grey at 30 % at random by **{lead:.2f}** (wanted: 0.4)."]


def right(count: int) -> list[str]:
    """Table rows: part of right answers of the built-in network on scenes that it never saw, with labels, and
    the mean entropy of its answers, by order, share and strategy."""
    from maskengines.attribution.hiding import HidingScorer
    from maskengines.attribution.networks import load_network
    from maskengines.attribution.scenes import make_scene
    from maskengines.attribution.scoring import probabilities

    network = load_network("")
    found: dict[tuple[str, str], list[Array]] = {}
    for number in range(count):
        scene = make_scene(SCENES + number)
        orders = {
            "random": _random(network.shape, number),
            "salient first": _salient(network, scene.image, scene.label),
        }
        for order, ranks in orders.items():
            visible = np.stack([ranks >= np.quantile(ranks, level) for level in LEVELS])
            for strategy in STRATEGIES:
                p = probabilities(HidingScorer(network, scene.image, strategy).logits(visible))  # type: ignore[arg-type]
                entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(axis=1)
                answers = np.stack([p.argmax(axis=1) == scene.label, entropy])
                found.setdefault((order, strategy), []).append(answers)
    heads = " | ".join(f"{level:.0%}" for level in LEVELS)
    rows = [
        f"Built-in network, {count} scenes with labels. Part of right answers / mean entropy in nats:",
        "",
        f"| order | strategy | {heads} |",
        "|---|---|" + "---|" * len(LEVELS),
    ]
    for (order, strategy), each in found.items():
        accuracy, entropy = np.mean(each, axis=0)
        cells = " | ".join(f"{one:.2f} / {other:.2f}" for one, other in zip(accuracy, entropy, strict=True))
        rows.append(f"| {order} | {strategy} | {cells} |")
    return rows


def maps(count: int) -> list[str]:
    """Table rows: LIME maps of the built-in network against the exact mask of the deciding object."""
    from maskengines.attribution.explaining import explain
    from maskengines.attribution.hiding import HidingScorer
    from maskengines.attribution.networks import load_network
    from maskengines.attribution.scenes import make_scene
    from maskengines.attribution.truth import jaccard_at_area, mask_cosine, pointing_game
    from maskengines.runtime.local import LocalContext

    network = load_network("")
    params = SimpleNamespace(
        method="lime", target="", contrast="", segments="slic", regions=50, samples=256, keep_probability=0.5,
        batch=16, measure="probability",
    )  # fmt: skip
    scores: dict[str, list[tuple[float, float, float]]] = {}
    seed, found = SCENES, 0
    while found < count:
        scene = make_scene(seed)
        seed += 1
        scorer = HidingScorer(network, scene.image, "grey")
        if int(scorer.logits(np.ones((1, *network.shape), bool)).argmax()) != scene.label:
            continue
        found += 1
        mask = scene.main_mask()
        for strategy in ("layer", "grey", "black", "telea"):
            bound = HidingScorer(network, scene.image, strategy)  # type: ignore[arg-type]
            (answer,) = explain(bound, params, LocalContext(), seed)
            heat = answer.result["values"]
            told = mask_cosine(heat, mask), jaccard_at_area(heat, mask), pointing_game(heat, mask)
            scores.setdefault(strategy, []).append(told)
    rows = [
        f"| LIME, 256 samples, {count} scenes | cosine with the mask | Jaccard at its area | pointing game |",
        "|---|---|---|---|",
    ]
    for strategy, each in scores.items():
        cosine, jaccard, hit = np.mean(each, axis=0)
        error = np.std(each, axis=0, ddof=1) / np.sqrt(len(each))
        rows.append(
            f"| {strategy} | {cosine:.3f} \N{PLUS-MINUS SIGN} {error[0]:.3f} | "
            f"{jaccard:.3f} \N{PLUS-MINUS SIGN} {error[1]:.3f} | {hit:.2f} |"
        )
    return rows


def leaks(count: int) -> list[str]:
    """Table rows: whether the outline of what is hidden tells the network what stood there."""
    from maskengines.attribution.hiding import HidingScorer
    from maskengines.attribution.networks import load_network
    from maskengines.attribution.truth import object_cases, object_leak, silhouette_cases, silhouette_leak

    network = load_network("")
    rows = [
        f"| shape leak, {count} scenes | object hidden, still named | hidden silhouette seen |",
        "|---|---|---|",
    ]
    seeds = range(SCENES, SCENES + count)
    for strategy in STRATEGIES:

        def bind(photo: Array, strategy: Any = strategy) -> HidingScorer:
            return HidingScorer(network, photo, strategy)

        kept_right = object_leak(object_cases(bind, seeds))
        seen = silhouette_leak(silhouette_cases(bind, seeds))
        rows.append(f"| {strategy} | {kept_right.kept:.2f} | {seen.hidden:.2f} (unhidden {seen.plain:.2f}) |")
    return rows


def _random(shape: tuple[int, int], seed: int) -> Array:
    """Ranks of patches in random order, ``(H, W)``."""
    cells = np.random.default_rng(seed).permutation((shape[0] // PATCH) * (shape[1] // PATCH))
    return _enlarged(cells, shape)


def _salient(network: Any, photo: Array, top: int) -> Array:
    """Ranks of patches, the most salient first, ``(H, W)``."""
    import torch

    with torch.enable_grad():
        picture = torch.from_numpy(network.preprocessing.normalised(photo[None])).requires_grad_()
        network.forward(picture)[0, top].backward()
    assert picture.grad is not None
    heat = picture.grad[0].abs().sum(0).numpy()
    rows, columns = heat.shape[0] // PATCH, heat.shape[1] // PATCH
    sums = heat[: rows * PATCH, : columns * PATCH].reshape(rows, PATCH, columns, PATCH).sum(axis=(1, 3))
    ranks = np.empty(sums.size, int)
    ranks[np.argsort(-sums, axis=None, kind="stable")] = np.arange(sums.size)
    return _enlarged(ranks, heat.shape)


def _enlarged(cells: Array, shape: tuple[int, ...]) -> Array:
    rows, columns = shape[0] // PATCH, shape[1] // PATCH
    return np.kron(cells.reshape(rows, columns), np.ones((PATCH, PATCH), int))


if __name__ == "__main__":
    print("\n".join(table("--quick" in sys.argv)))
