"""A map that leaves the studio can be read back, looks right, and is the same every time."""

from __future__ import annotations

import base64
import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from closed_form import linear
from maskengines.attribution.explaining import explain
from maskengines.attribution.exports import save_csv, save_json, save_npy, save_png
from maskengines.attribution.pictures import Scale, coloured, over_photo
from maskengines.attribution.report import report
from maskengines.attribution.report_html import html, save_html
from maskengines.attribution.report_page import HEIGHT, WIDTH, draw, save_page
from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.runtime.local import LocalContext
from PIL import Image

Array = np.ndarray[Any, Any]

WEIGHTS = np.random.default_rng(5).normal(0, 1, 16)
ABOUT = {"Network": "toy <1>", "Hidden by": "grey"}


@pytest.fixture(scope="module")
def answer() -> Candidate:
    params = SimpleNamespace(
        method="lime", target="", contrast="", segments="grid", regions=16, samples=400, keep_probability=0.5,
        batch=16,
    )  # fmt: skip
    scorer = linear(WEIGHTS, names=("K\N{LATIN SMALL LETTER U WITH DIAERESIS}rbis & <b>", "dog"))
    (candidate,) = explain(scorer, params, LocalContext(), 0)
    return candidate


def pixels(path: Path) -> Array:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_blue_is_against_red_is_for_and_white_is_nothing() -> None:
    values = np.array([[-2.0, -1, 0, 1, 2]], np.float32)
    scale = Scale.of(values, signed=True)
    picture = coloured(values, scale).astype(int)[0]
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
        over_photo(values, photo, scale, 1.0)[0, ::2], coloured(values, scale)[0, ::2]
    )
    np.testing.assert_array_equal(over_photo(values, photo, scale, 0.0)[..., 0], grey)


def test_an_unsigned_map_is_viridis_from_its_lowest_to_its_highest() -> None:
    values = np.array([[3.0, 5]], np.float32)
    picture = coloured(values, Scale.of(values, signed=False))[0]
    np.testing.assert_allclose(picture, [[68, 1, 84], [253, 231, 37]], atol=2)
    assert len(np.unique(coloured(np.full((3, 3), 7.0), Scale.of(np.full((3, 3), 7.0), False)))) <= 3


def test_a_picture_an_array_and_a_table_say_the_same(answer: Candidate, tmp_path: Path) -> None:
    result = answer.result
    save_npy(tmp_path / "map.npy", result)
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), result["values"])
    save_png(tmp_path / "alone.png", result, None)
    scale = Scale.of(result["values"], True)
    np.testing.assert_array_equal(pixels(tmp_path / "alone.png"), coloured(result["values"], scale))
    save_csv(tmp_path / "map.csv", result)
    rows = list(csv.DictReader((tmp_path / "map.csv").open()))
    assert len(rows) == 256
    np.testing.assert_allclose([float(row["coefficient"]) for row in rows], result["coefficients"], rtol=1e-8)
    np.testing.assert_allclose([float(row["standard_error"]) for row in rows], result["errors"], rtol=1e-8)
    assert sum(int(row["area"]) for row in rows) == 32 * 32
    assert (float(rows[17]["centroid_x"]), float(rows[17]["centroid_y"])) == (2.5, 2.5)


def test_json_holds_everything_to_the_last_bit(answer: Candidate, tmp_path: Path) -> None:
    save_json(tmp_path / "map.json", answer.result, answer.metrics, {"engine": "layer-masking", "seed": 0})
    text = (tmp_path / "map.json").read_text("utf-8")
    assert f'"values":[[{answer.result["values"][0, 0]!s},' in text
    read = json.loads(text)
    for key in ("values", "band"):
        np.testing.assert_array_equal(np.array(read["map"][key], np.float32), answer.result[key])
    np.testing.assert_array_equal(read["map"]["coefficients"], answer.result["coefficients"])
    photo = Image.open(io.BytesIO(base64.b64decode(read["map"]["photo"]["png"])))
    np.testing.assert_array_equal(np.asarray(photo), answer.result["photo"])
    assert read["provenance"]["engine"] == "layer-masking"
    assert read["metrics"]["r2"] == answer.metrics["r2"]
    assert read["map"]["curves"]["deletion"]["area"] == answer.result["curves"]["deletion"]["area"]


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


def test_a_report_names_what_was_asked_and_needs_no_other_file(answer: Candidate, tmp_path: Path) -> None:
    page = report(answer.result, answer.metrics, ABOUT)
    save_html(tmp_path / "report.html", page)
    read = Page((tmp_path / "report.html").read_text("utf-8"))
    assert all(source.startswith("data:image/png;base64,") for source in read.sources)
    assert read.tags.count("img") == 2
    assert read.tags.count("polyline") == 2
    for words in (
        "K\N{LATIN SMALL LETTER U WITH DIAERESIS}rbis & <b>",
        "toy <1>",
        "256 (16 x 16 grid)",
        "400",
        "Seed",
    ):
        assert words in read.text
    for curve in answer.result["curves"].values():
        assert f"{curve['area']:.3f}" in read.text
    for one in page.regions:
        y, x = int(one.y * 32), int(one.x * 32)
        assert answer.result["labels"][y, x] == one.region


@pytest.mark.parametrize("suffix", ["pdf", "png", "html"])
def test_the_same_answer_gives_the_same_report_to_the_byte(
    answer: Candidate, suffix: str, tmp_path: Path
) -> None:
    save = save_html if suffix == "html" else save_page
    files = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for file in files:
        save(file, report(answer.result, answer.metrics, ABOUT))
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert b"Date" not in first
    assert first.startswith({"pdf": b"%PDF", "png": b"\x89PNG", "html": b"<!doctype html>"}[suffix])


def test_a_page_keeps_to_its_margins_whatever_it_has_to_say(answer: Candidate) -> None:
    result = {**answer.result, "target": {**answer.result["target"], "label": "a very long name " * 20}}
    result["top"] = [{"label": "another long name " * 9, "index": 0, "p": 0.2}] * 5
    about = {f"Fact {number}": "said at great length " * 5 for number in range(6)}
    for page in (report(result, answer.metrics, about), report({**result, "curves": {}}, answer.metrics)):
        paper = np.asarray(draw(page))
        assert paper.shape == (HEIGHT, WIDTH, 3)
        margin = np.ones((HEIGHT, WIDTH), bool)
        margin[80:-40, 100:-90] = False
        assert (paper[margin] == 255).all()
        assert (paper[~margin] < 255).mean() > 0.1
        assert "Stopped" in html(page) or page.lines


def test_a_file_that_cannot_be_written_is_refused_with_the_reason(answer: Candidate, tmp_path: Path) -> None:
    page = report(answer.result, answer.metrics)
    with pytest.raises(BadInput, match=r"written as \.pdf, \.png or \.html, not '\.doc'"):
        save_page(tmp_path / "page.doc", page)
    with pytest.raises(BadInput, match="folder does not exist"):
        save_csv(tmp_path / "nowhere" / "map.csv", answer.result)
    with pytest.raises(BadInput, match="from 0 to 1"):
        save_png(tmp_path / "map.png", answer.result, 2)
    assert list(tmp_path.iterdir()) == []
