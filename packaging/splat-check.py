"""Compares Gaussians that went through SuperSplat's converter; see splat-check.sh."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.splat_files import load_gaussians, save_gaussians
from scipy.spatial import cKDTree

# At most lost: position, scale, rotation (1 - |q1 . q2|), opacity, colour, harmonics.
LOST = {
    "ply": (0, 0, 1e-6, 1e-6, 1e-6, 0),
    "compressed.ply": (0.02, 0.006, 1e-4, 0.003, 0.004, 0.017),
    "spz": (3e-4, 0.032, 1e-4, 0.003, 0.004, 0.07),
    "splat": (0, 1e-5, 1e-3, 0.003, 0.003, None),
    "same": (2e-6, 2e-6, 1e-6, 0, 1e-6, 2e-6),
}

THEIRS = (("ply",), ("compressed.ply",), ("spz", "--spz-version", "3"), ("spz",), ("sog",))
"""What SOG loses is the converter's own affair: its codebooks are fitted, and far off for noise like ours."""


def some(degree: int) -> Gaussians:
    rng = np.random.default_rng(degree)
    count = 1000
    harmonics = np.clip(rng.normal(0, 0.2, (count, (degree + 1) ** 2, 3)), -0.9, 0.9)
    harmonics[:, 0] = rng.uniform(-1.6, 1.6, (count, 3))
    return Gaussians(
        rng.normal(0, 3, (count, 3)), rng.normal(-3, 1, (count, 3)), rng.normal(size=(count, 4)),
        rng.normal(0, 2, count), harmonics,
    )  # fmt: skip


def differences(one: Gaussians, two: Gaussians) -> list[float]:
    """As in `LOST`; inf where they are not the same Gaussians."""
    index = cKDTree(two.means).query(one.means)[1]
    if len(one) != len(two) or len(set(index.tolist())) < len(one):
        return [np.inf] * 6
    two = two.take(index)
    turns = [held.rotations / np.linalg.norm(held.rotations, axis=1, keepdims=True) for held in (one, two)]
    shared = min(one.harmonics.shape[1], two.harmonics.shape[1])
    aligned = np.abs((turns[0] * turns[1]).sum(axis=1))
    pairs = [
        (one.means, two.means), (one.scales, two.scales), (np.ones(len(one)), aligned),
        (one.alphas, two.alphas), (one.colours, two.colours),
        (one.harmonics[:, 1:shared], two.harmonics[:, 1:shared]),
    ]  # fmt: skip
    return [float(np.abs(a - b).max(initial=0)) for a, b in pairs]


def check(what: str, kind: str, found: list[float]) -> bool:
    good = all(most is None or value <= most for value, most in zip(found, LOST[kind], strict=True))
    print(f"{'ok ' if good else 'BAD'} {what:52}", " ".join(f"{value:.1e}" for value in found))
    return good


def main() -> int:
    program, folder = sys.argv[1], Path(sys.argv[2])

    def convert(*words: str | Path) -> None:
        subprocess.run([program, "-q", "-w", "-g", "cpu", *words], check=True, stdout=subprocess.DEVNULL)

    good = True
    print(f"{'':56}position scale rotation opacity colour harmonics")
    for degree in range(4):
        given = some(degree)
        plain = folder / f"given{degree}.ply"
        save_gaussians(given, plain)
        for kind in ("ply", "compressed.ply", "spz", "splat"):
            ours, back = folder / f"ours{degree}.{kind}", folder / "back.ply"
            save_gaussians(given, ours)
            convert(ours, back)
            found = differences(given, load_gaussians(back).gaussians)
            good &= check(f"degree {degree}: it reads our .{kind}", kind, found)
        for kind, *words in THEIRS:
            theirs, what = folder / f"theirs{degree}.{kind}", f"degree {degree}: we read its .{kind}"
            convert(*words, plain, theirs)
            read = load_gaussians(theirs).gaussians
            if kind in LOST:
                good &= check(" ".join([what, *words]), kind, differences(given, read))
            convert(theirs, folder / "same.ply")
            # Opacities of exactly 0 and 1 have no logit, and each of us has a way around that.
            same = differences(load_gaussians(folder / "same.ply").gaussians, read)
            good &= check(f"{what} as it does", "same", [*same[:3], 0, *same[4:]])
    print("All agree." if good else "Some do not agree.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
