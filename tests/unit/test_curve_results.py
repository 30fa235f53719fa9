"""Curves as answers: what an engine may give, and the files they become."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from maskengines.contract import Candidate, ResultKind
from maskengines.errors import BadInput
from maskengines.results.curves import CurveResult
from maskengines.results.files import check_result_target, save_result
from maskengines.subjects.image import ImageSubject

PHOTO = ImageSubject(np.zeros((6, 8, 3), np.uint8))
TWO = {
    "title": "Sharpness",
    "curves": [
        {"name": "left", "x": [0, 1, 2], "y": [0.5, 0.25, 0.1], "x_title": "row", "area": 0.8},
        {"name": "right", "x": [0, 4], "y": [1, 2]},
    ],
}


def test_several_curves_become_rows_and_json(tmp_path: Path) -> None:
    candidate = Candidate("curve", CurveResult.read(TWO).to_plain(), 3)
    for name in ("a.csv", "a.json"):
        save_result(candidate, PHOTO, check_result_target(("curve",), tmp_path / name))
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[:2] == [["curve", "x", "y"], ["left", "0.0", "0.5"]]
    assert rows[-1] == ["right", "4.0", "2.0"]
    told = json.loads((tmp_path / "a.json").read_text())
    assert told["title"] == "Sharpness"
    assert told["curves"][0] == {
        "name": "left", "x": [0, 1, 2], "y": [0.5, 0.25, 0.1], "x_title": "row", "y_title": "", "area": 0.8,
    }  # fmt: skip


def test_one_curve_may_be_x_and_y_alone() -> None:
    (curve,) = CurveResult.read({"x": [1, 2], "y": [3, 4]}).curves
    assert curve.y.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.arange(10.0), "no x and y"),
        ({"x": [1, 2]}, "no x and y"),
        ({"x": [1, 2], "y": [3]}, "differ in length"),
        ({"x": [], "y": []}, "no points"),
        ({"curves": []}, "no points"),
        ({"curves": [5]}, "malformed"),
        ({"x": [1, 2], "y": [3, float("nan")]}, "not numbers"),
        ({"x": [1, 2], "y": ["a", "b"]}, "malformed"),
    ],
)
def test_what_is_no_curve_is_said_in_a_sentence(given: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        CurveResult.read(given)


def test_a_suffix_that_does_not_fit_names_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"Cannot write a curve as 'a.png'. Use one of .csv, .json"):
        save_result(Candidate("curve", TWO, 0), PHOTO, tmp_path / "a.png")


def test_a_kind_that_nothing_can_write_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="kind 'smell' cannot be written"):
        save_result(Candidate(cast(ResultKind, "smell"), 5, 0), PHOTO, tmp_path / "a.json")
