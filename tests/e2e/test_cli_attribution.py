"""A vision researcher asks a classifier in a worker: what does it see, what does it go by, what if?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.attribution.engine import LayerMaskingEngine
from maskengines.attribution.info import MaskingParams
from maskengines.contract import Candidate, Request
from maskengines.errors import BadInput, Cancelled
from maskengines.results.maps import MapResult
from maskengines.runtime.events import CandidateReady, JobEvent
from maskengines.runtime.local import LocalContext, run_here
from maskengines.runtime.registry import EngineRegistry
from maskengines.subjects.image_io import load_image
from maskstudio.cli import main
from network_families import write_network
from PIL import Image
from warm_workers import WarmWorkers

LABELS = ("cat", "dog", "hot dog", "bird", "boat", "tree")

pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small network, a photo wider than high, and a mask over a part of it."""
    folder = tmp_path_factory.mktemp("attribution")
    write_network(folder / "small", LABELS)
    pixels = np.random.default_rng(0).integers(0, 256, (90, 150, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "photo.png")
    mask = np.zeros((90, 150), np.uint8)
    mask[20:60, 30:90] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    return folder


def words(folder: Path, *more: str, engine: str = "layer-masking") -> list[str]:
    photo = str(folder / "photo.png")
    return ["run", engine, "--input", photo, "--set", f"model={folder / 'small'}", *more]


def events(text: str, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    return [event for event in found if event["event"] == kind]


def test_a_probe_prints_five_classes_and_needs_no_file(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = words(folder, "--mask", str(folder / "mask.png"), "--set", "method=probe", "--json")
    assert main(asked) == 0
    out = capfd.readouterr().out
    (probe,) = events(out, "probe")
    assert [set(row) >= {"label", "index", "p"} for row in probe["top"]] == [True] * 5
    chances = [row["p"] for row in probe["top"]]
    assert chances == sorted(chances, reverse=True)
    assert 5 / 6 < sum(chances) < 1
    assert all(LABELS[row["index"]] == row["label"] for row in probe["top"])
    assert 0.5 < probe["visible_share"] < 1
    assert events(out, "candidate") == []


def test_a_probe_is_answered_while_nothing_is_hidden_yet(folder: Path, warm_workers: WarmWorkers) -> None:
    subject = load_image(folder / "photo.png")
    mask = np.zeros((90, 150), np.uint8)
    params = {"model": str(folder / "small"), "method": "probe", "strategy": "exemplar"}
    tables = []
    with warm_workers(EngineRegistry.default(), interactive=False) as runtime:
        for filled in (0, 255):
            mask[20:40, 30:70] = filled
            heard: list[JobEvent] = []
            job = runtime.submit(
                "layer-masking", subject, {"pixels": mask}, params, count=1, seed=1, listener=heard.append
            )  # fmt: skip
            job.finish()
            assert job.wait(120)
            assert job.state == "done", job.error
            tables += [event.candidate for event in heard if isinstance(event, CandidateReady)]
    nothing, hidden = tables
    assert all(row[4] == 0 for row in nothing.result["rows"])
    assert any(row[4] != 0 for row in hidden.result["rows"])
    assert hidden.result["facts"]["used"] == "exemplar"
    assert hidden.provenance.weights
    assert len(hidden.provenance.weights) == 40


def test_a_map_is_written_over_the_photo_and_is_the_same_every_time(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = words(folder, "--set", "samples=80", "regions=20", "target=hot dog", "--json")
    for name in ("map.png", "again.png"):
        assert main([*asked, "--out", str(tmp_path / name)]) == 0
        (told,) = events(capfd.readouterr().out, "candidate")
        assert told["target"] == "hot dog"
        assert 0 <= told["deletion"] <= 1
    assert (tmp_path / "map.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    with Image.open(tmp_path / "map.png") as picture, Image.open(folder / "photo.png") as photo:
        assert picture.size == photo.size
        assert (np.asarray(picture) != np.asarray(photo)).mean() > 0.5


def test_a_fill_says_what_the_network_makes_of_it(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = words(folder, "--mask", str(folder / "mask.png"), "--json", engine="counterfactual")
    assert main([*asked, "--out", str(tmp_path / "filled.png"), "--count", "2"]) == 0
    told = events(capfd.readouterr().out, "candidate")
    assert [Path(event["path"]).name for event in told] == ["filled-1.png", "filled-2.png"]
    network = LayerMaskingEngine()
    for event in told:
        assert event["score"] == pytest.approx(event["p_before"] - event["p_after"], abs=1e-5)
        params = MaskingParams(model=str(folder / "small"), method="probe")
        (probe,) = run_here(network, Request(load_image(event["path"]), {}, params))
        assert probe.metrics["top"] == event["top"]
        assert probe.metrics["p"] == pytest.approx(event["p_top"], abs=1e-4)


def test_a_wrong_word_is_refused_in_a_line_before_or_after_the_work_begins(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for more, word in (
        (["--out", "map.doc"], "'.doc' is not a known format"),
        (["--set", "method=guess", "--out", "map.png"], "method"),
        (["--set", "target=ca t", "--out", "map.png"], "knows no class 'ca t'"),
    ):
        assert main(words(folder, *more)) == 2
        told = capfd.readouterr().err
        assert word in told
        assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("params", "word"),
    [({"segments": "painted"}, "Paint"), ({"samples": 16, "regions": 300}, "samples cannot tell")],
)
def test_what_cannot_be_explained_is_refused_in_a_sentence(
    folder: Path, params: dict[str, Any], word: str
) -> None:
    subject = load_image(folder / "photo.png")
    asked = MaskingParams(model=str(folder / "small"), **params)
    with pytest.raises(BadInput, match=word):
        run_here(LayerMaskingEngine(), Request(subject, {}, asked))


class Stopped(LocalContext):
    """Stops the engine once ``after`` samples are in."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after
        self.asked: list[float] = []

    def progress(self, done: float, total: float, text: str = "") -> None:
        if "Asking the network" in text:
            self.asked.append(done)

    def checkpoint(self) -> None:
        if self.asked and self.asked[-1] >= self.after:
            raise Cancelled


def test_a_stopped_map_stays_and_goes_on_where_it_was(folder: Path) -> None:
    subject = load_image(folder / "photo.png")
    params = MaskingParams(model=str(folder / "small"), samples=96, regions=20, proposals=False)
    engine, request = LayerMaskingEngine(), Request(subject, {}, params, seed=3)
    (whole,) = run_here(LayerMaskingEngine(), request)
    answers = engine.sample(request, Stopped(40))
    assert next(answers).metrics["samples"] == 40
    with pytest.raises(Cancelled):
        next(answers)
    going_on = Stopped(10_000)
    (finished,) = run_here(engine, request, going_on)
    assert going_on.asked[0] > 40
    assert np.array_equal(values(finished), values(whole))


def values(candidate: Candidate) -> np.ndarray[Any, Any]:
    return MapResult.read(candidate.result, (90, 150)).values
