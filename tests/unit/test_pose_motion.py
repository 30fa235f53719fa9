"""Bodies as motion files and meshes: what others wrote is read, and what is written is read back."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bvh_rigs import STYLES, write
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.errors import BadInput
from maskengines.subjects.pose_files import load_pose
from maskengines.subjects.pose_formats import rig
from maskengines.subjects.pose_formats.bvh import read_bvh
from maskengines.subjects.pose_formats.bvh_pose import to_body
from maskengines.subjects.pose_formats.bvh_writing import encode_bvh
from maskengines.subjects.pose_formats.glb import encode_glb
from maskengines.subjects.pose_skeleton import INDEX, JOINTS, PARENTS, bone_lengths
from scipy.spatial.transform import Rotation

Array = np.ndarray[Any, Any]

LENGTHS = np.array(
    [0, 97, 448, 447, 97, 448, 447, 237, 263, 117, 108, 187, 263, 232, 187, 266, 232], float
)  # fmt: skip


def bodies(directions: Array) -> Array:
    """``(N, 17, 3)`` directions of bones to poses with bones of `LENGTHS`."""
    poses = np.zeros(directions.shape)
    for joint in range(1, 17):
        bone = directions[:, joint] / np.linalg.norm(directions[:, joint], axis=1, keepdims=True)
        poses[:, joint] = poses[:, PARENTS[joint]] + bone * LENGTHS[joint]
    return poses


def random_bodies(count: int, seed: int) -> Array:
    return bodies(np.random.default_rng(seed).normal(size=(count, 17, 3)))


def body_like(**directions: tuple[float, float, float]) -> Array:
    """One body: the rest pose with some bones elsewhere."""
    poses = np.zeros((17, 3))
    rest = {link.name: link.rest for link in rig.LINKS if any(link.rest)}
    for joint in range(1, 17):
        poses[joint] = directions.get(JOINTS[joint], rest[JOINTS[joint]])
    return bodies(poses[None])


@pytest.mark.parametrize("name", STYLES)
def test_a_motion_of_somebody_elses_skeleton(name: str, tmp_path: Path) -> None:
    text, places = write(STYLES[name], 7, seed=3)
    (tmp_path / "dance.bvh").write_text(text, newline="")
    motion = read_bvh(tmp_path / "dance.bvh")
    assert (motion.total, motion.frames.shape[0]) == (7, 7)
    poses = to_body(motion, "dance.bvh")
    assert poses.shape == (7, 17, 3)
    hip = (places["left hip"] + places["right hip"]) / 2
    thorax = (places["left shoulder"] + places["right shoulder"]) / 2
    for side, letter in (("left", "L"), ("right", "R")):
        for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist"):
            joint = INDEX[letter + part.title()]
            assert np.allclose(poses[:, joint], places[f"{side} {part}"] - hip, atol=0.01), part
    assert np.allclose(poses[:, INDEX["Hip"]], 0)
    assert np.allclose(poses[:, INDEX["Thorax"]], thorax - hip, atol=0.01)
    # The head is on the side of the thorax that the file's head is on.
    head = places["head"] if name == "biped with spaces" else (places["head"] + places["head top"]) / 2
    up, real = poses[:, INDEX["Head"]] - poses[:, INDEX["Thorax"]], head - thorax
    assert ((up * real).sum(1) / np.linalg.norm(up, axis=1) / np.linalg.norm(real, axis=1) > 0.9).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_what_was_written_as_bvh_comes_back(tmp_path_factory: Any, count: int, seed: int) -> None:
    poses = random_bodies(count, seed)
    path = tmp_path_factory.mktemp("motion") / "fan.bvh"
    path.write_bytes(encode_bvh(poses, np.ones(count)))
    motion = read_bvh(path)
    assert len(motion.frames) == count
    assert np.abs(to_body(motion, "fan.bvh") - poses).max() < 0.1


@pytest.mark.parametrize("pose", ["rest", "upside down", "arms crossed over", "folded", "collapsed line"])
def test_odd_bodies_come_back_from_bvh(pose: str, tmp_path: Path) -> None:
    rest = body_like()
    odd = {
        "rest": rest,
        "upside down": rest * [-1, -1, 1],
        # Every limb the other way around: no shortest way to turn.
        "arms crossed over": body_like(LElbow=(-1, 0, 0), RElbow=(1, 0, 0), LKnee=(0, 1, 0)),
        "folded": body_like(LWrist=(-1, 0, 0), RAnkle=(0, 1, 0), Head=(0, -0.945, 0.327)),
        "collapsed line": body_like(Spine=(1, 0, 0), Thorax=(1, 0, 0)),
    }[pose]
    path = tmp_path / "odd.bvh"
    path.write_bytes(encode_bvh(odd, np.ones(1)))
    assert np.abs(to_body(read_bvh(path), "odd.bvh") - odd).max() < 0.1


def test_real_bodies_of_many_sizes_keep_their_directions(data_dir: Path, tmp_path: Path) -> None:
    real = np.load(data_dir / "pose/poses17_mm_f16.npz")["val"][::9].astype(float)
    weights = np.random.default_rng(0).uniform(0, 1, len(real))
    path = tmp_path / "fan.bvh"
    path.write_bytes(encode_bvh(real, weights))
    back = to_body(read_bvh(path), "fan.bvh")
    lengths = bone_lengths(back)
    assert np.ptp(lengths, axis=0).max() < 0.01
    assert np.allclose(lengths[0], np.average(bone_lengths(real), axis=0, weights=weights), atol=0.01)
    for joint in range(1, 17):
        ours, theirs = (p[:, joint] - p[:, PARENTS[joint]] for p in (back, real))
        cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
        assert cosines.min() > 1 - 1e-6


def turn_of(poses: Array, name: str) -> Array:
    """How a link is turned against its parent, ``(3,)`` degrees about x, y and z."""
    number = [link.name for link in rig.LINKS].index(name)
    return Rotation.from_matrix(rig.rotations(poses)[0, number]).as_rotvec(degrees=True)


def test_knees_and_elbows_bend_about_their_hinges() -> None:
    # The right thigh is lifted aside and the shin hangs: without twist the knee would bend about z.
    lifted = body_like(RKnee=(-1, 0, 0), RAnkle=(0, -1, 0))
    assert np.allclose(turn_of(lifted, "RKnee"), [90, 0, 0], atol=0.01)
    waving = body_like(LElbow=(1, 0, 0), LWrist=(0, 1, 0))
    assert np.allclose(turn_of(waving, "LElbow"), [0, -90, 0], atol=0.01)
    kicking = body_like(LAnkle=(0, -0.6, -0.8))
    assert np.allclose(turn_of(kicking, "LHip"), 0, atol=0.01)
    assert turn_of(kicking, "LKnee")[0] == pytest.approx(np.degrees(np.arccos(0.6)), abs=0.01)


def test_a_knee_bent_the_wrong_way_turns_no_leg_around() -> None:
    broken = body_like(LAnkle=(0, -0.8, 0.6))
    assert np.allclose(turn_of(broken, "LHip"), 0, atol=0.01)
    assert turn_of(broken, "LKnee")[0] < -30


def test_a_body_that_turns_whole_turns_at_the_hip_only() -> None:
    turn = Rotation.from_euler("YXZ", [130, 20, -15], degrees=True).as_matrix()
    pose = body_like(RKnee=(-0.5, -0.8, 0.3), RAnkle=(0, -0.7, -0.7), LWrist=(0.6, 0.1, 0.8))
    before, after = rig.rotations(pose)[0], rig.rotations(pose @ turn.T)[0]
    assert np.allclose(after[1:], before[1:], atol=1e-9)
    assert np.allclose(after[0], turn @ before[0], atol=1e-9)


class Glb:
    """A strict reader of binary glTF."""

    def __init__(self, data: bytes) -> None:
        magic, version, length = struct.unpack_from("<4sII", data)
        assert (magic, version, length) == (b"glTF", 2, len(data))
        size, kind = struct.unpack_from("<I4s", data, 12)
        assert kind == b"JSON"
        assert size % 4 == 0
        self.held = json.loads(data[20 : 20 + size])
        rest = data[20 + size :]
        binary, kind = struct.unpack_from("<I4s", rest)
        assert kind == b"BIN\0"
        assert binary % 4 == 0
        assert len(rest) == 8 + binary
        self.blob = rest[8:]
        assert self.held["buffers"] == [{"byteLength": self.held["buffers"][0]["byteLength"]}]
        assert 0 <= binary - self.held["buffers"][0]["byteLength"] < 4

    def read(self, number: int) -> Array:
        accessor = self.held["accessors"][number]
        view = self.held["bufferViews"][accessor["bufferView"]]
        dtype = np.dtype({5126: "<f4", 5121: "u1", 5123: "<u2"}[accessor["componentType"]])
        width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}[accessor["type"]]
        assert view["byteOffset"] % 4 == 0
        assert accessor["count"] * width * dtype.itemsize <= view["byteLength"]
        array = np.frombuffer(self.blob, dtype, accessor["count"] * width, view["byteOffset"])
        array = array.reshape(-1, width)
        if "min" in accessor:
            assert np.array_equal(np.float32(accessor["min"]), array.min(0))
            assert np.array_equal(np.float32(accessor["max"]), array.max(0))
        return array

    def places(self) -> Array:
        """Global matrices of all nodes."""
        nodes = self.held["nodes"]
        found = np.tile(np.eye(4), (len(nodes), 1, 1))
        seen: list[int] = []

        def walk(number: int, above: Array) -> None:
            assert number not in seen
            seen.append(number)
            node, own = nodes[number], np.eye(4)
            turn = np.array(node.get("rotation", [0, 0, 0, 1]))
            assert np.linalg.norm(turn) == pytest.approx(1, abs=1e-6)
            own[:3, :3] = Rotation.from_quat(turn).as_matrix()
            own[:3, 3] = node.get("translation", [0, 0, 0])
            found[number] = above @ own
            for child in node.get("children", []):
                walk(child, found[number])

        for root in self.held["scenes"][self.held["scene"]]["nodes"]:
            walk(root, np.eye(4))
        assert sorted(seen) == list(range(len(nodes)))
        return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_glb_stands_in_the_pose_and_its_skin_with_it(seed: int) -> None:
    pose = random_bodies(1, seed)[0]
    glb = Glb(encode_glb(pose))
    places, nodes = glb.places(), glb.held["nodes"]
    names = [node["name"] for node in nodes]
    joints = np.array([places[names.index(name)][:3, 3] for name in JOINTS])
    assert np.abs(joints * 1000 - pose).max() < 0.1
    skin, (primitive,) = glb.held["skins"][0], glb.held["meshes"][0]["primitives"]
    bind = glb.read(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    assert len(bind) == len(skin["joints"])
    points, normals = (glb.read(primitive["attributes"][name]) for name in ("POSITION", "NORMAL"))
    links, weights = (glb.read(primitive["attributes"][name]) for name in ("JOINTS_0", "WEIGHTS_0"))
    assert np.array_equal(weights.sum(1), np.ones(len(points)))
    indices = glb.read(primitive["indices"]).ravel()
    assert len(indices) % 3 == 0
    assert indices.max() < len(points)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    skinned = np.array([
        (places[skin["joints"][link]] @ bind[link] @ np.append(point, 1))[:3]
        for link, point in zip(links[:, 0], points, strict=True)
    ])  # fmt: skip
    for joint in range(1, 17):
        for end in (joint, PARENTS[joint]):
            nearest = np.linalg.norm(skinned * 1000 - pose[end], axis=1).min()
            assert nearest < 0.1, JOINTS[end]
    # Every triangle turns its front outwards, away from the middle of its octahedron.
    middles = points.reshape(-1, 24, 3).mean(1).repeat(24, axis=0)
    assert (((points - middles) * normals).sum(1) > 0).all()


HEAD = (
    "HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\nCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation "
    "Yrotation\nEnd Site\n{\nOFFSET 0 5 0\n}\n}\n"
)
MOTION = "MOTION\nFrames: 2\nFrame Time: 0.0333\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("{}", "does not begin with HIERARCHY"),
        ("\0\1\2" * 500, "does not begin with HIERARCHY"),
        (HEAD, "without MOTION"),
        (HEAD[:-2] + MOTION, "'Hips' is never closed"),
        (HEAD + MOTION, "no frame number 1"),
        (HEAD + MOTION + "1 2 3", "3 of 6 values"),
        (HEAD + MOTION + "1 2 3 4 5 6 7\n", "7 values where the skeleton has 6"),
        (HEAD + MOTION + "1 2 3 4 five 6\n", "no number"),
        (HEAD + MOTION + "1 2 3 4 nan 6\n", "Frame 1"),
        (HEAD + MOTION + "1 2 3 4 5 6\n", "right hip"),
        (HEAD.replace("Zrotation", "Wrotation") + MOTION, "no channel 'Wrotation'"),
        (HEAD.replace("CHANNELS 6", "CHANNELS 5") + MOTION, "CHANNELS says 5 and lists 6"),
        (HEAD.replace("OFFSET 0 0 0", "OFFSET 0 0") + MOTION, "OFFSET needs 3 numbers"),
        (HEAD.replace("CHANNELS", "CHANELS") + MOTION, "'CHANELS' means nothing"),
        (HEAD.replace("End Site\n", "") + MOTION, "a brace opens where no joint begins"),
        (HEAD + "}\n" + MOTION, "never opened"),
        (HEAD + MOTION.replace("2", "two"), "Frames needs 1 number"),
    ],
)
def test_a_broken_bvh_is_told_in_a_sentence(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.bvh"
    path.write_text(text)
    with pytest.raises(BadInput) as refused:
        load_pose(path)
    assert told in refused.value.message
    assert "broken.bvh" in refused.value.message


@pytest.mark.parametrize("turned", [False, True])
def test_a_body_that_stands_along_z_is_stood_up(turned: bool, tmp_path: Path) -> None:
    """In some files only the root of every frame is turned, and the rest pose has Y up."""
    text, _ = write(replace(STYLES["cmu"], calm=0), 1)
    lines = text.split("\r\n")
    values = lines[-2].split()
    values[:6] = ["30", "-20", "16.4", "0", "0", "90" if turned else "0"]
    lines[-2] = " ".join(values)
    path = tmp_path / "standing.bvh"
    path.write_text("\n".join(lines))
    pose = to_body(read_bvh(path), "standing.bvh")[0]
    up = pose[INDEX["Head"]] - pose[INDEX["LAnkle"]]
    assert up[1] > 1000
    assert abs(up[2]) < 200
    assert pose[INDEX["LWrist"], 0] > 500


def test_legs_without_length_have_no_size(tmp_path: Path) -> None:
    path = tmp_path / "flat.bvh"
    text, _ = write(STYLES["cmu"], 1)
    flat = [
        line.split("OFFSET")[0] + "OFFSET 0 0 0" if "OFFSET" in line else line for line in text.split("\r\n")
    ]
    path.write_text("\n".join(flat))
    with pytest.raises(BadInput, match="no size"):
        load_pose(path)


def test_of_a_motion_of_four_hours_one_frame_is_read(tmp_path: Path) -> None:
    text, _ = write(STYLES["cmu"], 3)
    path = tmp_path / "long.bvh"
    frames = 4 * 3600 * 120
    path.write_text(text.replace("Frames:\t3", f"Frames: {frames}"))
    opened = load_pose(path)
    (warning,) = opened.warnings
    assert "4.0 hours" in warning
    assert str(frames) in warning
    assert (opened.person, opened.people) == (0, frames)
    assert len(read_bvh(path, limit=2).frames) == 2
    # What the header promises and the file does not hold is told, too.
    with pytest.raises(BadInput, match="no frame number 1000"):
        load_pose(path, person=999)
    with pytest.raises(BadInput, match="no number"):
        load_pose(path, person=frames)


def test_a_frame_of_a_motion_becomes_a_pose_in_a_picture(tmp_path: Path) -> None:
    text, places = write(STYLES["mixamo"], 4, seed=5)
    path = tmp_path / "dance.bvh"
    path.write_text(text)
    opened = load_pose(path, person=2)
    subject = opened.subject
    assert opened.warnings == ()
    assert not subject.missing.any()
    assert subject.size == (1000, 1000)
    assert ((subject.joints > 0) & (subject.joints < 1000)).all()
    # Up is up in the picture, right is right, and what is nearer is larger.
    hip = (places["left hip"] + places["right hip"])[2] / 2
    for joint, part in (("LAnkle", "left ankle"), ("LWrist", "left wrist"), ("RKnee", "right knee")):
        place = places[part][2] - hip
        seen = subject.joints[INDEX[joint]] - subject.joints[INDEX["Hip"]]
        assert np.allclose(seen, 2200 * np.array([place[0], -place[1]]) / (5000 - place[2]), atol=0.05)
