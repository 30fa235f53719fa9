"""2D evidence: candidates say what the heatmap says, and simulated evidence is what a camera would see."""

from __future__ import annotations

import math

import pytest
import torch
from maskengines.pose.embedding import CENTRES, EmbeddingTransformer, position_code
from maskengines.pose.heatmaps import Mixtures, dealt, draw, draw_from_maps
from maskengines.pose.simulate import Faults, boxed, evidence, seen
from maskengines.pose.skeleton import COUNT, INDEX, MIRROR, bone_lengths
from maskengines.pose.variety import Variety, varied
from torch import Generator, Tensor

ROWS, DRAWN = 200, 31


def two_places() -> Mixtures:
    """A narrow Gaussian of three quarters of the mass and a wide one of a quarter, for every joint."""
    centres = torch.tensor([[-0.4, 0.1], [0.3, -0.2]]).expand(ROWS, COUNT, 2, 2)
    sigmas = torch.tensor([0.05, 0.10]).expand(ROWS, COUNT, 2)
    heights = torch.tensor([0.9, 0.075]).expand(ROWS, COUNT, 2)
    return Mixtures(centres, sigmas, heights)


def drawn(heatmaps: Mixtures, seed: int = 0) -> Tensor:
    generator = Generator().manual_seed(seed)
    rows = len(heatmaps.heights)
    return draw(
        heatmaps,
        torch.rand(rows, COUNT, DRAWN, generator=generator),
        torch.randn(rows, COUNT, DRAWN, 2, generator=generator),
    )


def as_maps(heatmaps: Mixtures, side: int) -> Tensor:
    steps = (2 * torch.arange(side) + 1) / side - 1
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    places = torch.stack([x, y], -1).view(1, 1, -1, 2).expand(*heatmaps.heights.shape[:2], -1, 2)
    return heatmaps.values(places).unflatten(-1, (side, side))


def check_two_places(candidates: Tensor) -> None:
    """The first candidate is the maximum; the others have the mixture's modes, moments and likelihoods."""
    first, others = candidates[:, :, 0], candidates[:, :, 1:].flatten(0, 2)
    assert torch.allclose(first[..., :2], torch.tensor([-0.4, 0.1]), atol=0.02)
    assert torch.allclose(first[..., 2], torch.tensor(0.9), atol=0.05)
    left = others[:, 0] < -0.05
    assert left.float().mean().item() == pytest.approx(0.75, abs=0.01)
    for side, centre, sigma in ((left, (-0.4, 0.1), 0.05), (~left, (0.3, -0.2), 0.10)):
        assert torch.allclose(others[side][:, :2].mean(0), torch.tensor(centre), atol=0.005)
        assert others[side][:, :2].std(0).tolist() == pytest.approx([sigma, sigma], rel=0.04)
    heatmap = two_places()
    wanted = heatmap.values(candidates[..., :2])
    assert torch.allclose(candidates[..., 2], wanted, atol=1e-5)


def test_candidates_have_the_modes_and_moments_of_the_heatmap() -> None:
    check_two_places(drawn(two_places()))


def test_a_detectors_map_gives_the_same_candidates() -> None:
    one = Mixtures(*(part[:1] for part in vars(two_places()).values()))
    maps = as_maps(one, 160).expand(ROWS, -1, -1, -1)
    candidates = draw_from_maps(maps, torch.rand(ROWS, COUNT, DRAWN, generator=Generator().manual_seed(1)))
    check_two_places(candidates)


def test_painted_places_are_dealt_out_by_their_mass() -> None:
    wrist = INDEX["LWrist"]
    which = torch.zeros(COUNT, dtype=torch.bool)
    which[wrist] = True
    uniform = torch.rand(ROWS, COUNT, generator=Generator().manual_seed(2))
    heights = dealt(two_places(), which, uniform).heights
    assert ((heights > 0).sum(-1)[:, wrist] == 1).all()
    assert (heights[:, wrist, 0] > 0).float().mean().item() == pytest.approx(0.75, abs=0.08)
    others = ~which
    assert torch.equal(heights[:, others], two_places().heights[:, others])


def test_a_joint_without_evidence_has_no_likelihood() -> None:
    heatmaps = two_places()
    nothing = Mixtures(heatmaps.centres, heatmaps.sigmas, torch.zeros_like(heatmaps.heights))
    assert (drawn(nothing)[..., 2] == 0).all()
    assert (draw_from_maps(torch.zeros(1, COUNT, 8, 8), torch.rand(1, COUNT, 5))[..., 2] == 0).all()


def test_nothing_is_likely_outside_the_box() -> None:
    centres = torch.full((ROWS, COUNT, 1, 2), 0.95)
    edge = Mixtures(centres, torch.full((ROWS, COUNT, 1), 0.2), torch.ones(ROWS, COUNT, 1))
    candidates = drawn(edge)
    outside = (candidates[..., :2].abs() > 1).any(-1)
    assert outside.float().mean() > 0.3
    assert (candidates[outside][:, 2] == 0).all()
    assert (candidates[~outside][:, 2] > 0).all()


def test_the_position_code_is_the_sum_of_cosine_squared_bumps() -> None:
    generator = Generator().manual_seed(0)
    values = torch.rand(3, 7, generator=generator) * 2 - 1
    weights = torch.rand(3, 7, generator=generator)
    centres = torch.linspace(-1, 1, CENTRES)
    angle = (values[..., None] - centres) * 0.25 * math.pi * CENTRES / 2
    bump = torch.where(angle.abs() < math.pi / 2, angle.cos() ** 2, 0.0)
    assert torch.allclose(position_code(values, weights), (bump * weights[..., None]).sum(-2), atol=1e-5)


def test_evidence_that_is_hidden_or_missing_reads_the_same() -> None:
    torch.manual_seed(0)
    embedding = EmbeddingTransformer(32, 1, 2, 24).eval()
    candidates = drawn(two_places())[:4]
    hidden = torch.zeros(4, COUNT, dtype=torch.bool)
    hidden[:, INDEX["LWrist"]] = True
    dropped = candidates.clone()
    dropped[:, INDEX["LWrist"]] = 0
    assert torch.allclose(embedding(candidates, hidden), embedding(dropped), atol=1e-5)
    assert not torch.allclose(embedding(candidates), embedding(dropped), atol=1e-3)
    shuffled = candidates.clone()
    shuffled[:, :, 1:] = candidates[:, :, 1:].flip(2)
    assert torch.allclose(embedding(candidates), embedding(shuffled), atol=1e-5)


def standing() -> Tensor:
    """An upright body, arms out, the left hand forward."""
    body = {
        "RHip": (-90, 0, 0), "RKnee": (-95, -410, 20), "RAnkle": (-95, -830, 0),
        "LHip": (90, 0, 0), "LKnee": (95, -410, 20), "LAnkle": (95, -830, 0),
        "Spine": (0, 240, 0), "Thorax": (0, 480, 0), "Nose": (0, 560, 90), "Head": (0, 680, 60),
        "LShoulder": (160, 470, 0), "LElbow": (430, 470, 0), "LWrist": (430, 470, 220),
        "RShoulder": (-160, 470, 0), "RElbow": (-430, 470, 0), "RWrist": (-650, 470, 0),
    }  # fmt: skip
    pose = torch.zeros(COUNT, 3)
    for name, place in body.items():
        pose[INDEX[name]] = torch.tensor(place, dtype=torch.float32)
    return pose


def test_cameras_turn_bodies_and_change_nothing_of_them() -> None:
    poses = standing().expand(500, -1, -1)
    views = seen(poses, Generator().manual_seed(0))
    assert torch.allclose(torch.cdist(views.poses, views.poses), torch.cdist(poses, poses), atol=0.2)
    # No mirror image: the hand of three joints is the same in both frames.
    handed = [
        torch.linalg.det(each[:, [INDEX["LHip"], INDEX["Head"], INDEX["LWrist"]]])
        for each in (poses, views.poses)
    ]
    assert torch.allclose(handed[0], handed[1], rtol=1e-3)
    assert (views.poses[:, INDEX["Head"], 1] < 0).all()  # y points down
    facing = views.poses[:, INDEX["Nose"], 2] < views.poses[:, INDEX["Thorax"], 2] - 60
    left_of_right = views.poses[:, INDEX["LHip"], 0] > views.poses[:, INDEX["RHip"], 0]
    assert left_of_right[facing].float().mean() > 0.95  # who faces the camera has the left hip on its right
    assert 0.2 < facing.float().mean() < 0.5


def test_what_is_near_looks_large() -> None:
    views = seen(standing().expand(500, -1, -1), Generator().manual_seed(0))
    depth = views.poses[..., :2].norm(dim=-1) / views.places.norm(dim=-1)
    nearer = views.poses[:, INDEX["LWrist"], 2] < views.poses[:, INDEX["RWrist"], 2]
    assert torch.equal(nearer, depth[:, INDEX["LWrist"]] < depth[:, INDEX["RWrist"]])


def test_other_people_are_as_long_left_as_right() -> None:
    bodies = varied(standing().expand(300, -1, -1), Variety(0.06, 0.04, 0, 0), Generator().manual_seed(0))
    lengths = bone_lengths(bodies.numpy())
    whole = bone_lengths(standing().numpy())
    assert abs(lengths - lengths[:, list(MIRROR)]).max() < 0.1
    assert (lengths[:, 1:] / whole[1:]).std() > 0.03
    left_forward = bodies[:, INDEX["LWrist"], 2] > bodies[:, INDEX["RWrist"], 2]
    assert 0.4 < left_forward.float().mean() < 0.6


def test_limbs_are_held_as_somebody_else_holds_them_at_their_own_length() -> None:
    small, waving = 0.8 * standing(), standing()
    arm = [INDEX["RElbow"], INDEX["RWrist"]]
    for joint, above in zip(arm, (270.0, 490.0), strict=True):
        waving[joint] = waving[INDEX["RShoulder"]] + torch.tensor([0.0, above, 0.0])
    poses = torch.stack([small, waving]).repeat(200, 1, 1)
    mixed = varied(poses, Variety(0, 0, 0.3, 0), Generator().manual_seed(0))
    assert abs(bone_lengths(mixed.numpy()) - bone_lengths(poses.numpy())).max() < 0.1
    raised = (mixed[:, arm, 1] > mixed[:, [INDEX["RShoulder"]], 1] + 50).any(1)
    raised |= (mixed[:, [INDEX["LElbow"]], 1] > mixed[:, [INDEX["LShoulder"]], 1] + 50).any(1)
    assert 0.1 < raised[::2].float().mean() < 0.6  # of the small ones, who never raise an arm


def test_limbs_are_bent_at_their_own_length_and_the_trunk_is_not() -> None:
    poses = standing().expand(400, -1, -1)
    bent = varied(poses, Variety(0, 0, 0, 0.2), Generator().manual_seed(0))
    assert abs(bone_lengths(bent.numpy()) - bone_lengths(poses.numpy())).max() < 0.1
    trunk = [INDEX[name] for name in ("Hip", "RHip", "LHip", "Spine", "Thorax", "Head", "LShoulder")]
    wrist = INDEX["LWrist"]
    mirrored = poses[:, list(MIRROR)] * torch.tensor([-1.0, 1.0, 1.0])
    moved = torch.minimum((bent - poses).norm(dim=-1), (bent - mirrored).norm(dim=-1))
    assert moved[:, trunk].max() < 0.1
    # Half of the people are bent, by some centimetres.
    assert 0.4 < (moved[:, wrist] > 1).float().mean() < 0.6
    assert moved[:, wrist][moved[:, wrist] > 1].median() > 40


def test_without_faults_each_joint_is_where_it_is_seen() -> None:
    generator = Generator().manual_seed(0)
    views = seen(standing().expand(400, -1, -1), generator)
    plain = evidence(views, Faults().none(), generator, 0.05, 0.05)
    assert (plain.heights[..., 0] > 0).all()
    assert (plain.heights[..., 1] == 0).all()
    assert plain.centres[:, :, 0].abs().max() < 1.15
    # The places are those of the picture, but for scale, shift and the error of the peak.
    flat, places = plain.centres[:, :, 0], views.places
    flat, places = flat - flat.mean(1, keepdim=True), places - places.mean(1, keepdim=True)
    scale = (flat * places).sum((1, 2)) / places.square().sum((1, 2))
    error = flat - scale[:, None, None] * places
    assert error.std().item() == pytest.approx(0.3 * 0.05, rel=0.1)


def test_faults_hide_widen_and_double_joints() -> None:
    generator = Generator().manual_seed(0)
    views = seen(standing().expand(2000, -1, -1), generator)
    found = evidence(views, Faults(), generator)
    missing = (found.heights == 0).all(-1)
    assert 0.02 < missing.float().mean() < 0.15
    assert (~missing).sum(1).min() >= 3
    assert 0.03 < ((found.heights > 0).all(-1)).float().mean() < 0.2
    assert (found.sigmas[..., 0] > 0.15).float().mean() > 0.03
    plain = (~missing & (found.sigmas[..., 0] < 0.13) & (found.heights[..., 1] == 0)).all(1)
    assert plain.float().mean() > 0.25


def test_the_box_holds_what_was_found() -> None:
    generator = Generator().manual_seed(0)
    views = seen(standing().expand(300, -1, -1), generator)
    found = torch.ones(300, COUNT, dtype=torch.bool)
    found[:, INDEX["LAnkle"]] = found[:, INDEX["RAnkle"]] = False
    places, centre, half = boxed(views.places, found, generator)
    assert (places[found].abs() < 1.2).all()
    assert torch.allclose(places * half[:, None, None] + centre[:, None], views.places, atol=1e-5)
    assert (places[:, INDEX["LAnkle"]].abs() > 1).any()
