"""An engine that answers with a curve, on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from maskengines.subjects.image_io import save_image
from maskstudio.cli import main
from plugin_lab import Lab

CURVE = 'result_kinds = ["curve"]\nneeds_mask = false\nneeds_visible = false'


def test_a_curve_is_written_as_rows(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_image(lab.subject, tmp_path / "photo.png")
    lab.plugin("profile", "yield Candidate('curve', {'x': [1, 2], 'y': [3, 4]}, request.seed)", CURVE)
    assert main(["run", "profile", "--input", "photo.png", "--out", "profile.csv"]) == 0
    assert (tmp_path / "profile.csv").read_text() == "curve,x,y\n1,1.0,3.0\n1,2.0,4.0\n"
    assert main(["run", "profile", "--input", "photo.png", "--out", "profile.png"]) == 2
    assert ".csv, .json" in capfd.readouterr().err


def test_an_answer_of_a_kind_that_the_manifest_does_not_name_says_what_to_add(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_image(lab.subject, tmp_path / "photo.png")
    body = "yield Candidate('curve', {'x': [1, 2], 'y': [3, 4]}, request.seed)"
    lab.plugin("silent", body, "needs_mask = false")
    assert main(["run", "silent", "--input", "photo.png", "--out", "a.png"]) == 4
    said = (
        "'silent' gave a curve, which 'a.png' cannot hold and its 'result_kinds' do not name; add it there."
    )
    assert said in capfd.readouterr().err


def test_what_is_no_curve_names_the_engine(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_image(lab.subject, tmp_path / "photo.png")
    lab.plugin("odd", "yield Candidate('curve', np.arange(10.0), request.seed)", CURVE)
    assert main(["run", "odd", "--input", "photo.png", "--out", "odd.csv"]) == 4
    assert "Odd gave a curve that cannot be shown. This curve has no x and y." in capfd.readouterr().err
