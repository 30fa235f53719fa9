"""Saving a project and opening it again, also what others made and what is broken."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.contract import Box, Candidate, ImagePatch, Provenance
from maskengines.errors import BadInput, Cancelled
from maskengines.projects import png
from maskengines.projects.openraster import PROJECT_ENTRY, save_project
from maskengines.projects.openraster_reading import load_project
from maskengines.projects.state import KeptLayer, ProjectState
from maskengines.results.maps import MapResult
from maskengines.subjects.image import ImageSubject
from PIL import Image, ImageCms


def subject(width: int, height: int, mode: str, depth: int, seed: int = 0) -> ImageSubject:
    rng = np.random.default_rng(seed)
    dtype = np.uint8 if depth == 8 else np.uint16
    top = 256 if depth == 8 else 65536
    pixels = rng.integers(0, top, (height, width, 3 if "RGB" in mode else 1), dtype)
    alpha = rng.integers(0, top, (height, width), dtype) if mode.endswith("A") else None
    return ImageSubject(pixels, alpha, exif=b"MM\0*\0\0\0\x08\0\0\0\0\0\0", source_format="PNG")


def patch(of: ImageSubject, place: tuple[int, int, int, int], seed: int) -> ImagePatch:
    x, y, width, height = place
    rng = np.random.default_rng(seed)
    shape = (height, width, of.pixels.shape[2])
    return ImagePatch(x, y, rng.integers(0, np.iinfo(of.pixels.dtype).max, shape, of.pixels.dtype))


PROVENANCE = Provenance("exemplar", "1.2", {"patch": 7, "seams": "poisson"}, 41, None, "ab", "cd")


@st.composite
def states(draw: st.DrawFn) -> ProjectState:
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    mode = draw(st.sampled_from(["L", "LA", "RGB", "RGBA"]))
    original = subject(width, height, mode, draw(st.sampled_from([8, 16])), draw(st.integers(0, 99)))

    def a_patch() -> ImagePatch:
        x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
        size = draw(st.integers(1, width - x)), draw(st.integers(1, height - y))
        return patch(original, (x, y, *size), draw(st.integers(0, 99)))

    text = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
    layers = [KeptLayer(a_patch(), draw(text), PROVENANCE) for _ in range(draw(st.integers(0, 3)))]
    candidates = [
        Candidate(
            "image", a_patch(), draw(st.integers(0, 2**40)), draw(text), 0.25, {"d": 1.5}, PROVENANCE, 2.5
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    candidates.append(Candidate("map", np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4), 3))
    candidates.append(Candidate("table", {"rows": [[1, "a"], [2.5, None]]}, 4))
    values = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    read = MapResult(values, Box(0, 0, width, height), proposals={"all": values > 0}, facts={"p": 0.5})
    candidates.append(Candidate("map", read.to_plain(), 5))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    masks = {
        "pixels": rng.integers(0, 256, (height, width), np.uint8),
        "joints": np.arange(17, dtype=np.uint8),
    }
    source = draw(st.none() | text)
    return ProjectState(original, tuple(layers), masks, tuple(candidates), {"view": {"zoom": 0.5}}, source)


def assert_same(one: ProjectState, other: ProjectState) -> None:
    for a, b in ((one.original, other.original), (one.subject, other.subject)):
        assert a.content_hash == b.content_hash
        assert (a.exif, a.icc, a.source_format, a.mode, a.depth) == (
            b.exif,
            b.icc,
            b.source_format,
            b.mode,
            b.depth,
        )
    assert len(one.layers) == len(other.layers)
    for mine, theirs in zip(one.layers, other.layers, strict=True):
        assert (mine.label, mine.provenance, mine.patch.box) == (
            theirs.label,
            theirs.provenance,
            theirs.patch.box,
        )
    assert one.masks.keys() == other.masks.keys()
    for space, mask in one.masks.items():
        np.testing.assert_array_equal(mask, other.masks[space])
    assert len(one.candidates) == len(other.candidates)
    for first, second in zip(one.candidates, other.candidates, strict=True):
        for name in ("kind", "seed", "label", "score", "metrics", "provenance", "seconds"):
            assert getattr(first, name) == getattr(second, name)
        if isinstance(first.result, ImagePatch):
            assert first.result.box == second.result.box
            np.testing.assert_array_equal(first.result.pixels, second.result.pixels)
        elif isinstance(first.result, np.ndarray):
            np.testing.assert_array_equal(first.result, second.result)
        else:
            np.testing.assert_equal(first.result, second.result)
    assert (one.settings, one.source) == (other.settings, other.source)


@given(states())
@settings(max_examples=60, deadline=None)
def test_a_saved_project_opens_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, state: ProjectState
) -> None:
    path = tmp_path_factory.mktemp("ora") / "Übung 写真.ora"
    save_project(state, path)
    assert_same(load_project(path), state)


@pytest.fixture
def state() -> ProjectState:
    original = subject(300, 200, "RGBA", 16)
    mask = np.zeros((200, 300), np.uint8)
    mask[50:80, 60:100] = 200
    layers = (
        KeptLayer(patch(original, (10, 20, 30, 40), 1), "sky"),
        KeptLayer(patch(original, (15, 25, 9, 9), 2)),
    )
    return ProjectState(original, layers, {"pixels": mask})


def test_other_programs_find_what_openraster_promises(tmp_path: Path, state: ProjectState) -> None:
    path = tmp_path / "a.ora"
    save_project(state, path)
    raw = path.read_bytes()
    assert raw[30:38] == b"mimetype"
    assert raw[38:54] == b"image/openraster"
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        image = ElementTree.fromstring(archive.read("stack.xml"))
        assert (image.get("w"), image.get("h")) == ("300", "200")
        layers = image.findall("./stack/layer")
        assert [layer.get("name") for layer in layers] == ["Mask", "Fill 2", "sky", "Original"]
        assert [layer.get("visibility") for layer in layers] == ["hidden"] + ["visible"] * 3
        assert (layers[0].get("x"), layers[0].get("y")) == ("60", "50")
        assert (layers[2].get("x"), layers[2].get("y")) == ("10", "20")
        for layer in layers:
            png.decode(archive.read(layer.get("src") or ""))
        overlay = png.decode(archive.read("data/mask.png"))[1]
        assert overlay is not None
        assert overlay.shape == (30, 40)
        assert (overlay == 200).all()
        merged, alpha = png.decode(archive.read("mergedimage.png"))
        np.testing.assert_array_equal(merged, state.subject.pixels)
        np.testing.assert_array_equal(alpha, state.subject.alpha)
        with Image.open(io.BytesIO(archive.read("Thumbnails/thumbnail.png"))) as thumbnail:
            assert thumbnail.size == (256, 171)


def test_the_colour_profile_is_in_the_layers_too(tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = np.full((8, 9, 3), 90, np.uint8)
    save_project(ProjectState(ImageSubject(pixels, icc=icc)), tmp_path / "a.ora")
    assert load_project(tmp_path / "a.ora").original.icc == icc
    with zipfile.ZipFile(tmp_path / "a.ora") as archive:
        image = Image.open(io.BytesIO(archive.read("data/original.png")))
        assert image.info["icc_profile"] == icc
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_saving_again_keeps_the_older_file_as_one_backup(tmp_path: Path, state: ProjectState) -> None:
    path = tmp_path / "a.ora"
    save_project(ProjectState(state.original), path)
    assert not (tmp_path / "a.ora~").exists()
    save_project(state, path)
    save_project(state, path)
    assert len(load_project(tmp_path / "a.ora~").layers) == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.ora", "a.ora~"]


def test_a_candidate_that_cannot_be_written_does_not_keep_the_rest_from_it(
    tmp_path: Path, state: ProjectState
) -> None:
    candidates = (Candidate("scene", object(), 1), Candidate("table", [1, 2], 2))
    save_project(ProjectState(state.original, state.layers, candidates=candidates), tmp_path / "a.ora")
    opened = load_project(tmp_path / "a.ora")
    assert [each.result for each in opened.candidates] == [[1, 2]]
    assert len(opened.layers) == 2


def test_an_answer_of_nothing_and_a_fill_of_nothing_are_saved_with_the_rest(
    tmp_path: Path, state: ProjectState
) -> None:
    nothing = ImagePatch(3, 4, state.original.pixels[:0, :0])
    layers = (*state.layers, KeptLayer(nothing, "unchanged", None))
    candidates = (Candidate("image", nothing, 5), *state.candidates)
    path = tmp_path / "nothing.ora"
    save_project(replace(state, layers=layers, candidates=candidates), path)
    opened = load_project(path)
    assert_same(opened, replace(state, layers=layers, candidates=candidates))
    with zipfile.ZipFile(path) as archive:
        drawn = [each.get("name") for each in ElementTree.fromstring(archive.read("stack.xml")).iter("layer")]
    assert "unchanged" not in drawn


def test_a_cancelled_save_leaves_the_older_file_and_nothing_else(tmp_path: Path, state: ProjectState) -> None:
    path = tmp_path / "a.ora"
    save_project(ProjectState(state.original), path)
    before = path.read_bytes()

    def stop(done: float, total: float, text: str) -> None:
        if done >= 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        save_project(state, path, stop)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.ora"]


def test_a_file_from_krita_opens_as_its_merged_image(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (12, 17, 4), np.uint8)
    picture[:, :, 3] = 255
    path = tmp_path / "krita.ora"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", "<image w='17' h='12'><stack/></image>")
        archive.writestr("mergedimage.png", cv2.imencode(".png", picture)[1].tobytes())
    state = load_project(path)
    assert state.flattened
    assert state.original.mode == "RGB"
    np.testing.assert_array_equal(state.original.pixels, picture[:, :, 2::-1])


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    target = path.with_name("changed.ora")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return target


def edit_project(**values: object) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        entries[PROJECT_ENTRY] = json.dumps(json.loads(entries[PROJECT_ENTRY]) | values).encode()

    return change


BROKEN: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "newer": (edit_project(format=2), "newer MaskStudio"),
    "other kind": (edit_project(kind="scene"), "kind"),
    "pose without joints": (edit_project(kind="pose"), "its pose"),
    "no json": (lambda e: e.update({PROJECT_ENTRY: b"{"}), "damaged"),
    "a list": (lambda e: e.update({PROJECT_ENTRY: b"[]"}), "damaged"),
    "deep json": (lambda e: e.update({PROJECT_ENTRY: b"[" * 100_000}), "damaged"),
    "not text": (lambda e: e.update({PROJECT_ENTRY: b"\xff\xfe"}), "damaged"),
    "missing picture": (lambda e: e.pop("data/original.png"), "picture"),
    "missing fill": (lambda e: e.pop("data/fill1.png"), "fill"),
    "missing mask": (lambda e: e.pop("maskstudio/masks/0.png"), "mask"),
    "picture of another size": (edit_project(width=299), "picture"),
    "picture of another depth": (edit_project(depth=8), "picture"),
    "layers are no list": (edit_project(layers=7), "fill"),
    "masks are no map": (edit_project(masks=[1]), "mask"),
    "candidates are wrong": (edit_project(candidates=[{"kind": "nonsense"}]), "candidate"),
    "path outside": (lambda e: e.update({"../../evil": b"x"}), "outside"),
    "absolute path": (lambda e: e.update({"/etc/evil": b"x"}), "outside"),
    "no mimetype": (lambda e: e.pop("mimetype"), "no OpenRaster"),
    "other mimetype": (lambda e: e.update(mimetype=b"application/epub+zip"), "no OpenRaster"),
    "cut picture": (lambda e: e.update({"data/original.png": e["data/original.png"][:500]}), "picture"),
    "huge picture": (
        lambda e: e.update(
            {"data/original.png": e["data/original.png"][:16] + b"\0\x10\0\0" * 2 + bytes(99)}
        ),
        "picture",
    ),
    "fill sticks out": (
        lambda e: e.update({PROJECT_ENTRY: e[PROJECT_ENTRY].replace(b'"x": 10', b'"x": 290')}),
        "fill",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_project_is_refused_in_one_sentence(tmp_path: Path, state: ProjectState, name: str) -> None:
    change, words = BROKEN[name]
    save_project(state, tmp_path / "a.ora")
    with pytest.raises(BadInput, match=words) as error:
        load_project(rewritten(tmp_path / "a.ora", change))
    assert "\n" not in error.value.message
    assert len(error.value.message) < 250


@pytest.mark.parametrize("part", [0, 1, 10, 0.3, 0.7, 0.999])
def test_a_truncated_project_is_refused_and_names_its_backup(
    tmp_path: Path, state: ProjectState, part: float
) -> None:
    path = tmp_path / "a.ora"
    save_project(state, path)
    save_project(state, path)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(part * len(raw)) if part < 1 else int(part)])
    with pytest.raises(BadInput, match=r"a\.ora~"):
        load_project(path)


def test_flipped_bytes_never_open_as_something_else(tmp_path: Path, state: ProjectState) -> None:
    path = tmp_path / "a.ora"
    save_project(state, path)
    raw = path.read_bytes()
    rng = np.random.default_rng(5)
    for position in rng.integers(0, len(raw), 60):
        path.write_bytes(raw[:position] + bytes([raw[position] ^ 0x41]) + raw[position + 1 :])
        try:
            opened = load_project(path)
        except BadInput:
            continue
        assert opened.flattened or opened.subject.content_hash == state.subject.content_hash


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.ora"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("mimetype", "image/openraster", zipfile.ZIP_STORED)
        archive.writestr("mergedimage.png", bytes(64 << 20))
    assert path.stat().st_size < 100_000
    with pytest.raises(BadInput, match="unpack"):
        load_project(path)


def test_missing_folder_and_missing_file_are_said_plainly(tmp_path: Path, state: ProjectState) -> None:
    with pytest.raises(BadInput, match="folder"):
        save_project(state, tmp_path / "nowhere" / "a.ora")
    with pytest.raises(BadInput, match="no file"):
        load_project(tmp_path / "a.ora")
    with pytest.raises(BadInput):
        load_project(tmp_path)


def test_a_full_disk_is_a_sentence(
    state: ProjectState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.ora"
    save_project(ProjectState(state.original), path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="disk is full"):
        save_project(state, path)
    assert path.read_bytes() == before
