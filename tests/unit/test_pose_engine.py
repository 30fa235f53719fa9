"""What someone gets who asks `diffpose`, with the weights that ship."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from maskengines.contract import BadInput, Cancelled, Candidate, Changes, Request
from maskengines.pose.engine import DiffPoseEngine
from maskengines.pose.info import DIFFPOSE, LIVE_POSE, DiffPoseParams, LivePoseParams
from maskengines.pose.live import LivePose
from maskengines.pose.skeleton import COUNT, INDEX, JOINTS, MIRROR, bone_lengths
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.medoids import medoids
from maskengines.runtime.plain import pack, unpack, views
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_values import pose_values, with_values

Array = np.ndarray[Any, Any]

# Someone stands a little turned, in a picture of 640 x 800.
PLACES = {
    "Hip": (320, 400), "RHip": (292, 401), "RKnee": (285, 540), "RAnkle": (290, 680),
    "LHip": (348, 399), "LKnee": (352, 538), "LAnkle": (350, 676), "Spine": (322, 318),
    "Thorax": (324, 236), "Nose": (330, 200), "Head": (326, 158), "LShoulder": (376, 244),
    "LElbow": (418, 322), "LWrist": (436, 400), "RShoulder": (272, 246),
    "RElbow": (236, 326), "RWrist": (222, 402),
}  # fmt: skip
ARM = [INDEX[name] for name in ("LElbow", "LWrist")]


class FakeContext:
    """Counts what an engine tells; answers ``changes`` from a list, then closes the job."""

    device = "cpu"
    log = logging.getLogger("test")

    def __init__(self, changes: Sequence[Changes] = (), stop_after: int = 10**9) -> None:
        self.told: list[float] = []
        self._changes = list(changes)
        self._left = stop_after

    def progress(self, done: float, total: float, text: str = "") -> None:
        self.told.append(done / total)

    def preview(self, result: object) -> None:
        Hypotheses.read(result)

    def checkpoint(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Cancelled

    def changes(self, wait: float | None = None) -> Changes | None:
        return self._changes.pop(0) if self._changes else None

    def ask(self, engine_id: str, request: Request) -> Sequence[Candidate]:
        raise AssertionError("diffpose asks nobody")

    def generator(self, seed: int) -> np.random.Generator:
        return np.random.default_rng(seed)


def person(**changes: Any) -> PoseSubject:
    held: dict[str, Any] = {
        "joints": np.array([PLACES[name] for name in JOINTS], np.float64),
        "confidence": np.full(COUNT, 0.9, np.float32),
        "sigma_px": np.full(COUNT, 14, np.float32),
        "missing": np.zeros(COUNT, bool),
        "box": (40, 140, 560, 560),
        "size": (640, 800),
    }
    return PoseSubject(**{**held, **changes})


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def engine() -> DiffPoseEngine:
    made = DiffPoseEngine()
    made.prepare(FakeContext())
    return made


def ask(
    engine: DiffPoseEngine,
    subject: PoseSubject | None = None,
    asked: Sequence[int] = (),
    *,
    paint: int = 255,
    count: int = 60,
    seed: int = 1,
    context: FakeContext | None = None,
    **params: Any,
) -> Hypotheses:
    mask = np.zeros(COUNT, np.uint8)
    mask[list(asked)] = paint
    request = Request(subject or person(), {"joints": mask}, DiffPoseParams.read(params), count, seed)
    (candidate,) = engine.sample(request, context or FakeContext())
    assert candidate.kind == "hypotheses"
    return Hypotheses.read(candidate.result)


def spread(found: Hypotheses, joints: Sequence[int]) -> float:
    """Root mean squared distance of some joints from their means, mm."""
    away = found.poses - found.poses.mean(0)
    return float(np.sqrt(np.square(away[:, list(joints)]).sum(-1).mean()))


def test_the_answer_is_of_one_body_that_fits_the_picture(engine: DiffPoseEngine) -> None:
    context = FakeContext()
    found = ask(engine, count=100, context=context)
    assert found.poses.shape == (100, COUNT, 3)
    assert (found.poses[:, 0] == 0).all()
    assert context.told == sorted(context.told)
    assert context.told[-1] > 0.9
    # Upright in the camera frame, the right way round, and of human size.
    middle = found.poses.mean(0)
    assert middle[INDEX["Head"], 1] < -450 < 600 < middle[INDEX["LAnkle"], 1]
    assert middle[INDEX["LShoulder"], 0] > 80 > -80 > middle[INDEX["RShoulder"], 0]
    lengths = bone_lengths(found.poses)
    assert 300 < lengths[:, INDEX["LKnee"]].mean() < 550
    assert np.allclose(lengths, lengths[:, list(MIRROR)], rtol=1e-3)
    # Seen again, joints lie where they were clicked.
    clicked = np.array([PLACES[name] for name in JOINTS])
    assert np.linalg.norm(found.joints_2d.mean(0) - clicked, axis=-1).mean() < 25


def test_a_few_stand_for_all_and_the_spread_of_all_comes_with_them(engine: DiffPoseEngine) -> None:
    found = ask(engine, asked=ARM, count=80)
    few = medoids(found)
    assert 5 <= len(few) <= 8
    assert sum(each.weight for each in few) == pytest.approx(1)
    shapes = {key: value.shape for key, value in found.extra["spread"].items()}
    assert shapes == {
        "mean": (17, 3), "covariance": (17, 3, 3), "mean_2d": (17, 2), "covariance_2d": (17, 2, 2),
        "ellipses": (17, 3),
    }  # fmt: skip


def test_a_seed_gives_the_same_bodies_again_and_another_gives_others(engine: DiffPoseEngine) -> None:
    first, again, other = (ask(engine, count=12, seed=seed).poses for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert np.abs(first - other).max() > 10


def test_more_hypotheses_never_raise_the_minimum(engine: DiffPoseEngine) -> None:
    truth = ask(engine, count=1, seed=99).poses[0]
    many = ask(engine, asked=ARM, count=120, seed=2).poses
    least = []
    for count in (20, 60, 120):
        few = ask(engine, asked=ARM, count=count, seed=2).poses
        assert np.allclose(few, many[:count], atol=0.5)
        least.append(np.linalg.norm(few - truth, axis=-1).mean(1).min())
    assert least[0] >= least[1] - 0.5
    assert least[1] >= least[2] - 0.5


def test_spread_of_painted_joints_grows_with_paint_and_falls_with_pins(engine: DiffPoseEngine) -> None:
    given, soft, asked = (spread(ask(engine, asked=ARM, paint=paint), ARM) for paint in (0, 100, 255))
    assert given < soft < asked
    assert asked > 1.5 * given
    others = [joint for joint in range(1, COUNT) if joint not in ARM]
    found = ask(engine, asked=ARM)
    assert spread(found, ARM) > 1.2 * spread(found, others)
    wrist = found.poses[0, INDEX["LWrist"]].tolist()
    pinned = ask(engine, asked=ARM, pins={"LWrist": wrist})
    assert spread(pinned, [INDEX["LElbow"]]) < 0.9 * spread(found, [INDEX["LElbow"]])


@pytest.mark.parametrize("pinning", ["trained", "resample"])
def test_pinned_joints_are_exactly_where_they_were_put(engine: DiffPoseEngine, pinning: str) -> None:
    free = ask(engine, asked=ARM)
    target = free.poses[3]
    pins = {name: target[INDEX[name]].tolist() for name in ("LElbow", "RKnee")}
    found = ask(engine, asked=ARM, pins=pins, pinning=pinning, count=30)
    for name, place in pins.items():
        assert np.allclose(found.poses[:, INDEX[name]], place, atol=1e-2)
    # The wrist hangs on the pinned elbow.
    forearm = bone_lengths(found.poses)[:, INDEX["LWrist"]]
    assert forearm.mean() == pytest.approx(bone_lengths(free.poses)[:, INDEX["LWrist"]].mean(), rel=0.15)


def test_two_painted_places_give_two_clusters(engine: DiffPoseEngine) -> None:
    wrist = INDEX["LWrist"]
    modes = np.zeros((COUNT, 2, 4), np.float32)
    modes[wrist] = [(436, 400, 14, 0.5), (470, 210, 14, 0.5)]
    painted = np.zeros(COUNT, bool)
    painted[wrist] = True
    found = ask(engine, person().with_paint(painted, modes), [INDEX["LElbow"]], count=120)
    apart = np.linalg.norm(found.joints_2d[:, wrist, None] - modes[wrist, :, :2], axis=-1)
    nearest, near = apart.argmin(1), apart.min(1) < 60
    assert near.mean() > 0.7
    shares = np.bincount(nearest[near], minlength=2) / near.sum()
    assert shares.min() > 0.2


def test_spread_of_the_noise_can_be_turned_down(engine: DiffPoseEngine) -> None:
    everywhere = range(1, COUNT)
    calm, usual = (spread(ask(engine, count=40, spread=value), everywhere) for value in (0.3, 1.0))
    assert calm < 0.7 * usual


def test_without_any_evidence_the_prior_answers(engine: DiffPoseEngine) -> None:
    nobody = person(missing=np.ones(COUNT, bool), confidence=np.zeros(COUNT, np.float32))
    found = ask(engine, nobody, count=30)
    assert np.isnan(found.joints_2d).all()
    assert (found.poses[:, INDEX["Head"], 1] < found.poses[:, INDEX["LAnkle"], 1]).mean() > 0.9
    assert spread(found, [INDEX["LWrist"]]) > 150


def test_where_the_picture_lies_does_not_matter(engine: DiffPoseEngine) -> None:
    here = person()
    there = person(joints=here.joints * 3 + 1000, sigma_px=here.sigma_px * 3, box=(1120, 1420, 1680, 1680))
    assert np.allclose(ask(engine, here, count=5).poses, ask(engine, there, count=5).poses, atol=0.5)


def test_a_job_can_be_stopped(engine: DiffPoseEngine) -> None:
    with pytest.raises(Cancelled):
        ask(engine, context=FakeContext(stop_after=5))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pins": {"Tail": [0, 0, 0]}}, "'Tail' cannot be pinned; these can: RHip, RKnee"),
        ({"pins": {"LWrist": [0, 0, float("nan")]}}, "'LWrist' must lie within 3000 mm of the hip"),
        ({"pins": "{LWrist"}, "it must be JSON such as"),
        ({"pins": {"LWrist": [1, 2]}}, "pins"),
        ({"steps": 1}, "'steps' cannot be 1"),
    ],
)
def test_pins_that_cannot_be_are_refused_in_a_sentence(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        DiffPoseParams.read(given)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_pins_can_be_typed_on_the_command_line() -> None:
    assert DiffPoseParams.read({"pins": '{"LWrist": [200, -300, 50]}'}).pins == {"LWrist": (200, -300, 50)}


def test_too_many_hypotheses_are_refused(engine: DiffPoseEngine) -> None:
    with pytest.raises(BadInput, match="up to 5000 hypotheses"):
        ask(engine, count=5001)


def test_live_bodies_follow_a_pin_a_joint_and_paint() -> None:
    wrist = INDEX["LWrist"]
    moved = person().joints.copy()
    moved[wrist] = (470, 210)
    mask = np.zeros(COUNT, np.uint8)
    mask[[*ARM, INDEX["RWrist"]]] = 255
    changes = [
        Changes(values={"pins": {"LWrist": [150, -500, -200]}}),
        Changes(values={"pins": {}}),
        Changes(values={"joints": moved}),
        Changes(masks={"joints": mask}),
        Changes(params=LivePoseParams(spread=0.2)),
        Changes(values={"pose": pose_values(person(), np.zeros(COUNT, np.uint8))}),
    ]
    engine = LivePose()
    engine.prepare(FakeContext())
    request = Request(person(), {}, LivePoseParams(), 20, 3)
    answers = [Hypotheses.read(each.result) for each in engine.sample(request, FakeContext(changes))]
    first, pinned, free, dragged, painted, calm, back = answers
    assert all(len(each.poses) == 20 for each in answers)
    assert np.allclose(pinned.poses[:, wrist], (150, -500, -200), atol=1e-2)
    assert np.allclose(free.poses, first.poses, atol=0.5)
    assert (dragged.poses[:, wrist, 1] < first.poses[:, wrist, 1] - 100).mean() > 0.8
    assert spread(painted, ARM) > 1.15 * spread(dragged, ARM)
    assert spread(calm, ARM) < spread(painted, ARM)
    assert back.poses[:, wrist, 1].mean() > dragged.poses[:, wrist, 1].mean() + 100


def test_what_a_live_job_hears_of_a_pose_is_all_that_an_engine_sees_of_it() -> None:
    rng = np.random.default_rng(0)
    before = person()
    after = replace(
        before.with_joint(13, 5, 6, sigma_px=3), box=(1, 2, 30, 40), painted=rng.random(COUNT) > 0.5,
        modes=rng.random((COUNT, 2, 4)), missing=np.arange(COUNT) == 3,
    )  # fmt: skip
    packed = pack(pose_values(after, np.arange(COUNT, dtype=np.uint8)))
    told = unpack(packed.tree, views(packed.layout, packed.to_bytes()))
    assert told["asked"].tolist() == list(range(COUNT))
    assert with_values(before, told).content_hash == after.content_hash
    assert with_values(before, {"joints": after.joints}).box == before.box


def test_the_window_knows_what_the_engines_take() -> None:
    assert (DIFFPOSE.id, LIVE_POSE.id) == ("diffpose", "diffpose-live")
    assert DIFFPOSE.live_companion == LIVE_POSE.id
    assert DiffPoseEngine.info is DIFFPOSE
    assert LivePose.info is LIVE_POSE
    # What the form of diffpose says goes for the preview, too, apart from how long one may wait for it.
    shared = set(LIVE_POSE.schema()["properties"]) & set(DIFFPOSE.schema()["properties"])
    assert shared == {"spread", "pins"}
