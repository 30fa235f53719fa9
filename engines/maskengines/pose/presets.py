"""Poses to start from, drawn from the network's own prior: ``python -m maskengines.pose.presets``.

Asked without any evidence, the network tells what bodies it expects. A name is a region of those, by the
angles of limbs; the body that stands for it is its medoid. The regions were chosen by looking at what the
prior gives (``--look`` draws them): nobody in it bends down or lies. A picture does not tell where up is;
here the feet do.

The presets that ship were drawn with the weights as they were before their last 4500 steps, which the history
of ``assets/networks/diffpose`` has (``--weights``). With those of today the medoids of crouching and sitting
are nearly one pose.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from maskengines.assets import assets_folder
from maskengines.files import atomic_write
from maskengines.pose.heatmaps import Mixtures
from maskengines.pose.hypotheses import distances, one_body
from maskengines.pose.network import WEIGHTS, DiffPose, load_network
from maskengines.pose.sampler import Plan
from maskengines.pose.sampling import Chance, hypotheses
from maskengines.pose.skeleton import BONES, COUNT, INDEX, JOINTS, MIRROR, bone_lengths
from maskengines.subjects.pose_skeleton import upright_from_camera

Array = np.ndarray[Any, Any]

SEED, BODIES = 0, 12_000
FEWEST = 6
"""A region with fewer bodies is none of the prior's."""

_AT_ONCE = 200
_CROWD = 1500  # of a large region, as many bodies as its medoid is looked for among


@dataclass(frozen=True)
class Build:
    """Measures of bodies, ``(N,)`` each: angles in degrees, heights and lengths in lengths of the trunk.

    Attributes:
        thigh, knee, elbow: ``(N, 2)``, left and right: how far a thigh is lifted from the line of the trunk,
            how far knee and elbow are bent.
        hand, forward, out: ``(N, 2)``: a wrist above the shoulders, before the trunk, aside of its shoulder.
        stride: the thighs' angle, positive where the left one is in front.
        lean: the trunk's angle to the vertical.
        apart: between the ankles.
        below: ``(N, 2)``: how far the ankle is below the hip, along the vertical.
    """

    thigh: Array
    knee: Array
    elbow: Array
    hand: Array
    forward: Array
    out: Array
    stride: Array
    lean: Array
    apart: Array
    below: Array


@dataclass(frozen=True)
class Preset:
    """A name and what it means; ``turn`` is how far the body is turned from facing the viewer, in degrees."""

    name: str
    means: Callable[[Build], Any]
    turn: float = 25.0


def _between(values: Array, low: float, high: float) -> Array:
    inside: Array = (values >= low) & (values <= high)
    return inside


def _calm(build: Build) -> Array:
    """Both legs straight under an upright trunk."""
    legs: Any = (build.thigh < 18).all(1) & (build.knee < 25).all(1) & (build.lean < 10)
    return legs


PRESETS = (
    Preset(
        "standing", lambda b: _calm(b) & (b.hand < -0.75).all(1) & (b.apart < 0.6) & (b.elbow < 45).all(1)
    ),
    Preset(
        "walking",
        lambda b: _between(b.stride, 30, 55) & (b.hand < -0.4).all(1) & (b.lean < 15) & (b.knee[:, 0] < 40),
        60,
    ),
    Preset(
        "running",
        lambda b: (b.stride > 45) & (b.knee[:, 1] > 50) & (b.elbow > 55).all(1) & (b.hand < 0).all(1),
        60,
    ),
    Preset("knee raised", lambda b: (b.thigh[:, 0] > 70) & (b.thigh[:, 1] < 25) & (b.lean < 20), 40),
    Preset("crouching", lambda b: (b.thigh > 50).all(1) & (b.knee > 60).all(1) & (b.below > 0.4).all(1), 45),
    Preset(
        "sitting",
        lambda b: (b.thigh > 65).all(1) & _between(b.knee, 60, 115).all(1) & (b.hand < -0.3).all(1),
        45,
    ),
    Preset("arms raised", lambda b: (b.hand > 0.35).all(1) & (b.thigh < 35).all(1), 20),
    Preset("waving", lambda b: (b.hand[:, 0] > 0.35) & (b.hand[:, 1] < -0.3) & (b.thigh < 30).all(1), 15),
    Preset(
        "arms out",
        lambda b: (b.out > 0.55).all(1) & (abs(b.hand) < 0.5).all(1) & (b.thigh < 30).all(1),
        15,
    ),
    Preset(
        "reaching",
        lambda b: (b.forward[:, 0] > 0.75) & (abs(b.hand[:, 0]) < 0.4) & (b.hand[:, 1] < -0.3)
        & (b.thigh < 40).all(1),
        50,
    ),
    Preset(
        "on guard",
        lambda b: (b.elbow > 80).all(1) & _between(b.hand, -0.35, 0.25).all(1) & (b.forward > 0.15).all(1)
        & (b.thigh < 40).all(1),
        40,
    ),
)  # fmt: skip


def prior(network: DiffPose, count: int = BODIES, seed: int = SEED) -> Array:
    """``(count, 17, 3)`` mm, camera frame: what bodies the network expects where it is shown nothing."""
    generator = np.random.default_rng(seed)
    plan = Plan()
    nothing = Mixtures(torch.zeros(1, COUNT, 1, 2), torch.ones(1, COUNT, 1), torch.zeros(1, COUNT, 1))
    parts = []
    for first in range(0, count, _AT_ONCE):
        rows = min(_AT_ONCE, count - first)
        chance = Chance(generator, rows, network.sizes.candidates, plan)
        free = torch.zeros(rows, COUNT, dtype=torch.bool)
        pins = torch.zeros(rows, COUNT, 3)
        parts.append(hypotheses(network, nothing.repeated(rows), chance, plan, pins=pins, pinned=free))
    return one_body(torch.cat(parts).numpy(), np.zeros(COUNT, bool))


def straightened(poses: Array) -> Array:
    """Bodies (N, 17, 3) of the camera's frame as they stand: upright frame, facing +Z, equally large.

    How the camera was tilted nobody knows. A standing body's weight is above its feet; one whose thighs are
    both lifted sits, and the vertical is that of its trunk.
    """
    bodies = upright_from_camera(poses).astype(np.float64)
    sizes = bone_lengths(bodies).sum(1)
    bodies *= (np.median(sizes) / sizes)[:, None, None]
    trunk = _unit(bodies[:, INDEX["Thorax"]])
    ankles = bodies[:, [INDEX["LAnkle"], INDEX["RAnkle"]]]
    heights = np.einsum("nad,nd->na", ankles, trunk)
    # A lifted foot bears nothing.
    bears = np.exp(-(heights - heights.min(1, keepdims=True)) / 80)
    feet = (ankles * bears[..., None]).sum(1) / bears.sum(1, keepdims=True)
    weight = bodies[:, [0, INDEX["Thorax"]]].mean(1)
    stands = _unit(weight - feet)
    least = _angles(bodies, trunk)[0].min(1, keepdims=True)
    up = np.where(least > 65, trunk, stands)
    across = (
        bodies[:, INDEX["LHip"]] - bodies[:, INDEX["RHip"]]
        + 0.5 * (bodies[:, INDEX["LShoulder"]] - bodies[:, INDEX["RShoulder"]])
    )  # fmt: skip
    across = _unit(across - np.einsum("nd,nd->n", across, up)[:, None] * up)
    frame = np.stack([across, up, np.cross(across, up)], 1)
    turned: Array = np.einsum("nij,nkj->nki", frame, bodies)
    return turned


def measured(bodies: Array) -> Build:
    """The measures of bodies as `straightened` gives them."""
    trunk = _unit(bodies[:, INDEX["Thorax"]])
    length = np.linalg.norm(bodies[:, INDEX["Thorax"]], axis=1)[:, None]
    thigh, knee, elbow = _angles(bodies, trunk)
    shoulders = bodies[:, [INDEX["LShoulder"], INDEX["RShoulder"]]]
    wrists = bodies[:, [INDEX["LWrist"], INDEX["RWrist"]]] - shoulders
    ankles = bodies[:, [INDEX["LAnkle"], INDEX["RAnkle"]]]
    thighs = bodies[:, [INDEX["LKnee"], INDEX["RKnee"]]] - bodies[:, [INDEX["LHip"], INDEX["RHip"]]]
    swing = np.degrees(np.arctan2(thighs[..., 2], -thighs[..., 1]))
    return Build(
        thigh=thigh,
        knee=knee,
        elbow=elbow,
        hand=wrists[..., 1] / length,
        forward=wrists[..., 2] / length,
        out=wrists[..., 0] * (1, -1) / length,
        stride=swing[:, 0] - swing[:, 1],
        lean=np.degrees(np.arccos(np.clip(trunk[:, 1], -1, 1))),
        apart=np.linalg.norm(ankles[:, 0] - ankles[:, 1], axis=1) / length[:, 0],
        below=-ankles[..., 1] / length,
    )


def region(bodies: Array, preset: Preset) -> Array:
    """The bodies that a name means, ``(M, 17, 3)``; a body counts as its mirror image, too."""
    both = np.concatenate([bodies, bodies[:, list(MIRROR)] * (-1, 1, 1)])
    found: Array = both[preset.means(measured(both))]
    return found


def representative(bodies: Array) -> Array:
    """The medoid ``(17, 3)`` of a region."""
    crowd = bodies[:_CROWD]
    middle: Array = crowd[distances(crowd).sum(1).argmin()]
    return middle


def seen(body: Array, turn: float) -> Array:
    """An upright body turned about the vertical and put into the camera's frame, float32 mm."""
    angle = np.radians(turn)
    x = np.cos(angle) * body[:, 0] + np.sin(angle) * body[:, 2]
    z = np.cos(angle) * body[:, 2] - np.sin(angle) * body[:, 0]
    return upright_from_camera(np.column_stack([x, body[:, 1], z])).astype(np.float32)


def _angles(bodies: Array, trunk: Array) -> tuple[Array, Array, Array]:
    """Thighs to the line of the trunk, bend of knees and of elbows: (N, 2) degrees each, left and right."""

    def bone(start: str, end: str) -> Array:
        places = [[INDEX[side + end], INDEX[side + start]] for side in "LR"]
        found: Array = bodies[:, [a for a, _ in places]] - bodies[:, [b for _, b in places]]
        return found

    def between(first: Array, second: Array) -> Array:
        cosine = (_unit(first) * _unit(second)).sum(-1)
        found: Array = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        return found

    thigh = bone("Hip", "Knee")
    return (
        between(thigh, -trunk[:, None]),
        between(thigh, bone("Knee", "Ankle")),
        between(bone("Shoulder", "Elbow"), bone("Elbow", "Wrist")),
    )


def _unit(vectors: Array) -> Array:
    found: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return found


def write(folder: Path, bodies: Array) -> list[str]:
    """Write ``presets.npz`` and ``presets.json``, the names, into ``folder``; returns the names.

    Raises:
        ValueError: the prior has too few bodies that a name means.
    """
    regions = [region(bodies, preset) for preset in PRESETS]
    for preset, found in zip(PRESETS, regions, strict=True):
        if len(found) < FEWEST:
            raise ValueError(f"The prior has only {len(found)} bodies that are '{preset.name}'.")
    shown = [seen(representative(found), one.turn) for one, found in zip(PRESETS, regions, strict=True)]
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / "presets.npz") as file:
        np.savez_compressed(file, poses=np.stack(shown).round(1).astype(np.float32))
    names = [preset.name for preset in PRESETS]
    told = {"names": names, "share_percent": [round(50 * len(found) / len(bodies), 2) for found in regions]}
    with atomic_write(folder / "presets.json") as file:
        file.write((json.dumps(told, indent=2) + "\n").encode())
    return names


def look(bodies: Array, side: int = 160, most: int = 9) -> Array:
    """A sheet, (H, W) uint8, of each region: the body that stands for it, then others of it."""
    import cv2

    sheet = np.full((side * len(PRESETS), side * most), 255, np.uint8)
    for row, preset in enumerate(PRESETS):
        found = region(bodies, preset)
        others = found[np.linspace(0, len(found) - 1, most - 1).astype(int)] if len(found) else found
        shown = [representative(found), *others] if len(found) else []
        cv2.putText(sheet, f"{preset.name} {len(found)}", (4, side * row + 14), 0, 0.4, 0, 1, cv2.LINE_AA)
        for column, body in enumerate(shown):
            flat = seen(body, preset.turn)[:, :2] * (side / 2400) + side * (np.array([column, row]) + 0.5)
            for parent, joint in BONES:
                ends = [tuple(place) for place in flat[[parent, joint]].round().astype(int).tolist()]
                cv2.line(sheet, ends[0], ends[1], 0, 1 + JOINTS[joint].startswith("L"), cv2.LINE_AA)
    return sheet


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the presets that ship, or a sheet to look at."""
    parser = argparse.ArgumentParser(prog="python -m maskengines.pose.presets", description=__doc__)
    parser.add_argument("--look", metavar="PNG", help="draw what the names mean instead")
    parser.add_argument(
        "--weights", type=Path, default=assets_folder() / WEIGHTS, help="the network whose prior it is"
    )
    parser.add_argument("--out", type=Path, default=assets_folder() / "poses", help="folder of the presets")
    options = parser.parse_args(arguments)
    network, _ = load_network(options.weights)
    bodies = straightened(prior(network))
    if options.look:
        from PIL import Image

        Image.fromarray(look(bodies)).save(options.look)
    else:
        print(", ".join(write(options.out, bodies)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
