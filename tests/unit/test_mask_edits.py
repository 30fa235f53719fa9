"""Painting into a mask, taking it back and painting it again."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.contract import Box
from maskengines.masks.mask import Asked, Mask, MaskDelta
from maskengines.masks.memory import zeros_prefaulted
from maskengines.masks.scratch import Scratch

HEIGHT, WIDTH = 600, 530

boxes = st.builds(
    Box, st.integers(-50, WIDTH), st.integers(-50, HEIGHT), st.integers(0, 400), st.integers(0, 400)
)
steps = st.lists(st.tuples(boxes, st.integers(0, 255)), min_size=1, max_size=8)


def paint(mask: Mask, box: Box, value: int) -> MaskDelta | None:
    box = box.clipped(WIDTH, HEIGHT)
    edit = mask.edit()
    edit.touch(box)
    mask.data[box.slices] = value
    return edit.commit()


@given(steps, st.data())
@settings(max_examples=60, deadline=None)
def test_any_strokes_undone_give_the_first_mask_and_redone_the_last(
    strokes: list[tuple[Box, int]], data: st.DataObject
) -> None:
    mask = Mask((HEIGHT, WIDTH))
    states = [mask.data.copy()]
    deltas: list[MaskDelta] = []
    for box, value in strokes:
        delta = paint(mask, box, value)
        if delta is None:
            np.testing.assert_array_equal(mask.data, states[-1])
        else:
            deltas.append(delta)
            states.append(mask.data.copy())
        assert mask.selected_count == np.count_nonzero(mask.data)
        assert mask.selected_box() == Box.of_mask(mask.data)
    present = len(deltas)
    walk = data.draw(st.lists(st.booleans(), max_size=12)) + [True] * len(deltas)
    for back in walk:
        if back and present:
            present -= 1
            deltas[present].swap(mask)
        elif not back and present < len(deltas):
            deltas[present].swap(mask)
            present += 1
        np.testing.assert_array_equal(mask.data, states[present])
        assert mask.selected_count == np.count_nonzero(mask.data)
    for delta in deltas[present:]:
        delta.swap(mask)
    np.testing.assert_array_equal(mask.data, states[-1])


@given(steps)
@settings(max_examples=30, deadline=None)
def test_steps_parked_on_disk_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, strokes: list[tuple[Box, int]]
) -> None:
    scratch = Scratch(tmp_path_factory.mktemp("undo"))
    mask = Mask((HEIGHT, WIDTH))
    rng = np.random.default_rng(1)
    mask.replace(rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8))
    states, deltas = [mask.data.copy()], []
    for box, value in strokes:
        if delta := paint(mask, box, value):
            deltas.append(delta)
            states.append(mask.data.copy())
    for delta in deltas:
        assert delta.bag.park(scratch)
        assert delta.nbytes == 0
        assert not delta.bag.park(scratch)
    assert (scratch.size > 0) == bool(deltas)
    for delta, state in zip(reversed(deltas), reversed(states[:-1]), strict=True):
        delta.swap(mask)
        np.testing.assert_array_equal(mask.data, state)
    assert scratch.size == 0
    for delta, state in zip(deltas, states[1:], strict=True):
        delta.swap(mask)
        np.testing.assert_array_equal(mask.data, state)
    scratch.close()


def test_an_aborted_stroke_leaves_no_trace() -> None:
    mask = Mask((HEIGHT, WIDTH))
    paint(mask, Box(5, 5, 300, 300), 77)
    before, count = mask.data.copy(), mask.selected_count
    edit = mask.edit()
    edit.touch(Box(200, 200, 200, 100))
    mask.data[200:300, 200:400] = 255
    box = edit.abort()
    np.testing.assert_array_equal(mask.data, before)
    assert mask.selected_count == count
    assert box.union(Box(200, 200, 200, 100)) == box
    with pytest.raises(RuntimeError):
        edit.touch(Box(0, 0, 1, 1))


def test_a_stroke_that_changes_nothing_is_no_step_and_keeps_the_revision() -> None:
    mask = Mask((HEIGHT, WIDTH))
    revision = mask.revision
    assert paint(mask, Box(0, 0, 100, 100), 0) is None
    assert mask.revision == revision
    assert paint(mask, Box(0, 0, 100, 100), 1) is not None
    assert mask.revision > revision


def test_a_stroke_keeps_only_the_tiles_it_changed_and_an_empty_tile_weighs_nothing() -> None:
    mask = Mask((2048, 2048))
    edit = mask.edit()
    edit.touch(Box(0, 0, 2048, 2048))
    mask.data[300:310, 300:310] = 255
    delta = edit.commit()
    assert delta is not None
    assert delta.box == Box(256, 256, 256, 256)
    assert delta.nbytes < 1000
    delta.swap(mask)
    assert 256 * 256 <= delta.nbytes < 256 * 256 + 1000


def test_selecting_everything_and_nothing_weighs_next_to_nothing() -> None:
    mask = Mask((2048, 2048))
    full = mask.replace(np.full((2048, 2048), 255, np.uint8))
    assert full is not None
    assert mask.selected_fraction() == 1.0
    none = mask.replace(np.zeros((2048, 2048), np.uint8))
    assert none is not None
    assert full.nbytes + none.nbytes < 20_000
    none.swap(mask)
    assert (mask.data == 255).all()


def test_parking_in_a_thread_never_spoils_a_step_that_is_used_meanwhile(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    mask = Mask((HEIGHT, WIDTH))
    noise = np.random.default_rng(0).integers(0, 256, (2, HEIGHT, WIDTH), np.uint8)
    mask.replace(noise[0])
    delta = mask.replace(noise[1])
    assert delta is not None
    done = threading.Event()

    def park() -> None:
        while not done.is_set():
            delta.bag.park(scratch)

    parker = threading.Thread(target=park)
    parker.start()
    try:
        for turn in range(60):
            delta.swap(mask)
            np.testing.assert_array_equal(mask.data, noise[turn % 2])
    finally:
        done.set()
        parker.join()


def test_clearing_empties_the_mask_and_can_be_undone() -> None:
    mask = Mask((HEIGHT, WIDTH))
    assert mask.clear() is None
    paint(mask, Box(100, 100, 300, 300), 40)
    before = mask.data.copy()
    delta = mask.clear()
    assert delta is not None
    assert not mask.data.any()
    assert mask.selected_count == 0
    delta.swap(mask)
    np.testing.assert_array_equal(mask.data, before)


def test_a_mask_over_joints_has_one_dimension() -> None:
    mask = Mask((17,))
    edit = mask.edit()
    edit.touch(Box(3, 0, 4, 1))
    mask.data[3:7] = 200
    delta = edit.commit()
    assert delta is not None
    assert mask.selected_fraction() == 4 / 17
    assert mask.snapshot().tolist() == [0] * 3 + [200] * 4 + [0] * 10
    delta.swap(mask)
    assert not mask.data.any()


def test_a_snapshot_taken_during_a_stroke_shows_it() -> None:
    mask = Mask((HEIGHT, WIDTH))
    edit = mask.edit()
    edit.touch(Box(400, 400, 50, 50))
    mask.data[400:450, 400:450] = 9
    np.testing.assert_array_equal(mask.snapshot(), mask.data)
    edit.commit()
    np.testing.assert_array_equal(mask.snapshot(), mask.data)


def test_one_edit_at_a_time_and_no_undo_under_it() -> None:
    mask = Mask((10, 10))
    delta = mask.replace(np.ones((10, 10), np.uint8))
    assert delta is not None
    mask.edit()
    with pytest.raises(RuntimeError):
        mask.edit()
    with pytest.raises(RuntimeError):
        delta.swap(mask)


def test_a_new_mask_is_zero_contiguous_and_writable_at_any_size() -> None:
    for shape in ((1, 1), (0, 5), (7,), (1500, 1400)):
        array = zeros_prefaulted(shape)
        assert array.shape == shape
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not array.any()


def test_space_of_finished_undo_steps_is_used_again(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    first, second = scratch.write(b"a" * 100), scratch.write(b"b" * 100)
    scratch.free(first)
    third = scratch.write(b"c" * 60)
    assert third.offset == 0
    assert scratch.size == 200
    assert scratch.read(second) == b"b" * 100
    assert scratch.read(third) == b"c" * 60
    scratch.free(second)
    assert scratch.size == 60
    assert list(tmp_path.iterdir()) == []


@given(steps, steps, boxes)
@settings(max_examples=60, deadline=None)
def test_what_was_asked_is_cleared_and_what_was_painted_since_stays(
    first: list[tuple[Box, int]], since: list[tuple[Box, int]], part: Box
) -> None:
    mask = Mask((HEIGHT, WIDTH))
    for box, value in first:
        paint(mask, box, value)
    before = mask.data.copy()
    asked = Asked.of(mask)
    part = part.clipped(WIDTH, HEIGHT)
    assert np.array_equal(asked.inside(part), before[part.slices])
    for box, value in since:
        paint(mask, box, value)
    painted = mask.data.copy()
    delta = mask.clear_asked(asked)
    assert np.array_equal(mask.data, np.where(painted > before, painted, 0))
    if delta is not None:
        delta.swap(mask)
    assert np.array_equal(mask.data, painted)
