"""Maps and tables: what crosses, what is refused, and what a mask made from a map covers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from maskengines.contract import Box, Candidate
from maskengines.disagreement import can_disagree, disagreement
from maskengines.errors import BadInput
from maskengines.results.maps import LARGEST, Curve, MapResult
from maskengines.results.palettes import Scale, diverging, viridis
from maskengines.results.pictures import over_photo
from maskengines.results.tables import Column, TableNote, TableResult
from maskengines.runtime.plain import pack, unpack, views

SHAPE = (40, 60)


def ramp(signed: bool = False) -> MapResult:
    values = np.linspace(-1 if signed else 0, 1, 100, dtype=np.float32).reshape(10, 10)
    return MapResult(values, Box(10, 0, 40, 40), signed=signed)


def crossed(value: Any) -> Any:
    """As it arrives on the other side of a worker's pipe."""
    packed = pack(value)
    return unpack(packed.tree, views(packed.layout, packed.to_bytes()))


def test_a_map_arrives_as_it_was_sent() -> None:
    sent = MapResult(
        ramp().values,
        Box(3, 2, 30, 20),
        signed=True,
        title="What speaks for cat",
        unit="logit",
        band=np.full((10, 10), 0.2, np.float32),
        regions=np.arange(100, dtype=np.int32).reshape(10, 10),
        proposals={"Smallest": ramp().values > 0.5},
        curves=(Curve("Deletion", np.array([0.0, 1.0]), np.array([1.0, 0.0]), area=0.5),),
        facts={"p": 0.8, "Samples": 512},
        warnings=("Mind this.",),
        photo=np.zeros((10, 10, 3), np.uint8),
    )
    came = MapResult.read(crossed(sent.to_plain()), SHAPE)
    for name in ("values", "band", "regions", "photo"):
        assert np.array_equal(getattr(came, name), getattr(sent, name)), name
    assert np.array_equal(came.proposals["Smallest"], sent.proposals["Smallest"])
    assert (came.frame, came.title, came.unit, came.facts) == (sent.frame, sent.title, sent.unit, sent.facts)
    assert (came.warnings, came.curves[0].area, came.curves[0].name) == (sent.warnings, 0.5, "Deletion")


def test_a_bare_array_is_a_map_of_the_whole_photo() -> None:
    came = MapResult.read(np.array([[-1.0, 2.0]]), SHAPE)
    assert came.frame == Box(0, 0, 60, 40)
    assert came.signed
    assert (came.scale.low, came.scale.high) == (-2.0, 2.0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("broken", "word"),
    [
        ({"values": np.full((3, 3), np.nan)}, "not numbers"),
        ({"values": np.full((3, 3), -np.inf)}, "beyond 1e.38; scale them down"),
        ({"values": np.full((3, 3), 1e300)}, "beyond 1e.38; scale them down"),
        ({"values": np.zeros((2, 2, 2))}, "shape"),
        ({"values": np.zeros((4, 4)), "frame": [50, 0, 40, 40]}, "inside the photo"),
        ({"values": np.zeros((4, 4)), "band": np.zeros((3, 4))}, "bands"),
        ({"values": np.zeros((4, 4)), "curves": [{"x": [1, 2], "y": [1]}]}, "length"),
        ({"nothing": 1}, "no values"),
        ("text", "no values"),
    ],
)
def test_a_malformed_map_is_refused_in_words(broken: Any, word: str) -> None:
    with pytest.raises(BadInput, match=word):
        MapResult.read(broken, SHAPE)


@pytest.mark.filterwarnings("error")
def test_the_largest_values_are_drawn_and_a_band_may_have_no_end() -> None:
    values = np.random.default_rng(0).uniform(-LARGEST, LARGEST, SHAPE)
    held = {"values": values, "band": np.full(SHAPE, 1e300)}
    came = MapResult.read(held, SHAPE)
    drawn = over_photo(came.values, np.zeros((*SHAPE, 3), np.uint8), came.scale)
    assert len(np.unique(drawn)) > 50
    assert came.band is not None
    assert np.isinf(came.band).all()


def test_a_threshold_of_a_signed_map_starts_at_zero() -> None:
    assert np.array_equal(ramp(signed=True).at_least(0), ramp(signed=True).values > 0)
    half = ramp(signed=True).at_least(0.5)
    assert np.array_equal(half, ramp(signed=True).values >= 0.5)


def test_a_mask_from_a_map_lies_where_the_map_does() -> None:
    mask = ramp().mask(np.ones((10, 10), bool), SHAPE)
    assert mask.shape == SHAPE
    assert (mask[:, 10:50] == 255).all()
    assert not mask[:, :10].any()
    assert not mask[:, 50:].any()


def test_maps_disagree_where_they_differ() -> None:
    one, other = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    one[5, 5] = other[5, 5] = 1
    other[20, 30] = 1
    maps = [Candidate("map", one, 0), Candidate("map", other, 1)]
    assert can_disagree(maps)
    assert not can_disagree(maps[:1])
    spread = disagreement(maps, SHAPE)
    assert spread[20, 30] == pytest.approx(1)
    assert spread[5, 5] == 0
    assert spread.sum() == pytest.approx(1)


def test_palettes_run_evenly_and_zero_is_the_lightest_of_the_signed_one() -> None:
    import cv2

    for palette in (viridis(), diverging()):
        lab = cv2.cvtColor((palette[None] / np.float32(255)).astype(np.float32), cv2.COLOR_RGB2Lab)[0]
        steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
        smooth = np.convolve(steps, np.ones(16) / 16, "valid")
        assert smooth.max() < 3 * smooth.min()
    lightness = diverging().astype(int).sum(axis=1)
    assert 126 <= lightness.argmax() <= 129
    ends = np.array([[0.0, 1.0]], np.float32)
    assert np.array_equal(Scale.of(ends, signed=False).coloured(ends)[0], viridis()[[0, 255]])


TABLE = TableResult(
    (Column("label", "Class"), Column("p", "Now", "share"), Column("change", "Change", "change")),
    (("cat", 0.25, -0.5), ("dog", 0.125, None)),
    "probe",
    "top",
    "Title",
    (TableNote("Mind this.", "warning"),),
    {"strategy": "layer"},
)


def test_a_table_arrives_as_it_was_sent_and_reads_well() -> None:
    assert TableResult.read(crossed(TABLE.to_plain())) == TABLE
    assert TABLE.event() == {
        "event": "probe",
        "top": [{"label": "cat", "p": 0.25, "change": -0.5}, {"label": "dog", "p": 0.125, "change": None}],
        "strategy": "layer",
    }
    lines = TABLE.lines()
    assert lines[1].split() == ["cat", "25.0", "%", "-50.0", "%"]
    assert lines[2].split() == ["dog", "12.5", "%", "-"]
    assert lines[-1] == "Mind this."


@pytest.mark.parametrize(
    "broken",
    [
        {"columns": ["a"], "rows": [[1, 2]]},
        {"columns": [["a", "A", "colour"]], "rows": []},
        {"rows": []},
        7,
    ],
)
def test_a_malformed_table_is_refused_in_words(broken: Any) -> None:
    with pytest.raises(BadInput, match="table"):
        TableResult.read(broken)
