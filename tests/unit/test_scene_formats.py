"""Gaussians in files: what is written comes back, and what makes no sense is refused with a sentence."""

from __future__ import annotations

import gzip
import io
import json
import resource
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.subjects import splat_files
from maskengines.subjects.gaussians import Gaussians
from maskengines.subjects.scene_formats import common
from maskengines.subjects.splat_files import load_gaussians, save_gaussians
from PIL import Image
from scipy.spatial import cKDTree
from some_scene import some_gaussians


def same_order(given: Gaussians, read: Gaussians) -> Gaussians:
    """``read`` in the order of ``given``: formats may sort."""
    assert len(read) == len(given)
    index = cKDTree(read.means).query(given.means)[1]
    assert len(set(index.tolist())) == len(given)
    return read.take(index)


def turned_by(one: Gaussians, two: Gaussians) -> float:
    """Largest angle between rotations, radians."""
    a, b = (
        g.rotations / np.linalg.norm(g.rotations.astype(float), axis=1, keepdims=True) for g in (one, two)
    )
    apart = np.minimum(np.linalg.norm(a - b, axis=1), np.linalg.norm(a + b, axis=1))
    return float(4 * np.arcsin(apart / 2).max())


# What a format loses at most: position in units (of a scene of +-10), scale in e-folds, rotation in radians,
# opacity, colour, harmonics.
LOST = {
    ".ply": (0, 0, 1e-9, 0, 0, 0),
    ".compressed.ply": (0.02, 0.005, 0.01, 0.003, 0.003, 0.017),
    ".spz": (1e-5, 1 / 32 + 1e-4, 0.01, 0.003, 0.004, 1 / 256 + 1e-5),
    ".splat": (0, 1e-5, 0.03, 0.003, 0.003, None),
}


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("suffix", LOST)
def test_gaussians_come_back_from_a_file(tmp_path: Path, suffix: str, degree: int) -> None:
    given = some_gaussians(700, degree)
    path = tmp_path / f"scene{suffix}"
    save_gaussians(given, path)
    opened = load_gaussians(path)
    read = same_order(given, opened.gaussians)
    mean, scale, turn, alpha, colour, rest = LOST[suffix]
    assert opened.warnings == ()
    assert np.abs(read.means - given.means).max() <= mean
    assert np.abs(read.scales - given.scales).max() <= scale
    assert turned_by(read, given) <= turn
    assert np.abs(read.alphas - given.alphas).max() <= alpha
    assert np.abs(read.colours - given.colours).max() <= colour
    if rest is None:
        assert read.degree == 0
    else:
        assert np.abs(read.harmonics[:, 1:] - given.harmonics[:, 1:]).max(initial=0) <= rest


def test_a_plain_ply_has_the_columns_of_the_original_implementation(tmp_path: Path) -> None:
    given = some_gaussians(3, 3)
    save_gaussians(given, tmp_path / "a.ply")
    data = (tmp_path / "a.ply").read_bytes()
    head, body = data.split(b"end_header\n", 1)
    names = [line.split()[-1].decode() for line in head.splitlines() if line.startswith(b"property")]
    assert names[:9] == ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
    assert names[9:54] == [f"f_rest_{i}" for i in range(45)]
    assert names[54:] == ["opacity", *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]
    table = np.frombuffer(body, "<f4").reshape(3, 62)
    # All of red come first, then all of green: f_rest_15 is green's first.
    np.testing.assert_array_equal(table[:, 9 + 15], given.harmonics[:, 1, 1])


def text_ply(rows: np.ndarray, names: list[str], kind: str = "float") -> str:
    lines = ["ply", "format ascii 1.0", "comment by hand", f"element vertex {len(rows)}"]
    lines += [f"property {kind} {name}" for name in names]
    return "\n".join([*lines, "end_header", *(" ".join(f"{v:.9g}" for v in row) for row in rows)]) + "\n"


NAMES = [
    "x", "y", "z", "opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3", "f_dc_0",
    "f_dc_1", "f_dc_2",
]  # fmt: skip


def table_of(gaussians: Gaussians) -> np.ndarray:
    return np.column_stack(
        [
            gaussians.means,
            gaussians.opacities,
            gaussians.scales,
            gaussians.rotations,
            gaussians.harmonics[:, 0],
        ]
    )


@pytest.mark.parametrize("kind", ["float", "double"])
def test_a_text_ply_with_extra_columns_and_elements_is_read(tmp_path: Path, kind: str) -> None:
    given = some_gaussians(40, 0)
    text = text_ply(np.column_stack([table_of(given), np.full(40, 7)]), [*NAMES, "segment"], kind)
    text = text.replace("end_header", "element face 1\nproperty list uchar int vertex_indices\nend_header")
    (tmp_path / "a.ply").write_text(text + "3 0 1 2\n")
    read = load_gaussians(tmp_path / "a.ply").gaussians
    np.testing.assert_allclose(read.means, given.means, rtol=1e-6)
    np.testing.assert_allclose(read.harmonics, given.harmonics, rtol=1e-5)


def test_a_big_endian_ply_is_read(tmp_path: Path) -> None:
    given = some_gaussians(10, 0)
    head = (
        text_ply(np.zeros((0, 14)), NAMES)
        .replace("ascii", "binary_big_endian")
        .replace("vertex 0", "vertex 10")
    )
    (tmp_path / "a.ply").write_bytes(head.encode() + table_of(given).astype(">f4").tobytes())
    np.testing.assert_array_equal(load_gaussians(tmp_path / "a.ply").gaussians.means, given.means)


def test_gaussians_that_are_no_numbers_are_left_out_and_counted(tmp_path: Path) -> None:
    given = some_gaussians(50, 0)
    table = table_of(given)
    table[3, 0], table[7, 5], table[9, 7:11] = np.nan, np.inf, 0
    (tmp_path / "a.ply").write_text(text_ply(table, NAMES))
    opened = load_gaussians(tmp_path / "a.ply")
    assert len(opened.gaussians) == 47
    assert opened.gaussians.finite.all()
    assert opened.warnings == ("3 of 50 Gaussians in 'a.ply' cannot be drawn and were left out.",)


def test_opacities_of_exactly_one_and_flat_gaussians_stay(tmp_path: Path) -> None:
    table = table_of(some_gaussians(3, 0))
    table[0, 3], table[1, 3], table[2, 4] = np.inf, -np.inf, -np.inf
    (tmp_path / "a.ply").write_text(text_ply(table, NAMES))
    opened = load_gaussians(tmp_path / "a.ply")
    assert opened.warnings == ()
    np.testing.assert_allclose(opened.gaussians.alphas[:2], [1, 0], atol=1e-6)


def without(names: set[str]) -> tuple[np.ndarray, list[str]]:
    kept = [i for i, name in enumerate(NAMES) if name not in names]
    return table_of(some_gaussians(5, 0))[:, kept], [NAMES[i] for i in kept]


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"rot_0"}, "upright"),
        ({"scale_2"}, "flat"),
    ],
)
def test_a_ply_that_lacks_what_can_be_done_without_opens_with_a_warning(
    tmp_path: Path, missing: set[str], words: str
) -> None:
    (tmp_path / "a.ply").write_text(text_ply(*without(missing)))
    opened = load_gaussians(tmp_path / "a.ply")
    assert len(opened.gaussians) == 5
    assert len(opened.warnings) == 1
    assert words in opened.warnings[0]


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"opacity", "scale_0", "scale_1", "scale_2"}, "no Gaussians"),
        ({"opacity"}, "lacks the columns opacity"),
        ({"f_dc_1"}, "lacks the columns f_dc_1"),
        ({"y"}, "lacks the columns y"),
    ],
)
def test_a_ply_that_lacks_what_it_needs_is_bad_input(tmp_path: Path, missing: set[str], words: str) -> None:
    (tmp_path / "a.ply").write_text(text_ply(*without(missing)))
    with pytest.raises(BadInput, match=words):
        load_gaussians(tmp_path / "a.ply")


def test_plain_colours_do_for_harmonics(tmp_path: Path) -> None:
    rows, names = without({"f_dc_0", "f_dc_1", "f_dc_2"})
    colours = np.linspace(0, 1, 15).reshape(5, 3)
    (tmp_path / "a.ply").write_text(
        text_ply(np.column_stack([rows, colours]), [*names, "red", "green", "blue"])
    )
    opened = load_gaussians(tmp_path / "a.ply")
    np.testing.assert_allclose(opened.gaussians.colours, colours, atol=1e-6)
    assert "plain colours" in opened.warnings[0]


@pytest.mark.parametrize(
    ("columns", "degree", "words"), [(72, 3, "beyond degree 3"), (7, 0, "no harmonics"), (9, 1, "")]
)
def test_harmonics_of_strange_degrees_are_cut(tmp_path: Path, columns: int, degree: int, words: str) -> None:
    given = some_gaussians(4, 0)
    rest = np.random.default_rng(0).normal(size=(4, columns))
    names = [*NAMES, *(f"f_rest_{i}" for i in range(columns))]
    (tmp_path / "a.ply").write_text(text_ply(np.column_stack([table_of(given), rest]), names))
    opened = load_gaussians(tmp_path / "a.ply")
    assert opened.gaussians.degree == degree
    assert (words in " ".join(opened.warnings)) if words else opened.warnings == ()
    if degree:
        # Green begins after all of red's coefficients, also those that were cut.
        np.testing.assert_allclose(opened.gaussians.harmonics[:, 1, 1], rest[:, columns // 3], rtol=1e-5)


@pytest.mark.parametrize("suffix", LOST)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.995])
def test_a_file_that_was_cut_short_is_bad_input(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"scene{suffix}"
    save_gaussians(some_gaussians(101, 1), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share) | 1])
    with pytest.raises(BadInput) as caught:
        load_gaussians(path)
    assert path.name in caught.value.message


@pytest.mark.parametrize("suffix", [".ply", ".compressed.ply", ".spz", ".splat", ".sog"])
def test_rubbish_is_bad_input_whatever_its_name(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(1)
    for number, start in enumerate((b"", b"ply\n", b"NGSP\x04\0\0\0", b"\x1f\x8b\x08\0", b"PK\x03\x04")):
        path = tmp_path / f"{number}{suffix}"
        path.write_bytes(start + rng.integers(0, 256, 333 if start else 0, np.uint8).tobytes())
        with pytest.raises(BadInput):
            load_gaussians(path)


def test_a_ply_that_promises_more_than_it_holds_takes_no_memory(tmp_path: Path) -> None:
    for form in ("ascii", "binary_little_endian"):
        text = (
            text_ply(np.zeros((1, 14)), NAMES).replace("vertex 1", "vertex 9000000000").replace("ascii", form)
        )
        (tmp_path / "a.ply").write_text(text)
        with pytest.raises(BadInput, match="ends too early"):
            load_gaussians(tmp_path / "a.ply")


def test_too_many_gaussians_are_refused_before_they_are_read(tmp_path: Path) -> None:
    with (tmp_path / "a.splat").open("wb") as file:
        file.truncate(32 * (common.MAX_GAUSSIANS + 1))
    with pytest.raises(BadInput, match="Thin it out"):
        load_gaussians(tmp_path / "a.splat")


@pytest.mark.parametrize("suffix", [".ply", ".compressed.ply", ".spz"])
def test_many_gaussians_lose_harmonics_rather_than_memory(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = some_gaussians(600, 3)
    save_gaussians(given, tmp_path / f"a{suffix}")
    monkeypatch.setattr(common, "HARMONICS_BUDGET", 600 * (common.REST + 12 * 4))
    opened = load_gaussians(tmp_path / f"a{suffix}")
    assert opened.gaussians.degree == 1
    assert "degree 1 instead of 3" in opened.warnings[0]
    read = same_order(given, opened.gaussians)
    assert np.abs(read.harmonics[:, 1:] - given.harmonics[:, 1:4]).max() < 0.02


def test_five_million_gaussians_of_the_highest_degree_fit_the_budget_at_a_lower_one() -> None:
    degree = common.affordable_degree(5_000_000, 3)
    assert 0 < degree < 3
    assert common.affordable_degree(200_000, 3) == 3


def spz_of_version(version: int, given: Gaussians) -> bytes:
    """An SPZ of version 2 written by its documentation: x, y, z of the quaternion in a byte each."""
    count = len(given)
    flip = np.array([1, -1, -1])
    fixed = np.rint(given.means * flip * 4096).astype("<i4").view(np.uint8).reshape(count, 3, 4)[:, :, :3]
    unit = given.rotations / np.linalg.norm(given.rotations, axis=1, keepdims=True)
    unit *= np.where(unit[:, :1] < 0, -1, 1)
    turn = np.rint(unit[:, 1:] * flip * 127.5 + 127.5)
    parts = [
        fixed, given.alphas * 255, given.harmonics[:, 0] * 0.15 * 255 + 127.5, (given.scales + 10) * 16, turn,
    ]  # fmt: skip
    body = b"".join(np.clip(np.rint(part), 0, 255).astype(np.uint8).tobytes() for part in parts)
    return gzip.compress(struct.pack("<4sIIBBBB", b"NGSP", version, count, 0, 12, 0, 0) + body)


def test_an_spz_of_version_2_is_read_and_an_unknown_one_refused(tmp_path: Path) -> None:
    given = some_gaussians(30, 0)
    (tmp_path / "a.spz").write_bytes(spz_of_version(2, given))
    read = load_gaussians(tmp_path / "a.spz").gaussians
    np.testing.assert_allclose(read.means, given.means, atol=2e-4)
    # Where w is small, a byte for each of the others leaves little of it.
    sure = np.abs(given.rotations[:, 0]) / np.linalg.norm(given.rotations, axis=1) > 0.2
    assert turned_by(read.take(sure), given.take(sure)) < 0.1
    (tmp_path / "b.spz").write_bytes(spz_of_version(7, given))
    with pytest.raises(BadInput, match="version 7"):
        load_gaussians(tmp_path / "b.spz")


def test_a_scene_too_large_for_spz_is_refused_and_a_large_one_is_coarse(tmp_path: Path) -> None:
    given = some_gaussians(5, 0)
    edge = {**given.to_arrays(), "means": np.full((5, 3), np.nextafter(np.float32(128), np.float32(0)))}
    save_gaussians(Gaussians.from_arrays(edge), tmp_path / "edge.spz")
    np.testing.assert_allclose(load_gaussians(tmp_path / "edge.spz").gaussians.means, 128, atol=1e-4)
    far = {**given.to_arrays(), "means": given.means * 1e5}
    save_gaussians(Gaussians.from_arrays(far), tmp_path / "far.spz")
    read = load_gaussians(tmp_path / "far.spz").gaussians
    np.testing.assert_allclose(read.means, far["means"], atol=0.2)
    with pytest.raises(BadInput, match="Scale it down"):
        save_gaussians(Gaussians.from_arrays({**far, "means": given.means * 1e8}), tmp_path / "b.spz")
    assert not (tmp_path / "b.spz").exists()


def test_what_cannot_be_drawn_is_not_written(tmp_path: Path) -> None:
    held = {name: array.copy() for name, array in some_gaussians(9, 0).to_arrays().items()}
    held["means"][4] = np.nan
    save_gaussians(Gaussians.from_arrays(held), tmp_path / "a.ply")
    assert len(load_gaussians(tmp_path / "a.ply").gaussians) == 8
    held["means"][:] = np.nan
    with pytest.raises(BadInput, match="not finite"):
        save_gaussians(Gaussians.from_arrays(held), tmp_path / "a.ply")
    assert len(load_gaussians(tmp_path / "a.ply").gaussians) == 8


@pytest.mark.parametrize("suffix", LOST)
def test_a_disk_that_is_full_leaves_the_old_file_and_no_other(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    save_gaussians(some_gaussians(5, 0), path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(BadInput, match="Cannot write"):
            save_gaussians(some_gaussians(5000, 1), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_suffix_is_refused_and_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.compressed\.ply, \.ply, \.spz, \.splat"):
        splat_files.check_splat_target(tmp_path / "a.obj")


@pytest.mark.parametrize("suffix", [*LOST, ".sog", ".text.ply"])
def test_a_file_with_wrong_bytes_opens_or_is_bad_input(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".sog":
        path.write_bytes(sog_of(some_gaussians(160, 1)))
    elif suffix == ".text.ply":
        path.write_text(text_ply(table_of(some_gaussians(20, 0)), NAMES))
    else:
        save_gaussians(some_gaussians(60, 1), path)
    data = path.read_bytes()
    rng = np.random.default_rng(len(data))
    told = []
    for number in range(60):
        wrong = bytearray(data)
        # Every other time where headers are.
        for place in rng.integers(0, min(len(data), 400) if number % 2 else len(data), 3).tolist():
            wrong[place] = rng.integers(0, 256)
        path.write_bytes(wrong)
        try:
            assert load_gaussians(path).gaussians.finite.all()
        except BadInput as error:
            told.append(error.message)
    assert all(path.name in message for message in told)
    assert told or suffix == ".splat"  # of which every byte is part of a number


def webp(pixels: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(data, "WEBP", lossless=True, exact=True)
    return data.getvalue()


def sog_of(given: Gaussians, *, version: int = 2, drop: str = "") -> bytes:
    """A SOG of 16 x n Gaussians of degree 1 by its documentation; their harmonics are one of 64 sets."""
    codebook = np.linspace(-4, 4, 256)

    def coded(values: np.ndarray) -> np.ndarray:
        return np.abs(values[..., None] - codebook).argmin(axis=-1)

    def picture(columns: np.ndarray, last: int | np.ndarray = 255) -> bytes:
        table = np.full((len(given), 4), 255)
        table[:, : columns.shape[1]] = columns
        table[:, 3] = last
        return webp(table.reshape(16, -1, 4))

    bent = np.sign(given.means) * np.log1p(np.abs(given.means))
    mins, maxs = bent.min(axis=0), bent.max(axis=0)
    places = np.rint((bent - mins) / (maxs - mins) * 65535).astype(int)
    unit = given.rotations / np.linalg.norm(given.rotations, axis=1, keepdims=True)
    largest = np.abs(unit).argmax(axis=1)
    unit *= np.sign(unit[np.arange(len(unit)), largest])[:, None]
    others = unit[np.arange(4) != largest[:, None]].reshape(-1, 3)
    palette = coded(given.harmonics[:64, 1:]).reshape(1, 64 * 3, 3)
    labels = np.column_stack([np.arange(len(given)) % 64, np.zeros(len(given))])
    files = {
        "l.webp": picture(places & 255), "u.webp": picture(places >> 8),
        "q.webp": picture(np.rint((others * np.sqrt(2) + 1) / 2 * 255), 252 + largest),
        "s.webp": picture(coded(given.scales)),
        "c.webp": picture(coded(given.harmonics[:, 0]), np.rint(given.alphas * 255)),
        "p.webp": webp(palette), "i.webp": picture(labels),
    }  # fmt: skip
    book = codebook.tolist()
    meta = {
        "version": version, "count": len(given),
        "means": {"mins": mins.tolist(), "maxs": maxs.tolist(), "files": ["l.webp", "u.webp"]},
        "quats": {"files": ["q.webp"]}, "scales": {"codebook": book, "files": ["s.webp"]},
        "sh0": {"codebook": book, "files": ["c.webp"]},
        "shN": {"count": 64, "bands": 1, "codebook": book, "files": ["p.webp", "i.webp"]},
    }  # fmt: skip
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("meta.json", json.dumps(meta))
        for name, content in files.items():
            if name != drop:
                archive.writestr(name, content)
    return data.getvalue()


def test_a_sog_is_read(tmp_path: Path) -> None:
    given = some_gaussians(160, 1)
    (tmp_path / "a.sog").write_bytes(sog_of(given))
    read = load_gaussians(tmp_path / "a.sog").gaussians
    assert np.abs(read.means - given.means).max() < 2e-3
    near = np.abs(given.scales) < 4
    assert np.abs((read.scales - given.scales)[near]).max() < 0.017
    assert turned_by(read, given) < 0.03
    assert np.abs(read.alphas - given.alphas).max() < 0.005
    assert np.abs(read.harmonics[:, 0] - given.harmonics[:, 0]).max() < 0.017
    sets = given.harmonics[np.arange(160) % 64, 1:]
    assert np.abs(read.harmonics[:, 1:] - sets).max() < 0.017


@pytest.mark.parametrize(
    ("change", "words"), [({"version": 3}, "version 3"), ({"drop": "s.webp"}, "make no sense")]
)
def test_a_sog_of_another_version_or_without_a_part_is_bad_input(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    (tmp_path / "a.sog").write_bytes(sog_of(some_gaussians(160, 1), **change))
    with pytest.raises(BadInput, match=words):
        load_gaussians(tmp_path / "a.sog")
