"""What crosses between processes: plain data, checked, never pickled."""

from __future__ import annotations

import mmap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from maskengines.contract import ImagePatch
from maskengines.runtime import messages
from maskengines.runtime.plain import NotPlain, pack, unpack, views
from maskengines.runtime.segments import (
    AnonymousSegment,
    MappedSegment,
    NamedSegment,
    SegmentPool,
    new_segment,
    rounded,
)

numbers = npst.arrays(
    st.sampled_from(["u1", "<u2", "<i4", "<i8", "<f4", "<f8", "?"]),
    npst.array_shapes(min_dims=0, max_side=4, min_side=0),
)
keys = st.text(max_size=6) | st.just("$array")
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6) | numbers
    | st.builds(ImagePatch, st.integers(-9, 9), st.integers(-9, 9), numbers),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        )
    if isinstance(a, ImagePatch):
        return isinstance(b, ImagePatch) and (a.x, a.y) == (b.x, b.y) and same(a.pixels, b.pixels)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@given(plain)
def test_plain_data_crosses_unchanged(value: object) -> None:
    packed = pack(value)
    message = messages.CandidateMade(
        job=1,
        slot=1,
        tree=packed.tree,
        layout=packed.layout,
        shared=False,
        seconds=0.5,
        blob=packed.to_bytes(),
    )
    received = messages.decode(messages.encode(message))
    assert isinstance(received, messages.CandidateMade)
    assert same(value, unpack(received.tree, views(received.layout, received.blob)))


@pytest.mark.parametrize(
    "value", [object(), b"bytes", {1: 2}, {"a": print}, np.array([None]), np.array(["x"]), {1, 2}, 1j]
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(NotPlain):
        pack(value)


def test_endless_nesting_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(NotPlain):
        pack(loop)


@pytest.mark.parametrize(
    "layout",
    [
        [["u1", [10], 60]], [["u1", [-1], 0]], [["u1", [3], -1]], [["O", [1], 0]], [["V8", [1], 0]], [["u1"]],
        [["<f8", [1 << 62, 1 << 62], 0]], "text", None, [5], [["u1", ["a"], 0]], [[5, [1], 0]],
        [["u1", [1] * 99, 0]], [["S9", [1], 0]],
    ],
)  # fmt: skip
def test_a_layout_that_lies_is_refused(layout: object) -> None:
    with pytest.raises(NotPlain):
        views(layout, bytearray(64))


@pytest.mark.parametrize(
    "tree", [{"$array": 1}, {"$array": -1}, {"$array": "0"}, {"$patch": 3}, {"$patch": [1, 2, 3]}]
)
def test_a_tree_that_lies_is_refused(tree: object) -> None:
    with pytest.raises(NotPlain):
        unpack(tree, [np.zeros(1)])


@given(st.binary(max_size=80))
def test_noise_is_no_message(noise: bytes) -> None:
    with pytest.raises(messages.ProtocolError):
        messages.decode(noise)


@given(
    st.sampled_from(sorted(messages.TYPES)),
    st.dictionaries(st.sampled_from(["job", "slot", "tree", "kind", "x"]), st.integers() | st.text()),
)
def test_a_message_with_wrong_fields_is_refused(name: str, fields: dict[str, object]) -> None:
    import json

    header = json.dumps([name, fields]).encode()
    frame = len(header).to_bytes(4, "little") + header
    try:
        message = messages.decode(frame)
    except messages.ProtocolError:
        return
    assert type(message).__name__ == name
    assert all(not isinstance(fields.get(key), str) for key in ("job", "slot"))


@pytest.mark.parametrize("kind", [AnonymousSegment, NamedSegment])
def test_a_segment_is_shared_and_what_was_uploaded_cannot_be_written_elsewhere(kind: type) -> None:
    import os

    segment = kind(8192)
    segment.buffer[:4] = b"abcd"
    handle = os.dup(segment.handle) if segment.name is None else -1
    mapped = MappedSegment(segment.size, writable=False, name=segment.name, handle=handle)
    assert bytes(mapped.buffer[:4]) == b"abcd"
    with pytest.raises(TypeError):
        mapped.buffer[0:1] = b"x"
    segment.buffer[:4] = b"efgh"
    assert bytes(mapped.buffer[:4]) == b"efgh"
    if segment.name is None:
        with pytest.raises(PermissionError):
            mmap.mmap(segment.handle, 8192, access=mmap.ACCESS_WRITE)
    segment.close()
    segment.close()


def test_a_result_survives_the_segment_it_lies_in() -> None:
    segment = new_segment(4096, writable_by_worker=True)
    array = np.frombuffer(segment.buffer, np.uint8)
    array[:] = 7
    segment.close()
    assert (array == 7).all()


def test_the_pool_reuses_what_fits_and_keeps_within_its_limit() -> None:
    pool = SegmentPool(spare_bytes=10 << 20)
    first = pool.take(4 << 20)
    pool.give(first)
    assert pool.take(3 << 20) is first
    pool.give(first)
    small = pool.take(100)
    assert small is not first
    large = pool.take(9 << 20)
    pool.give(small)
    pool.give(large)
    assert first.id not in pool.open_segments
    assert large.id in pool.open_segments
    pool.close()
    assert pool.open_segments == set()


@given(st.integers(1, 1 << 40))
def test_rounding_wastes_at_most_an_eighth_or_a_page(size: int) -> None:
    assert size <= rounded(size) <= max(size * 9 // 8 + 1, size + mmap.PAGESIZE)
