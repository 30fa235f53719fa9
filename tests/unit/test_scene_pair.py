"""Two things at once: what comes back, what is raised, and that kernels of both stay apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numba
import numpy as np
import pytest
import torch
from maskengines.scene.kernels import bear_two
from maskengines.scene.pair import Pair
from maskengines.scene.rasteriser import render
from some_scene import around, some_gaussians


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """Kernels that have run, with two threads each for kernels and torch."""
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("there is one core")
    before = numba.get_num_threads(), torch.get_num_threads()
    render(some_gaussians(1), around(1)[0])
    numba.set_num_threads(2)
    torch.set_num_threads(2)
    yield
    numba.set_num_threads(before[0])
    torch.set_num_threads(before[1])


def test_both_run_at_once_on_half_of_the_threads_each() -> None:
    if not bear_two():
        pytest.skip("this layer of numba bears one caller")
    meeting, pair = threading.Barrier(2, timeout=20), Pair()

    def met(name: str) -> tuple[str, int, int]:
        meeting.wait()
        return name, numba.get_num_threads(), torch.get_num_threads()

    assert pair(lambda: met("one"), lambda: met("two")) == (("one", 1, 1), ("two", 1, 1))
    assert (numba.get_num_threads(), torch.get_num_threads()) == (2, 2)


def test_an_error_of_either_comes_when_both_have_ended_and_threads_are_given_back() -> None:
    ended: list[str] = []
    pair = Pair()

    def fails() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        pair(fails, lambda: ended.append("two"))
    with pytest.raises(ValueError, match="no"):
        pair(lambda: ended.append("one"), fails)
    assert "one" in ended
    assert (numba.get_num_threads(), torch.get_num_threads()) == (2, 2)
    assert pair(lambda: 1, lambda: 2) == (1, 2)


def test_with_one_thread_one_runs_after_the_other() -> None:
    numba.set_num_threads(1)
    here = threading.get_ident()
    assert Pair()(threading.get_ident, threading.get_ident) == (here, here)


def test_kernels_of_two_threads_do_not_disturb_each_other() -> None:
    scene, cameras = some_gaussians(300), around(4, 160, 120)
    alone = [render(scene, camera).colour for camera in cameras]

    def many(order: list[int]) -> list[bool]:
        drawn = [(number, render(scene, cameras[number]).colour) for number in order * 10]
        return [np.array_equal(colour, alone[number]) for number, colour in drawn]

    one, two = Pair()(lambda: many([0, 1, 2, 3]), lambda: many([3, 2, 1, 0]))
    assert all(one)
    assert all(two)
