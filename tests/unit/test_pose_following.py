"""Bodies that follow a hand: what is kept from answer to answer gives what working all out anew gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from maskengines.assets import assets_folder
from maskengines.errors import Cancelled
from maskengines.pose.engine import sampled
from maskengines.pose.following import Following
from maskengines.pose.network import WEIGHTS, DiffPose, load_network
from maskengines.pose.question import PoseQuestion, pose_question
from maskengines.pose.sampler import Plan
from maskengines.pose.sampling import Clock
from maskengines.pose.schedule import alpha_bar, pose_from_velocity, times
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_skeleton import COUNT, INDEX
from maskengines.subjects.pose_template import template_pose
from numpy.random import Generator, default_rng

TEN = 10
QUICK = Plan(5, "ddim", 1.25)


@pytest.fixture(scope="module")
def network() -> DiffPose:
    return load_network(assets_folder() / WEIGHTS)[0]


def person() -> PoseSubject:
    return template_pose((640, 480), (200, 40, 220, 400))


def again() -> Generator:
    return default_rng(7)


def nothing() -> None:
    pass


def asks() -> dict[str, PoseQuestion]:
    """Questions that differ from each other in one thing."""
    wrist = INDEX["LWrist"]
    asked = np.zeros(COUNT, np.uint8)
    asked[wrist] = 255
    two = np.zeros((COUNT, 2, 4), np.float32)
    two[wrist] = (250, 200, 9, 0.5), (420, 220, 9, 0.5)
    painted = person().with_paint(np.arange(COUNT) == wrist, two)
    return {
        "plain": pose_question(person(), None, {}),
        "pinned": pose_question(person(), None, {"LWrist": (300, -150, -40)}),
        "pinned elsewhere": pose_question(person(), None, {"LWrist": (250, -180, -40)}),
        "another pinned": pose_question(person(), None, {"RKnee": (-110, 380, -90)}),
        "moved": pose_question(person().with_joint(wrist, 420, 150), None, {}),
        "wider": pose_question(person().with_joint(wrist, 420, 150, sigma_px=30), None, {}),
        "asked": pose_question(person(), asked, {}),
        "in two places": pose_question(painted, asked, {}),
    }


@pytest.mark.parametrize(
    "order",
    [
        "plain pinned plain",
        "plain pinned pinned+elsewhere another+pinned plain",
        "plain moved pinned wider moved",
        "asked plain in+two+places pinned in+two+places asked",
    ],
)
def test_what_is_kept_gives_the_same_poses(network: DiffPose, order: str) -> None:
    following, questions = Following(network, TEN, again), asks()
    for name in order.replace("+", "_").split():
        question = questions[name.replace("_", " ")]
        found = following.poses(question, QUICK, nothing)
        anew = sampled(network, question, QUICK, count=TEN, generator=again(), each_step=nothing)
        assert found.shape == (TEN, COUNT, 3)
        np.testing.assert_allclose(found, anew, atol=0.01)


def test_evidence_is_read_again_only_where_it_is_another(
    network: DiffPose, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    real = network.embedding.forward
    monkeypatch.setattr(network.embedding, "forward", lambda *given: read.append(1) or real(*given))
    following, questions = Following(network, TEN, again), asks()
    counts = []
    for name in ("plain", "pinned", "pinned elsewhere", "plain", "moved", "wider", "wider", "plain"):
        following.poses(questions[name], QUICK, nothing)
        counts.append(len(read))
    assert counts == [1, 1, 1, 1, 2, 3, 3, 4]


def test_another_pace_is_another_question(network: DiffPose) -> None:
    following, question = Following(network, TEN, again), asks()["pinned"]
    for plan in (QUICK, Plan(3, "ddim", 1.25), Plan(5, "ddim", 0.5), QUICK):
        found = following.poses(question, plan, nothing)
        anew = sampled(network, question, plan, count=TEN, generator=again(), each_step=nothing)
        np.testing.assert_allclose(found, anew, atol=0.01)


def test_joints_without_evidence_stray_by_a_factor_of_their_own(network: DiffPose) -> None:
    seen, wrist = asks()["plain"], INDEX["LWrist"]
    heights = seen.evidence.heights.clone()
    heights[:, wrist] = 0
    blind = replace(seen, evidence=replace(seen.evidence, heights=heights))
    assert blind.evidence.unseen.nonzero().tolist() == [[0, wrist]]

    def spread(question: PoseQuestion, unseen: float) -> np.ndarray[Any, Any]:
        plan = replace(QUICK, unseen=unseen)
        poses = Following(network, 40, again).poses(question, plan, nothing)
        anew = sampled(network, question, plan, count=40, generator=again(), each_step=nothing)
        np.testing.assert_allclose(poses, anew, atol=0.01)
        found: np.ndarray[Any, Any] = poses.std(axis=0).mean(axis=-1)
        return found

    calm, free = spread(blind, 0.6), spread(blind, 1.0)
    assert calm[wrist] < 0.8 * free[wrist]
    np.testing.assert_array_equal(spread(seen, 0.6), spread(seen, 1.0))


def test_an_answer_that_was_stopped_leaves_the_next_one_right(network: DiffPose) -> None:
    following, questions = Following(network, TEN, again), asks()

    def stopping(after: int) -> Callable[[], None]:
        left = [after]

        def step() -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Cancelled

        return step

    for after in range(1 + QUICK.steps):
        with pytest.raises(Cancelled):
            following.poses(questions["moved"], QUICK, stopping(after))
        found = following.poses(questions["pinned"], QUICK, nothing)
        anew = sampled(network, questions["pinned"], QUICK, count=TEN, generator=again(), each_step=nothing)
        np.testing.assert_allclose(found, anew, atol=0.01)


def test_a_clock_tells_what_network_and_schedule_say(network: DiffPose) -> None:
    plan, torch_rng = Plan(25), torch.Generator().manual_seed(3)
    clock = Clock(network, plan)
    noisy = torch.randn(TEN, COUNT - 1, 3, generator=torch_rng)
    prepared = torch.randn(TEN, 4 * network.sizes.hidden, generator=torch_rng)
    for time in times(plan.steps)[:-1].split(1):
        with torch.inference_mode():
            told = clock.predict(noisy, time, prepared)
            wanted = pose_from_velocity(noisy, network.denoiser(noisy, time, prepared), alpha_bar(time))
        torch.testing.assert_close(told, wanted, atol=1e-5, rtol=1e-5)
