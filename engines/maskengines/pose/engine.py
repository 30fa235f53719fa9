"""The engine `diffpose`: many 3D bodies for one set of uncertain 2D joints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
import torch

from maskengines.assets import assets_folder
from maskengines.contract import Candidate, Request, RunContext
from maskengines.errors import BadInput, NotReady
from maskengines.pose.hypotheses import covariances, distances, ellipses, one_body, typical
from maskengines.pose.info import DIFFPOSE, DiffPoseParams
from maskengines.pose.network import WEIGHTS, DiffPose, load_network
from maskengines.pose.projection import reprojected
from maskengines.pose.question import PoseQuestion, pose_question
from maskengines.pose.sampler import CALIBRATED, UNSEEN, Plan
from maskengines.pose.sampling import Chance, hypotheses
from maskengines.pose.skeleton import JOINTS
from maskengines.subjects.pose import PoseSubject

Array = np.ndarray[Any, Any]

MOST = 5000
_AT_ONCE = 200


class DiffPoseEngine:
    """One answer that holds all hypotheses.

    The candidate's result is a dictionary:

    * ``poses`` (N, 17, 3) float32: millimetres, from the hip, as a camera that looks at the hip sees them:
      x right in the picture, y down, z away. Pinned joints are where their pins are.
    * ``weights`` (N,) float32, adding up to 1: how typical each is, by how crowded it is around it.
    * ``joints``: the 17 names.
    * ``joints_2d`` (N, 17, 2) float32: pixels, each hypothesis moved and scaled so that it fits the joints
      that are known; NaN where fewer than two are.
    * ``spread``: ``mean`` (17, 3), ``covariance`` (17, 3, 3), ``mean_2d`` (17, 2), ``covariance_2d`` (17,
      2, 2) and ``ellipses`` (17, 3):
      half axes of one standard deviation in pixels and the angle of the long one, in radians from x towards
      y.
    """

    info = DIFFPOSE

    def __init__(self) -> None:
        self._network: DiffPose | None = None
        self.weights_hash = ""

    def prepare(self, context: RunContext) -> None:
        """Load the weights that ship with the studio.

        Raises:
            NotReady: they are missing.
        """
        self._network, self.weights_hash = load_network(assets_folder() / WEIGHTS)

    @property
    def network(self) -> DiffPose:
        if self._network is None:
            raise NotReady("DiffPose has not loaded its weights yet. Ask again.")
        return self._network

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield one candidate with ``request.count`` hypotheses.

        Raises:
            BadInput: more hypotheses are asked for than are of use.
        """
        params = cast(DiffPoseParams, request.params)
        if request.count > MOST:
            raise BadInput(f"DiffPose gives up to {MOST} hypotheses at once, not {request.count}.")
        question = pose_question(cast(PoseSubject, request.subject), request.masks.get("joints"), params.pins)
        rounds = 4 if params.pinning == "resample" and params.pins else 0
        plan = Plan(params.steps, params.sampler, params.spread * CALIBRATED, rounds, UNSEEN)
        poses = sampled(
            self.network,
            question,
            plan,
            count=request.count,
            generator=context.generator(request.seed),
            each_step=told(context, -(-request.count // _AT_ONCE) * plan.steps * max(plan.rounds, 1)),
        )
        context.checkpoint()
        yield answer(poses, question, request.seed, one_person=params.one_body)


def told(context: RunContext, total: int) -> Callable[[], None]:
    """What to call before each of ``total`` steps, so that they can be followed and stopped."""
    done = 0

    def each_step() -> None:
        nonlocal done
        context.checkpoint()
        context.progress(min(done, total), total, "Sampling poses")
        done += 1

    return each_step


def sampled(
    network: DiffPose,
    question: PoseQuestion,
    plan: Plan,
    *,
    count: int,
    generator: np.random.Generator,
    each_step: Callable[[], None],
) -> Array:
    """`count` poses (N, 17, 3) in mm, drawn by `generator`; the first ones are the same however many follow.

    Args:
        each_step: called before every step; may raise `Cancelled`.
    """
    parts = []
    for first in range(0, count, _AT_ONCE):
        rows = min(_AT_ONCE, count - first)
        chance = Chance(generator, rows, network.sizes.candidates, plan)
        parts.append(
            hypotheses(
                network,
                question.evidence.repeated(rows),
                chance,
                plan,
                pins=question.pins.expand(rows, -1, -1),
                pinned=question.pinned.expand(rows, -1),
                either=question.either,
                each_step=each_step,
            )
        )
    found: Array = torch.cat(parts).numpy()
    return found


def answer(poses: Array, question: PoseQuestion, seed: int, *, one_person: bool) -> Candidate:
    """The candidate that `DiffPoseEngine` describes."""
    if one_person:
        poses = one_body(poses, question.pinned.numpy())
    apart = distances(poses)
    flat, residual = reprojected(poses, question.joints, question.weights)
    spread = covariances(poses)
    spread_2d = covariances(flat.astype(np.float64))
    there = bool(np.isfinite(flat).all())
    result = {
        "poses": poses,
        "weights": typical(apart),
        "joints": list(JOINTS),
        "joints_2d": flat,
        "spread": {
            "mean": poses.mean(0),
            "covariance": spread,
            "mean_2d": flat.mean(0),
            "covariance_2d": spread_2d,
            "ellipses": ellipses(spread_2d) if there else np.full((len(JOINTS), 3), np.nan, np.float32),
        },
    }
    metrics: dict[str, float | int | str] = {
        "hypotheses": len(poses),
        "spread_mm": round(float(np.sqrt(np.trace(spread[1:], axis1=1, axis2=2)).mean()), 1),
    }
    if there:
        metrics["reprojection_px"] = round(float(residual.mean()), 2)
    return Candidate(
        kind="hypotheses", result=result, seed=seed, label=f"{len(poses)} poses", metrics=metrics
    )
