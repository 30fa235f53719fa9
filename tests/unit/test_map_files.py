"""A map that leaves the studio can be read back, looks right, and is the same every time."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from closed_form import linear
from maskengines.attribution.answers import as_map
from maskengines.attribution.explaining import explain
from maskengines.contract import Box, Candidate, Provenance
from maskengines.errors import BadInput
from maskengines.results.files import save_result
from maskengines.results.maps import MapResult
from maskengines.results.palettes import Scale
from maskengines.results.pictures import over_photo
from maskengines.results.report import Report, report
from maskengines.results.report_html import html
from maskengines.results.report_page import HEIGHT, WIDTH, draw
from maskengines.runtime.local import LocalContext
from maskengines.subjects.image import ImageSubject
from PIL import Image

Array = np.ndarray[Any, Any]

WEIGHTS = np.random.default_rng(5).normal(0, 1, 16)
FACTS = {"Network": "toy <1>", "Hidden by": "grey"}
PHOTO = ImageSubject(np.random.default_rng(0).integers(0, 256, (80, 100, 3), np.uint8))
FRAME = Box(10, 0, 64, 64)


@pytest.fixture(scope="module")
def answer() -> Candidate:
    params = SimpleNamespace(
        method="lime", target="", contrast="", segments="grid", regions=16, samples=400, keep_probability=0.5,
        batch=16,
    )  # fmt: skip
    scorer = linear(WEIGHTS, names=("K\N{LATIN SMALL LETTER U WITH DIAERESIS}rbis & <b>", "dog"))
    (found,) = explain(scorer, params, LocalContext(), 0)
    made = Provenance("layer-masking", "1", {}, 0, "abcdef", PHOTO.content_hash)
    result = as_map(found.result, found.metrics, FRAME, FACTS, ("Mind this.",)).to_plain()
    return Candidate("map", result, 0, metrics=found.metrics, provenance=made)


@pytest.fixture
def read(answer: Candidate) -> MapResult:
    return MapResult.read(answer.result, (80, 100))


def page_of(read: MapResult, about: dict[str, str] | None = None) -> Report:
    assert read.photo is not None
    return report(read, read.photo, about)


def pixels(path: Path) -> Array:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_blue_is_against_red_is_for_and_white_is_nothing() -> None:
    values = np.array([[-2.0, -1, 0, 1, 2]], np.float32)
    scale = Scale.of(values, signed=True)
    picture = scale.coloured(values).astype(int)[0]
    assert (picture[:2, 2] > picture[:2, 0] + 60).all()
    assert (picture[3:, 0] > picture[3:, 2] + 60).all()
    assert np.ptp(picture[2]) <= 1
    assert picture[2].min() > 240
    assert [text for _, text in scale.ticks()] == ["-2", "0", "2"]


def test_a_map_over_its_photo_shows_the_photo_where_nothing_matters() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (1, 3, 3)).astype(np.uint8)
    values = np.array([[-1.0, 0, 1]], np.float32)
    scale = Scale.of(values, signed=True)
    grey = np.rint(photo @ [0.299, 0.587, 0.114])
    np.testing.assert_array_equal(over_photo(values, photo, scale, 1.0)[0, 1], [grey[0, 1]] * 3)
    np.testing.assert_array_equal(
        over_photo(values, photo, scale, 1.0)[0, ::2], scale.coloured(values)[0, ::2]
    )
    np.testing.assert_array_equal(over_photo(values, photo, scale, 0.0)[..., 0], grey)


def test_an_unsigned_map_is_viridis_from_its_lowest_to_its_highest() -> None:
    values = np.array([[3.0, 5]], np.float32)
    picture = Scale.of(values, signed=False).coloured(values)[0]
    np.testing.assert_allclose(picture, [[68, 1, 84], [253, 231, 37]], atol=2)
    assert len(np.unique(Scale.of(np.full((3, 3), 7.0), False).coloured(np.full((3, 3), 7.0)))) <= 3


def test_a_picture_an_array_and_a_table_say_the_same(
    answer: Candidate, read: MapResult, tmp_path: Path
) -> None:
    save_result(answer, PHOTO, tmp_path / "map.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), read.values)
    save_result(answer, PHOTO, tmp_path / "map.png")
    picture = pixels(tmp_path / "map.png")
    outside = np.ones((80, 100), bool)
    outside[FRAME.slices] = False
    np.testing.assert_array_equal(picture[outside], PHOTO.pixels[outside])
    y, x = np.unravel_index(int(read.values.argmax()), read.values.shape)
    strongest = picture[FRAME.y + 2 * y + 1, FRAME.x + 2 * x + 1]
    assert strongest[0] > strongest[2]
    save_result(answer, PHOTO, tmp_path / "map.csv")
    rows = list(csv.DictReader((tmp_path / "map.csv").open()))
    assert len(rows) == 256
    np.testing.assert_allclose([float(row["value"]) for row in rows], read.region_values, rtol=1e-8)
    np.testing.assert_allclose([float(row["standard_error"]) for row in rows], read.region_errors, rtol=1e-8)
    assert sum(int(row["area"]) for row in rows) == 32 * 32
    # Region 17 covers 2 x 2 places of the map from (2, 2) on, and a place of the map 2 x 2 pixels.
    assert (float(rows[17]["centroid_x"]), float(rows[17]["centroid_y"])) == (10 + 5.5, 5.5)


def test_json_holds_everything_to_the_last_bit(answer: Candidate, read: MapResult, tmp_path: Path) -> None:
    save_result(answer, PHOTO, tmp_path / "map.json")
    text = (tmp_path / "map.json").read_text("utf-8")
    assert f'"values":[[{read.values[0, 0]!s},' in text
    held = json.loads(text)
    for key in ("values", "band"):
        np.testing.assert_array_equal(np.array(held["map"][key], np.float32), getattr(read, key))
    np.testing.assert_array_equal(held["map"]["region_values"], read.region_values)
    photo = Image.open(io.BytesIO(base64.b64decode(held["map"]["photo"]["png"])))
    np.testing.assert_array_equal(np.asarray(photo), read.photo)
    assert held["provenance"]["engine"] == "layer-masking"
    assert held["metrics"]["r2"] == answer.metrics["r2"]
    assert held["map"]["curves"][0]["area"] == read.curves[0].area


class Page(HTMLParser):
    """Text and tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.tags, self.sources, self._open = "", [], [], []  # type: ignore[var-annotated]
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_report_names_what_was_asked_and_needs_no_other_file(
    answer: Candidate, read: MapResult, tmp_path: Path
) -> None:
    save_result(answer, PHOTO, tmp_path / "report.html")
    shown = Page((tmp_path / "report.html").read_text("utf-8"))
    assert all(source.startswith("data:image/png;base64,") for source in shown.sources)
    assert shown.tags.count("img") == 2
    assert shown.tags.count("polyline") == 2
    wanted = ("K\N{LATIN SMALL LETTER U WITH DIAERESIS}rbis & <b>", "toy <1>", "256 (16 x 16 grid)", "400")
    for words in (*wanted, "Seed", "Mind this.", "abcdef"):
        assert words in shown.text
    for curve in read.curves:
        assert f"{curve.area:.3f}" in shown.text
    assert read.regions is not None
    for one in page_of(read).regions:
        assert read.regions[int(one.y * 32), int(one.x * 32)] == one.region


@pytest.mark.parametrize("suffix", ["pdf", "png", "html"])
def test_the_same_answer_gives_the_same_file_to_the_byte(
    answer: Candidate, suffix: str, tmp_path: Path
) -> None:
    files = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for file in files:
        save_result(answer, PHOTO, file)
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert b"Date" not in first
    assert first.startswith({"pdf": b"%PDF", "png": b"\x89PNG", "html": b"<!doctype html>"}[suffix])


def test_a_page_keeps_to_its_margins_whatever_it_has_to_say(read: MapResult) -> None:
    wordy = replace(
        read, title="a very long name " * 20, ranking=(("another long name " * 9, 0.2),) * 5, curves=()
    )
    about = {f"Fact {number}": "said at great length " * 5 for number in range(6)}
    for page in (page_of(wordy, about), page_of(read)):
        paper = np.asarray(draw(page))
        assert paper.shape == (HEIGHT, WIDTH, 3)
        margin = np.ones((HEIGHT, WIDTH), bool)
        margin[80:-40, 100:-90] = False
        assert (paper[margin] == 255).all()
        assert (paper[~margin] < 255).mean() > 0.1
        assert "Stopped" in html(page) or page.curves


def test_a_bare_map_is_written_too_and_has_no_regions_to_list(tmp_path: Path) -> None:
    bare = Candidate("map", np.linspace(0, 1, 20, dtype=np.float32).reshape(4, 5), 0)
    for suffix in ("png", "npy", "json", "html", "pdf"):
        save_result(bare, PHOTO, tmp_path / f"bare.{suffix}")
        assert (tmp_path / f"bare.{suffix}").stat().st_size > 100
    with pytest.raises(BadInput, match="no regions"):
        save_result(bare, PHOTO, tmp_path / "bare.csv")


def test_a_file_that_cannot_be_written_is_refused_with_the_reason(answer: Candidate, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"a map as .page.doc.. Use one of \.png"):
        save_result(answer, PHOTO, tmp_path / "page.doc")
    with pytest.raises(BadInput, match="folder does not exist"):
        save_result(answer, PHOTO, tmp_path / "nowhere" / "map.csv")
    assert list(tmp_path.iterdir()) == []
