"""`diffpose` against the deterministic baseline of Martinez et al. 2017, on people that neither has seen.

Run ``python -m tests.benchmarks pose [--quick]``; ``python -m tests.benchmarks.pose --split val [--weights
FILE] [--noise 1.0 1.1 ...]`` is for choosing between weights and settings. Bodies are drawn from the
held-out subjects, seen by random cameras, and seeds are fixed, so every machine measures the same questions.
Errors are millimetres, from the hip (protocol 1) or after Procrustes alignment (PA, protocol 2). "Sized"
scales each hypothesis to the size of the person, which one picture does not tell. Bones are compared with
the true ones; the authors' code compares left and right of the same hypothesis instead, which is given
beside it. A region of 50 % holds the half of the
hypotheses nearest their mean; coverage is how often it holds the true joint. Reprojection is the distance
in the picture to the joints that were given, for a body of 500 pixels.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from maskengines.assets import assets_folder
from maskengines.pose import measures
from maskengines.pose.baseline import load_baseline
from maskengines.pose.heatmaps import Mixtures, draw
from maskengines.pose.hypotheses import one_body
from maskengines.pose.network import BASELINE, UNIT_MM, WEIGHTS, DiffPose, load_network
from maskengines.pose.projection import reprojected
from maskengines.pose.sampler import CALIBRATED, UNSEEN, Plan
from maskengines.pose.sampling import Chance, hypotheses
from maskengines.pose.simulate import Faults, Views, evidence, seen
from maskengines.pose.skeleton import COUNT
from torch import Generator, Tensor

Array = np.ndarray[Any, Any]
ROOT = Path(__file__).resolve().parents[2]

HYPOTHESES = 200
PAPER, SHIPPED = Plan(25, "ancestral"), Plan(25, "ancestral", CALIBRATED, unseen=UNSEEN)
OUTER = ((12, 13), (15, 16), (2, 3), (5, 6))
ENDS = (13, 16, 3, 6)


@dataclass(frozen=True)
class Case:
    """Evidence for some bodies; `hidden` joints are the ones that cannot be seen, `pins` whether the others
    are known in 3D.
    """

    name: str
    views: Views
    evidence: Mixtures
    hidden: Tensor
    pins: bool = False


@dataclass
class Figures:
    """Hypotheses (B, N, 17, 3) for a case, the truth (B, 17, 3), what took how long."""

    poses: Array
    truth: Array
    hidden: Array
    seconds: float
    reprojection: float
    pinned: bool

    def cells(self) -> dict[str, float]:
        """All figures by name."""
        errors = measures.mpjpe(self.poses, self.truth)
        sized = measures.resized(self.poses, self.truth)
        central = measures.inside(self.poses, self.truth)
        # Regions of joints that are given in 3D have no size.
        free = central[self.hidden] if self.pinned else central[:, 1:]
        found = {
            "one": errors[:, 0].mean(),
            "mean": measures.joint_errors(self.poses.mean(1), self.truth).mean(),
            "min": errors.min(1).mean(),
            "PA min": measures.mpjpe(measures.aligned(self.poses, self.truth), self.truth).min(1).mean(),
            "50 %": 100 * measures.coverage(free, 0.5),
            "90 %": 100 * measures.coverage(free, 0.9),
            "bones": measures.bone_error(self.poses, self.truth),
            "sized min": measures.mpjpe(sized, self.truth).min(1).mean(),
            "sized bones": measures.bone_error(sized, self.truth),
            "left/right": measures.asymmetry(self.poses),
            "reprojection": self.reprojection,
        }
        if self.hidden.any():
            errors = measures.mpjpe(self.poses, self.truth, self.hidden)
            found["hidden one"] = np.nanmean(errors[:, 0])
            found["hidden min"] = np.nanmean(errors.min(1))
            found["hidden 50 %"] = 100 * measures.coverage(central[self.hidden], 0.5)
            found["hidden 90 %"] = 100 * measures.coverage(central[self.hidden], 0.9)
        return {name: float(value) for name, value in found.items()}


def cases(poses: Tensor) -> list[Case]:
    """The questions about some upright bodies: everything seen; one limb and one more end not, told by wide
    and misplaced evidence, by none, or by none while the other joints are pinned in 3D.
    """
    generator = Generator().manual_seed(1)
    views = seen(poses, generator)
    count = len(poses)
    nothing = torch.zeros(count, COUNT, dtype=torch.bool)
    hidden = nothing.clone()
    for row in range(count):
        limb, end = torch.randint(0, 4, (2,), generator=generator).tolist()
        hidden[row, list(OUTER[limb])] = True
        hidden[row, ENDS[end]] = True
    clean = evidence(views, Faults().none(), generator, 0.05, 0.08)
    wide = 0.10 + 0.25 * torch.rand(count, COUNT, generator=generator)
    away = 0.7 * wide[..., None] * torch.randn(count, COUNT, 2, generator=generator)
    low = 0.08 + 0.35 * torch.rand(count, COUNT, generator=generator)

    def first(values: Tensor, changed: Tensor) -> Tensor:
        return torch.stack([changed, values[:, :, 1]], 2)

    centres, sigmas, heights = clean.centres, clean.sigmas, clean.heights
    vague = Mixtures(
        first(centres, torch.where(hidden[..., None], centres[:, :, 0] + away, centres[:, :, 0])),
        first(sigmas, torch.where(hidden, wide, sigmas[:, :, 0])),
        first(heights, torch.where(hidden, low, heights[:, :, 0])),
    )
    dropped = Mixtures(centres, sigmas, torch.where(hidden[..., None], 0.0, heights))
    return [
        Case("clean", views, clean, nothing),
        Case("painted wide", views, vague, hidden),
        Case("no evidence", views, dropped, hidden),
        Case("no evidence, rest pinned", views, dropped, hidden, pins=True),
    ]


def answers(network: DiffPose, case: Case, plan: Plan, bodies: Callable[[Array, Array], Array]) -> Figures:
    """Hypotheses for all bodies of a case, one body at a time as the engine does."""
    truth, found, missed = case.views.poses.numpy(), [], []
    started = time.process_time()
    for row in range(len(truth)):
        one = Mixtures(*(part[row : row + 1] for part in vars(case.evidence).values()))
        chance = Chance(np.random.default_rng(row), HYPOTHESES, network.sizes.candidates, plan)
        pinned = ~case.hidden[row] if case.pins else torch.zeros(COUNT, dtype=torch.bool)
        poses = hypotheses(
            network,
            one.repeated(HYPOTHESES),
            chance,
            plan,
            pins=case.views.poses[row].expand(HYPOTHESES, -1, -1),
            pinned=pinned.expand(HYPOTHESES, -1),
        ).numpy()
        found.append(bodies(poses, pinned.numpy()))
        places, weights = one.centres[0, :, 0].numpy(), (~case.hidden[row]).numpy().astype(float)
        seen_at, _ = reprojected(found[-1], places, weights)
        missed.append(250 * np.linalg.norm(seen_at - places, axis=-1)[:, weights > 0].mean())
    seconds = (time.process_time() - started) / len(truth)
    return Figures(np.stack(found), truth, case.hidden.numpy(), seconds, float(np.mean(missed)), case.pins)


def baseline_error(case: Case) -> tuple[float, float]:
    """Mean error of the baseline over all joints and over the hidden ones (NaN without any)."""
    network = load_baseline(assets_folder() / BASELINE)
    count = len(case.views.poses)
    # Only the first candidate counts, and it is not drawn.
    candidates = draw(case.evidence, torch.zeros(count, COUNT, 1), torch.zeros(count, COUNT, 1, 2))
    with torch.no_grad():
        poses = torch.cat([torch.zeros(count, 1, 3), network(candidates) * UNIT_MM], 1)
    errors = measures.joint_errors(poses.numpy(), case.views.poses.numpy())
    hidden = case.hidden.numpy()
    return float(errors.mean()), float(errors[hidden].mean()) if hidden.any() else float("nan")


def held_out(split: str, count: int) -> Tensor:
    """Poses of a split, the same ones each time."""
    data = Path(os.environ.get("MASKSTUDIO_DATA", ROOT.parent / "shared" / "data"))
    with np.load(data / "pose/poses17_mm_f16.npz") as held:
        poses = torch.from_numpy(held[split].astype(np.float32))
    return poses[torch.randperm(len(poses), generator=Generator().manual_seed(1))[:count]]


COLUMNS = (
    "min", "sized min", "PA min", "one", "mean", "50 %", "90 %",
    "bones", "sized bones", "left/right", "reprojection",
)  # fmt: skip
FINE = ("bones", "sized bones", "left/right", "reprojection")
HIDDEN = ("hidden min", "hidden one", "hidden 50 %", "hidden 90 %")


def table(
    quick: bool,
    split: str = "test",
    plans: tuple[Plan, ...] = (PAPER, SHIPPED),
    weights: Path | None = None,
) -> str:
    """Markdown tables of all figures, of the shipped weights if no others are given."""
    torch.set_num_threads(1)
    count = 30 if quick else 100
    network, digest = load_network(weights or assets_folder() / WEIGHTS)
    lines = [
        "## Pose",
        "",
        f"`diffpose` (weights {digest[:8]}) on {count} bodies of the {split} subjects, {HYPOTHESES}",
        "hypotheses each: error of the best, of the best at the true size, of the best after alignment, of",
        "one and of their mean; share of true joints within the regions of 50 and 90 %; the error of the",
        "bones, at the true size too, and how far left and right differ; the distance to the given joints in",
        "a picture of 500 pixels. Millimetres but for that. How it is measured is said in",
        "`tests/benchmarks/pose.py`.",
        "",
    ]
    asked = cases(held_out(split, count))
    bases = [baseline_error(case) for case in asked]
    head = ["evidence", "sampler", *COLUMNS, "baseline", "CPU s"]
    rows, hidden_rows = [], []
    for case, (base, base_hidden) in zip(asked, bases, strict=True):
        for plan in plans:
            figures = answers(network, case, plan, one_body)
            cells = figures.cells()
            name = f"{plan.method} {plan.steps}, noise x {plan.spread:g}"
            name += f" (unseen x {plan.spread * plan.unseen:.2g})" if plan.unseen != 1 else ""
            against = "-" if case.pins else f"{base:.0f}"
            numbers = [
                f"{cells[column]:.1f}" if column in FINE else f"{cells[column]:.0f}" for column in COLUMNS
            ]
            rows.append([case.name, name, *numbers, against, f"{figures.seconds:.2f}"])
            if case.hidden.any():
                numbers = [f"{cells[column]:.0f}" for column in HIDDEN]
                hidden_rows.append([case.name, name, *numbers, "-" if case.pins else f"{base_hidden:.0f}"])
    lines += _markdown(head, rows)
    lines += ["", "Of the joints that were hidden alone:", ""]
    lines += _markdown(["evidence", "sampler", "min", "one", "50 %", "90 %", "baseline"], hidden_rows)
    return "\n".join(lines)


def _markdown(head: list[str], rows: list[list[str]]) -> list[str]:
    marks = ["---" if index < 2 else "---:" for index in range(len(head))]
    return ["| " + " | ".join(row) + " |" for row in (head, marks, *rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--weights", type=Path, help="default: the shipped ones")
    parser.add_argument("--noise", type=float, nargs="+", default=[1.0, CALIBRATED], help="factors to try")
    parser.add_argument("--unseen", type=float, nargs="+", default=[UNSEEN], help="factors on top of it")
    options = parser.parse_args()
    plans = tuple(
        Plan(25, "ancestral", noise, unseen=unseen) for noise in options.noise for unseen in options.unseen
    )
    print(table(options.quick, options.split, plans, options.weights))


if __name__ == "__main__":
    main()
