"""Opening scenes: each kind of folder, and a sentence for each thing that can be wrong with one."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.runtime.link import subject_class
from maskengines.runtime.plain import Packed, views
from maskengines.subjects.cameras import Camera
from maskengines.subjects.scene import SceneSubject
from maskengines.subjects.scene_files import clean_photo, is_scene_folder, load_scene, true_mask
from maskengines.subjects.scene_formats.folder import write_folder
from maskengines.subjects.scene_photos import read_photo
from maskengines.subjects.splat_files import save_gaussians
from some_scene import around, some_gaussians, write_photos, write_scene_folder


def same_cameras(one: SceneSubject, cameras: list[Camera]) -> bool:
    return len(one.cameras) == len(cameras) and all(
        np.allclose(a.world_to_camera, b.world_to_camera, atol=1e-6)
        and np.allclose((a.fx, a.fy, a.cx, a.cy), (b.fx, b.fy, b.cx, b.cy))
        for a, b in zip(one.cameras, cameras, strict=True)
    )


def test_a_scene_folder_opens_with_photos_cameras_points_and_splits(tmp_path: Path) -> None:
    cameras = around(5)
    write_scene_folder(tmp_path, cameras)
    opened = load_scene(tmp_path)
    scene = opened.subject
    assert opened.warnings == ()
    assert same_cameras(scene, cameras)
    assert [photo.name for photo in scene.placed("test")] == ["p00"]
    assert len(scene.placed("train")) == 4
    assert scene.points.shape == (20, 3)
    assert scene.spaces["photo/p03"] == (32, 48)
    np.testing.assert_array_equal(scene.photo("p01").observed, [[1.5, 2.5], [3, 4]])
    pixels = cv2.imread(str(tmp_path / "images" / "p02.png"))[..., ::-1]
    np.testing.assert_array_equal(read_photo(scene.photo("p02")), pixels)
    assert is_scene_folder(tmp_path)
    assert not is_scene_folder(tmp_path / "images")


def test_a_scene_reaches_a_worker_whole(tmp_path: Path) -> None:
    write_scene_folder(tmp_path, around(4))
    scene = load_scene(tmp_path).subject.with_gaussians(some_gaussians(30, 2))
    assert scene.spaces["gaussians"] == (30,)
    meta, arrays = scene.to_arrays()
    packed = Packed(json.loads(json.dumps(meta)), list(arrays.values()))
    there = views(packed.layout, packed.to_bytes())
    back = subject_class("scene").from_arrays(packed.tree, dict(zip(arrays, there, strict=True)))
    assert back.content_hash == scene.content_hash
    assert isinstance(back, SceneSubject)
    assert back.gaussians is not None
    assert np.shares_memory(back.gaussians.means, there[list(arrays).index("means")])


def test_the_hash_of_a_scene_follows_what_an_engine_sees(tmp_path: Path) -> None:
    write_scene_folder(tmp_path / "a", around(4))
    first = load_scene(tmp_path / "a").subject
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert load_scene(tmp_path / "b").subject.content_hash == first.content_hash
    assert first.with_gaussians(some_gaussians(3)).content_hash != first.content_hash
    write_photos(tmp_path / "b" / "images", around(9)[8:])
    shutil.move(tmp_path / "b" / "images" / "p08.png", tmp_path / "b" / "images" / "p01.png")
    assert load_scene(tmp_path / "b").subject.content_hash != first.content_hash


def test_missing_damaged_identical_and_cropped_photos_are_left_out_with_a_sentence_each(
    tmp_path: Path,
) -> None:
    write_scene_folder(tmp_path, around(9))
    images = tmp_path / "images"
    (images / "p01.png").unlink()
    (images / "p02.png").write_bytes((images / "p02.png").read_bytes()[:-300])
    shutil.copy(images / "p04.png", images / "p05.png")
    cv2.imwrite(str(images / "p06.png"), np.zeros((32, 30, 3), np.uint8))
    opened = load_scene(tmp_path)
    assert [photo.name for photo in opened.subject.photos] == ["p00", "p03", "p04", "p07", "p08"]
    assert list(opened.warnings) == [
        "1 of 9 photos are missing and were left out: p01.",
        "1 of 9 photos are damaged or no pictures and were left out: p02.",
        "1 of 9 photos have another shape than their camera's picture (cropped or rotated?) and were left "
        "out: p06.",
        "1 of 9 photos are the same picture twice and were left out: p05 as p04.",
    ]


def test_a_smaller_copy_of_a_photo_gets_a_smaller_camera(tmp_path: Path) -> None:
    cameras = around(4)
    write_scene_folder(tmp_path, cameras)
    cv2.imwrite(str(tmp_path / "images" / "p01.png"), np.zeros((16, 24, 3), np.uint8))
    scene = load_scene(tmp_path).subject
    assert scene.spaces["photo/p01"] == (16, 24)
    small = scene.photo("p01")
    assert small.camera is not None
    assert small.camera.fx == pytest.approx(cameras[1].fx / 2)
    np.testing.assert_allclose(small.observed, [[0.75, 1.25], [1.5, 2]])


@pytest.mark.parametrize(("count", "words"), [(1, "No photo"), (2, "Only one photo"), (3, "Only two photos")])
def test_few_photos_are_said_to_be_few(tmp_path: Path, count: int, words: str) -> None:
    write_scene_folder(tmp_path, around(count))  # the first is for testing
    (warning,) = load_scene(tmp_path).warnings
    assert warning.startswith(words)
    assert "20 to 50" in warning


def test_a_photo_that_was_changed_since_is_not_read(tmp_path: Path) -> None:
    write_scene_folder(tmp_path, around(4))
    photo = load_scene(tmp_path).subject.photos[0]
    cv2.imwrite(photo.path, np.zeros((32, 48, 3), np.uint8))
    with pytest.raises(BadInput, match="was changed"):
        read_photo(photo)


def test_transparent_photos_are_black_where_nothing_is(tmp_path: Path) -> None:
    write_scene_folder(tmp_path, around(4))
    pixels = np.full((32, 48, 4), 200, np.uint8)
    pixels[:, :24, 3], pixels[:, 24:, 3] = 0, 255
    cv2.imwrite(str(tmp_path / "images" / "p00.png"), pixels)
    read = read_photo(load_scene(tmp_path).subject.photos[0])
    assert not read[:, :24].any()
    assert (read[:, 24:] == 200).all()


def test_a_folder_of_photos_opens_without_cameras(tmp_path: Path) -> None:
    write_photos(tmp_path, around(4), ".jpg")
    (tmp_path / "notes.txt").write_text("nothing")
    opened = load_scene(tmp_path)
    assert len(opened.subject.photos) == 4
    assert opened.subject.cameras == ()
    assert opened.subject.placed("train") == ()


def test_photos_that_differ_by_their_suffix_alone_keep_it(tmp_path: Path) -> None:
    write_photos(tmp_path, around(3), ".jpg")
    write_photos(tmp_path, around(3), ".png")
    names = [photo.name for photo in load_scene(tmp_path).subject.photos]
    assert names[:2] == ["p00.jpg", "p00.png"]
    assert len(names) == 6


def test_gaussians_alone_are_a_scene(tmp_path: Path) -> None:
    save_gaussians(some_gaussians(12), tmp_path / "a.spz")
    scene = load_scene(tmp_path / "a.spz").subject
    assert scene.photos == ()
    assert scene.spaces == {"gaussians": (12,)}


def change(frames: list[dict[str, Any]], **values: Any) -> str:
    return json.dumps({"frames": [frames[0] | values, *frames[1:]]})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": ""}, "no name"),
        ({"split": "validate"}, "train or test"),
        ({"obs": [1, 2, "x"]}, "obs"),
        ({"K": None}, "no camera"),
        ({"name": "p01"}, "twice"),
    ],
)
def test_a_scene_json_that_makes_no_sense_is_bad_input(
    tmp_path: Path, values: dict[str, Any], words: str
) -> None:
    frames = write_scene_folder(tmp_path, around(4))["frames"]
    (tmp_path / "scene.json").write_text(change(frames, **values))
    with pytest.raises(BadInput, match=words):
        load_scene(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"frames": [', '{"frames": []}', "[" * 50_000])
def test_a_scene_json_that_ends_early_or_is_empty_is_bad_input(tmp_path: Path, text: str) -> None:
    write_scene_folder(tmp_path, around(4))
    (tmp_path / "scene.json").write_text(text)
    with pytest.raises(BadInput):
        load_scene(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rubbish", b"cut"])
def test_damaged_points_are_bad_input(tmp_path: Path, content: bytes) -> None:
    write_scene_folder(tmp_path, around(4))
    held = (tmp_path / "points.npz").read_bytes()
    (tmp_path / "points.npz").write_bytes(held[:200] if content == b"cut" else content)
    with pytest.raises(BadInput, match=r"points\.npz"):
        load_scene(tmp_path)


def test_what_is_no_scene_says_so(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", around(1))
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.json").write_text("{}")
    for place, words in (
        (tmp_path / "none", "There is no"),
        (tmp_path / "empty", "no photos"),
        (tmp_path / "other.json", "is no scene"),
        (tmp_path / "photos" / "p00.png", "folder of all photos"),
    ):
        with pytest.raises(BadInput, match=words):
            load_scene(place)


def opengl(camera: Camera) -> list[list[float]]:
    """Camera to world with y up and z backward, as nerfstudio keeps it."""
    return (np.linalg.inv(camera.world_to_camera) @ np.diag([1, -1, -1, 1])).tolist()


def write_transforms(folder: Path, cameras: list[Camera], **more: Any) -> None:
    write_photos(folder / "images", cameras)
    first = cameras[0]
    frames = [
        {"file_path": f"./images/{camera.name}.png", "transform_matrix": opengl(camera)} for camera in cameras
    ]
    held = {"w": first.width, "h": first.height, "fl_x": first.fx, "fl_y": first.fy, "cx": first.cx}
    (folder / "transforms.json").write_text(json.dumps(held | {"cy": first.cy, "frames": frames} | more))


def test_a_transforms_json_has_opengl_axes(tmp_path: Path) -> None:
    cameras = around(5)
    write_transforms(tmp_path, cameras, test_filenames=["images/p02.png"], ply_file_path="points.ply")
    rows = "0 1 2 255 0 0\n3 4 5 0 255 0\n"
    columns = [f"property float {axis}" for axis in "xyz"] + [
        f"property uchar {name}" for name in ("red", "green", "blue")
    ]
    (tmp_path / "points.ply").write_text(
        "\n".join(["ply", "format ascii 1.0", "element vertex 2", *columns, "end_header", rows])
    )
    for place in (tmp_path, tmp_path / "transforms.json"):
        scene = load_scene(place).subject
        assert same_cameras(scene, cameras)
        assert [photo.name for photo in scene.placed("test")] == ["images/p02"]
        np.testing.assert_array_equal(scene.points, [[0, 1, 2], [3, 4, 5]])
        np.testing.assert_array_equal(scene.colours, [[255, 0, 0], [0, 255, 0]])
        # What lies ahead of the camera is in the picture: it would not be with the axes as they are.
        pixels, depth = scene.cameras[1].project(np.zeros((1, 3)))
        assert depth[0] > 0
        np.testing.assert_allclose(pixels[0], (24, 16), atol=1e-6)


def test_a_blender_set_takes_its_size_from_the_photos_and_its_splits_from_its_files(tmp_path: Path) -> None:
    cameras = around(6)
    angle = 2 * np.arctan(cameras[0].width / 2 / cameras[0].fx)
    write_photos(tmp_path / "train", cameras[:4])
    write_photos(tmp_path / "test", cameras[4:])
    for split, chosen in (("train", cameras[:4]), ("test", cameras[4:])):
        frames = [
            {"file_path": f"./{split}/{camera.name}", "transform_matrix": opengl(camera)} for camera in chosen
        ]
        held = {"camera_angle_x": angle, "frames": frames}
        (tmp_path / f"transforms_{split}.json").write_text(json.dumps(held))
    scene = load_scene(tmp_path).subject
    assert same_cameras(scene, cameras)
    assert len(scene.placed("test")) == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"camera_model": "OPENCV_FISHEYE"}, "Undistort"),
        ({"fl_x": "long"}, "makes no sense"),
        ({"w": 0}, "makes no sense"),
        ({"frames": [{"transform_matrix": [[1]]}]}, "file_path"),
        ({"frames": [{"file_path": "images/p00.png", "transform_matrix": [[1]]}]}, "not 4 x 4"),
        ({"frames": [{"file_path": "a", "transform_matrix": np.diag([2, 2, 2, 1]).tolist()}]}, "scales"),
    ],
)
def test_a_transforms_json_that_makes_no_sense_is_bad_input(
    tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    write_transforms(tmp_path, around(3), **more)
    with pytest.raises(BadInput, match=words):
        load_scene(tmp_path)


def test_a_bent_lens_is_said_in_pixels(tmp_path: Path) -> None:
    write_transforms(tmp_path, around(3), k1=0.1)
    (warning,) = load_scene(tmp_path).warnings
    # In the corners the square of the radius is 0.5^2 + 0.33^2 of the width / 0.9.
    square = (0.5 / 0.9) ** 2 + (1 / 3 / 0.9) ** 2
    assert f"up to {0.1 * square * np.sqrt(square) * 48 * 0.9:.1f} pixels" in warning


def quaternion(turn: np.ndarray) -> np.ndarray:
    w = np.sqrt(max(0.0, 1 + np.trace(turn))) / 2
    skew = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    if w > 1e-3:
        return np.array([w, *(skew / (4 * w))])
    return np.array([0, *np.linalg.eigh(turn + turn.T)[1][:, -1]])


def write_colmap(model: Path, cameras: list[Camera], *, binary: bool) -> None:
    """Three points: the first is seen by all, the last by the first two photos alone."""
    model.mkdir(parents=True)
    points = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]], float)
    seen = [(1, 2, 3) if number < 2 else (1, 2) for number in range(len(cameras))]
    first = cameras[0]
    values = (first.fx, first.fy, first.cx, first.cy)
    places = [(quaternion(camera.rotation), camera.translation) for camera in cameras]
    tracks = [[number + 1 for number in range(len(cameras)) if point in seen[number]] for point in (1, 2, 3)]
    if binary:
        images = struct.pack("<Q", len(cameras))
        for number, (camera, (turn, shift)) in enumerate(zip(cameras, places, strict=True)):
            images += struct.pack("<i7di", number + 1, *turn, *shift, 1) + f"{camera.name}.png\0".encode()
            rows = [(*camera.project(points[p - 1 : p])[0][0], p) for p in seen[number]] + [(5.0, 6.0, -1)]
            images += struct.pack("<Q", len(rows)) + b"".join(struct.pack("<ddq", *row) for row in rows)
        (model / "images.bin").write_bytes(images)
        (model / "cameras.bin").write_bytes(
            struct.pack("<QiiQQ4d", 1, 1, 1, first.width, first.height, *values)
        )
        body = struct.pack("<Q", 3)
        for number, (point, track) in enumerate(zip(points, tracks, strict=True), 1):
            body += struct.pack("<Q3d3BdQ", number, *point, 10, 20, 30, 0.5, len(track))
            body += b"".join(struct.pack("<ii", one, 0) for one in track)
        (model / "points3D.bin").write_bytes(body)
        return
    lines = ["# a comment"]
    for number, (camera, (turn, shift)) in enumerate(zip(cameras, places, strict=True)):
        words = " ".join(repr(float(value)) for value in (*turn, *shift))
        lines.append(f"{number + 1} {words} 1 {camera.name}.png")
        rows = [(*camera.project(points[p - 1 : p])[0][0], p) for p in seen[number]] + [(5.0, 6.0, -1)]
        lines.append(" ".join(f"{x} {y} {p}" for x, y, p in rows))
    (model / "images.txt").write_text("\n".join(lines) + "\n")
    told = " ".join(map(str, values))
    (model / "cameras.txt").write_text(f"# one\n1 PINHOLE {first.width} {first.height} {told}\n")
    (model / "points3D.txt").write_text(
        "".join(
            f"{number} {' '.join(map(str, point))} 10 20 30 0.5 {' '.join(f'{one} 0' for one in track)}\n"
            for number, (point, track) in enumerate(zip(points, tracks, strict=True), 1)
        )
    )


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("place", ["sparse/0", ""])
def test_a_colmap_model_opens_from_text_and_binary(tmp_path: Path, binary: bool, place: str) -> None:
    cameras = around(4)
    write_photos(tmp_path / "images", cameras)
    write_colmap(tmp_path / (place or "model"), cameras, binary=binary)
    opened = load_scene(tmp_path if place else tmp_path / "model")
    assert opened.warnings == ()
    assert same_cameras(opened.subject, cameras)
    np.testing.assert_array_equal(opened.subject.colours, [[10, 20, 30]] * 3)
    # The point that only two photos see is no evidence; keypoints without a point are none either.
    observed = opened.subject.photos[0].observed
    np.testing.assert_allclose(observed[0], (24, 16), atol=1e-4)
    assert len(observed) == 2


@pytest.mark.parametrize("name", ["cameras", "images", "points3D"])
@pytest.mark.parametrize("binary", [True, False])
def test_a_colmap_file_that_ends_early_is_bad_input(tmp_path: Path, name: str, binary: bool) -> None:
    cameras = around(4)
    write_photos(tmp_path / "images", cameras)
    write_colmap(tmp_path / "sparse", cameras, binary=binary)
    path = tmp_path / "sparse" / f"{name}{'.bin' if binary else '.txt'}"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 30 if binary else 20])
    with pytest.raises(BadInput, match=path.name):
        load_scene(tmp_path)


def test_what_was_found_of_cameras_is_kept_as_a_scene_folder(tmp_path: Path) -> None:
    cameras = around(4)
    write_photos(tmp_path / "images", cameras)
    write_colmap(tmp_path / "sparse", cameras, binary=True)
    found = load_scene(tmp_path).subject
    write_folder(found, tmp_path)
    assert (tmp_path / "scene.json").is_file()
    shutil.rmtree(tmp_path / "sparse")
    again = load_scene(tmp_path).subject
    assert again.content_hash == found.content_hash
    write_photos(tmp_path / "bare", cameras)
    with pytest.raises(BadInput, match="No camera"):
        write_folder(load_scene(tmp_path / "bare").subject, tmp_path / "bare")


def test_the_true_masks_of_a_folder_are_found_beside_the_photos(tmp_path: Path) -> None:
    cameras = around(4)
    write_scene_folder(tmp_path, cameras)
    write_photos(tmp_path / "clean", cameras)
    scene = load_scene(tmp_path).subject
    assert clean_photo(scene, scene.photos[1]) == tmp_path / "clean" / "p01.png"
    assert true_mask(scene, scene.photos[1]) is None
