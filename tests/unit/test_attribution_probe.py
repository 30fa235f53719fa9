"""A user hides a part of a photo from a classifier and reads what it still sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from maskengines.attribution import hiding
from maskengines.attribution.engine import LayerMaskingEngine
from maskengines.attribution.hiding import HidingScorer
from maskengines.attribution.info import MaskingParams, ProbeParams
from maskengines.attribution.live import LayerProbe
from maskengines.attribution.masking.mode import masked_logits
from maskengines.attribution.networks import Network, load_network
from maskengines.contract import Candidate, Changes, ImagePatch, Request
from maskengines.errors import BadInput
from maskengines.results.tables import TableResult
from maskengines.runtime.local import LocalContext, run_here
from maskengines.subjects.image import ImageSubject
from network_families import write_network

Array = np.ndarray[Any, Any]
LABELS = tuple(f"thing {index}" for index in range(8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_network(tmp_path_factory.mktemp("probe") / "small", LABELS)


@pytest.fixture(scope="module")
def network(folder: Path) -> Network:
    return load_network(str(folder))


def photo(height: int = 96, width: int = 128, channels: int = 3, dtype: Any = np.uint8) -> Array:
    generator = np.random.default_rng(0)
    return generator.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype, endpoint=True)


def painted(height: int = 96, width: int = 128) -> Array:
    mask = np.zeros((height, width), np.uint8)
    mask[height // 3 : height // 2, width // 4 : width // 2] = 3
    return mask


def probe(folder: Path, subject: ImageSubject, mask: Array | None, **params: Any) -> dict[str, Any]:
    masks = {} if mask is None else {"pixels": mask}
    asked = MaskingParams(model=str(folder), method="probe", **params)
    (answer,) = run_here(LayerMaskingEngine(), Request(subject, masks, asked))
    assert answer.kind == "table"
    return told(answer)


def told(answer: Candidate) -> dict[str, Any]:
    """A table and its facts under one roof."""
    found = TableResult.read(answer.result)
    names = [column.name for column in found.columns]
    return {"columns": names, "rows": found.rows, "notes": found.notes, **found.facts}


def test_a_probe_gives_five_classes_with_their_change(folder: Path, network: Network) -> None:
    subject = ImageSubject(photo())
    found = probe(folder, subject, painted())
    assert found["columns"] == ["label", "index", "p", "p_before", "change"]
    prepared = network.preprocessing
    seen = prepared.visible(painted() > 0)
    pictures = torch.from_numpy(prepared.normalised(prepared.photo(photo())))[None]
    visible = torch.from_numpy(np.stack([seen, np.ones_like(seen)]))
    p, before = masked_logits(network.forward, pictures, visible).double().softmax(1).numpy()
    assert [row[1] for row in found["rows"]] == np.argsort(-p)[:5].tolist()
    for label, index, *values in found["rows"]:
        assert label == LABELS[index]
        assert values == pytest.approx([p[index], before[index], p[index] - before[index]], abs=1e-6)
    assert found["visible_share"] == pytest.approx(seen.mean())
    assert found["badge"]["passed"]


def test_what_is_painted_over_is_not_looked_at(folder: Path) -> None:
    mask, other = painted(), photo()
    other[mask > 0] = 255 - other[mask > 0]
    rows = [probe(folder, ImageSubject(pixels), mask)["rows"] for pixels in (photo(), other)]
    for one, two in zip(*rows, strict=True):
        assert one[:2] == two[:2]
        assert one[2] == pytest.approx(two[2], abs=1e-6)
        assert one[3] != two[3]


def test_keeping_only_what_is_painted_hides_all_else(folder: Path) -> None:
    mask, other = painted(), photo()
    other[mask == 0] = 255 - other[mask == 0]
    found = [probe(folder, ImageSubject(each), mask, keep=True) for each in (photo(), other)]
    assert found[0]["visible_share"] < 0.2
    for one, two in zip(found[0]["rows"], found[1]["rows"], strict=True):
        assert one[2] == pytest.approx(two[2], abs=1e-6)


@pytest.mark.parametrize("mask", [None, np.zeros((96, 128), np.uint8)])
def test_with_nothing_hidden_nothing_changes(folder: Path, mask: Array | None) -> None:
    found = probe(folder, ImageSubject(photo()), mask)
    assert all(row[4] == 0 for row in found["rows"])
    assert not found["disagree"]


@pytest.mark.parametrize(
    "subject",
    [
        ImageSubject(photo(channels=1)),
        ImageSubject(photo(dtype=np.uint16)),
        ImageSubject(photo(), alpha=photo(channels=1)[..., 0]),
        ImageSubject(photo(1, 1)),
        ImageSubject(photo(3, 500)),
        ImageSubject(photo(2000, 3000)),
    ],
    ids=["grey", "16 bit", "alpha", "one pixel", "thin", "huge"],
)
def test_photos_of_any_kind_are_probed(folder: Path, subject: ImageSubject) -> None:
    mask = painted(subject.height, subject.width)
    mask[0, 0] = 255
    found = probe(folder, subject, mask)
    assert len(found["rows"]) == 5
    assert all(np.isfinite(row[2]) for row in found["rows"])


def test_every_strategy_leaves_what_is_visible_alone() -> None:
    pixels, visible = photo(64, 64), painted(64, 64) == 0
    expected = {"black": [0, 0, 0], "grey": [127, 127, 127], "mean": pixels[visible].mean(0)}
    for name in ("black", "grey", "mean", "blur", "telea"):
        filled = hiding.fill_of(name)(pixels, visible)  # type: ignore[arg-type]
        assert filled.dtype == np.uint8
        assert np.array_equal(filled[visible], pixels[visible]), name
        assert (filled[~visible] != pixels[~visible]).any(), name
        if name in expected:
            assert np.abs(filled[~visible] - np.asarray(expected[name])).max() <= 0.5
        nothing = hiding.fill_of(name)(pixels, np.zeros_like(visible))  # type: ignore[arg-type]
        assert nothing.shape == pixels.shape


def test_exemplar_asks_the_engine_of_that_name(network: Network) -> None:
    asked: list[Request] = []

    def ask(engine: str, request: Request) -> Sequence[Candidate]:
        asked.append(request)
        assert engine == "exemplar"
        return [Candidate("image", ImagePatch(0, 0, np.full((64, 64, 3), 9, np.uint8)), request.seed)]

    pixels = photo(64, 64)
    visible = np.stack([painted(64, 64) == 0, np.ones((64, 64), bool)])
    scorer = HidingScorer(network, pixels, "exemplar", ask=ask, seed=4)
    assert scorer.logits(visible).shape == (2, 8)
    (request,) = asked
    assert np.array_equal(request.masks["pixels"] > 0, ~visible[0])
    assert request.seed == 4


@pytest.mark.parametrize("strategy", ["layer", "grey", "telea"])
def test_a_row_is_the_same_whatever_stands_beside_it(network: Network, strategy: Any) -> None:
    generator = np.random.default_rng(5)
    visible = np.stack([np.kron(generator.random((8, 8)) > 0.5, np.ones((8, 8))) > 0 for _ in range(40)])
    scorer = HidingScorer(network, photo(64, 64), strategy)
    together = scorer.logits(visible)
    alone = np.concatenate([scorer.logits(visible[index : index + 1]) for index in (0, 17, 39)])
    assert together.dtype == np.float32
    assert np.allclose(together[[0, 17, 39]], alone, atol=1e-5)
    assert scorer.logits(visible[:0]).shape == (0, 8)


def test_a_network_that_fails_its_check_is_asked_by_telea_and_says_so(network: Network) -> None:
    failed = replace(network, check=replace(network.check, passed=False, reason="No rule."))
    visible = painted(64, 64)[None] == 0
    scorer = HidingScorer(failed, photo(64, 64), "layer")
    assert scorer.used == "telea"
    telea = HidingScorer(network, photo(64, 64), "telea")
    assert np.array_equal(scorer.logits(visible), telea.logits(visible))


def test_the_live_probe_answers_every_change_and_compares_when_the_brush_rests(folder: Path) -> None:
    mask, params = painted(), ProbeParams(model=str(folder))
    more = mask.copy()
    more[60:90, 20:110] = 255
    quiet = [Changes()] * 4
    changes = [
        Changes({"pixels": more}),
        *quiet,
        Changes(params=ProbeParams(model=str(folder), strategy="grey")),
    ]
    request = Request(ImageSubject(photo()), {"pixels": mask}, params)
    answers = run_here(LayerProbe(), request, LocalContext(changes))
    results = [told(answer) for answer in answers]
    assert [len(result["strategies"]) for result in results] == [1, 1, 4, 1]
    assert [result["strategy"] for result in results] == ["layer", "layer", "layer", "grey"]
    assert results[0]["visible_share"] > results[1]["visible_share"] == results[3]["visible_share"]
    assert results[1]["rows"] == results[2]["rows"] != results[0]["rows"]
    firsts = {each["index"] for each in results[2]["strategies"]}
    assert results[2]["disagree"] == (len(firsts) > 1)
    assert results[2]["strategies"][0]["index"] == results[2]["rows"][0][1]


def test_a_wrong_class_is_told_before_a_map_is_drawn(folder: Path) -> None:
    asked = MaskingParams(model=str(folder), target="thing")
    with pytest.raises(BadInput, match=r"knows no class 'thing'\. Near it are"):
        run_here(LayerMaskingEngine(), Request(ImageSubject(photo()), {}, asked))


def test_leaving_parts_out_keeps_more_answers_than_painting_them_grey(data_dir: Path) -> None:
    from maskengines.subjects.image_io import load_image

    real = load_network(str(data_dir / "classifier/mobilenet_v2"))
    assert real.check.passed, real.check.reason
    generator = np.random.default_rng(0)
    kept = {"layer": 0, "grey": 0}
    paths = sorted((data_dir / "photos/test").glob("*.jpg"))
    for path in paths:
        seen = real.preprocessing.photo(load_image(path).display_rgb8())
        cells = np.ones(196, bool)
        cells[generator.permutation(196)[:59]] = False
        some = np.kron(cells.reshape(14, 14), np.ones((16, 16), bool))
        for strategy in kept:
            scorer = HidingScorer(real, seen, strategy)  # type: ignore[arg-type]
            whole, part = scorer.logits(np.stack([np.ones_like(some), some])).argmax(1)
            kept[strategy] += int(whole == part)
    assert kept["layer"] >= kept["grey"] + 0.2 * len(paths)
