"""The engine `diffpose-live`: a few 3D bodies that follow while joints are dragged, painted or pinned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from maskengines.contract import Candidate, Request, RunContext
from maskengines.pose.engine import DiffPoseEngine, answer
from maskengines.pose.following import Following
from maskengines.pose.info import LIVE_POSE, LivePoseParams
from maskengines.pose.question import pose_question
from maskengines.pose.sampler import CALIBRATED, UNSEEN, Plan
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_values import with_values

MOST_LIVE = 60


class LivePose(DiffPoseEngine):
    """Answers each change until the job is closed. All answers start from the same noise, so bodies move
    instead of being dealt anew.

    Beside masks and parameters it listens to the values ``pins`` (like the parameter, which it replaces),
    ``pose`` (all that `maskengines.subjects.pose_values.pose_values` tells of the 2D evidence, or a part of
    it) and ``joints``, (17, 2) pixels: where the 2D joints are now.
    """

    info = LIVE_POSE

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield a candidate of up to `MOST_LIVE` hypotheses for the question as it is, and one more after
        each change.
        """
        params = cast(LivePoseParams, request.params)
        subject = cast(PoseSubject, request.subject)
        mask = request.masks.get("joints")
        pins: Mapping[str, Sequence[float]] = params.pins
        count = min(request.count, MOST_LIVE)
        following = Following(self.network, count, lambda: context.generator(request.seed))
        while True:
            question = pose_question(subject, mask, pins)
            plan = Plan(params.quick_steps, "ddim", params.spread * CALIBRATED, unseen=UNSEEN)
            # Nobody follows the progress of a tenth of a second.
            poses = following.poses(question, plan, context.checkpoint)
            yield answer(poses, question, request.seed, one_person=True)
            changes = context.changes()
            if changes is None:
                return
            mask = changes.masks.get("joints", mask)
            if changes.params is not None:
                params = cast(LivePoseParams, changes.params)
                pins = params.pins
            if "pins" in changes.values:
                pins = LivePoseParams.read({"pins": _plain(changes.values["pins"])}).pins
            if "pose" in changes.values:
                told = changes.values["pose"]
                subject = with_values(subject, told)
                mask = told.get("asked", mask)
            if "joints" in changes.values:
                subject = replace(subject, joints=np.asarray(changes.values["joints"], np.float64))


def _plain(pins: Mapping[str, Any]) -> dict[str, list[float]]:
    return {name: [float(value) for value in place] for name, place in pins.items()}
