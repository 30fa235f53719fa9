"""One heavy job at a time; light and live ones overtake."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from maskengines.runtime.job_queue import JobQueue, is_heavy


def job(name: str, weight: str = "heavy", live: bool = False) -> Any:
    class Named(SimpleNamespace):
        __hash__ = object.__hash__

    return Named(name=name, info=SimpleNamespace(weight=weight, live=live))


def names(jobs: list[Any]) -> list[str]:
    return [one.name for one in jobs]


def test_heavy_jobs_go_one_by_one_in_the_order_they_came() -> None:
    queue = JobQueue()
    first, second, third = (job(name) for name in "abc")
    for one in (first, second, third):
        queue.add(one)
    assert names(queue.startable()) == ["a"]
    assert queue.startable() == []
    queue.done(first)
    assert names(queue.startable()) == ["b"]
    queue.done(second)
    assert names(queue.startable()) == ["c"]


def test_light_and_live_jobs_overtake() -> None:
    queue = JobQueue()
    for one in (job("a"), job("b"), job("light", "light"), job("live", "heavy", live=True)):
        queue.add(one)
    assert names(queue.startable()) == ["a", "light", "live"]


def test_a_job_that_waits_can_be_taken_out_and_one_that_runs_cannot() -> None:
    queue = JobQueue()
    first, second, third = (job(name) for name in "abc")
    for one in (first, second, third):
        queue.add(one)
    queue.startable()
    assert queue.remove(second)
    assert not queue.remove(second)
    assert not queue.remove(first)
    queue.done(first)
    assert names(queue.startable()) == ["c"]


@given(st.lists(st.sampled_from(["heavy", "light", "live", "done"]), max_size=40))
def test_whatever_comes_never_two_heavy_jobs_run_and_none_is_lost(script: list[str]) -> None:
    queue, running, started, added = JobQueue(), [], [], []
    for number, step in enumerate(script):
        if step == "done":
            if running:
                queue.done(running.pop(0))
        else:
            added.append(job(str(number), "light" if step == "light" else "heavy", live=step == "live"))
            queue.add(added[-1])
        fresh = queue.startable()
        running += fresh
        started += fresh
        assert sum(is_heavy(one) for one in running) <= 1
    while running:
        queue.done(running.pop(0))
        fresh = queue.startable()
        running += fresh
        started += fresh
    assert sorted(names(started)) == sorted(names(added))
    heavy = [one.name for one in started if is_heavy(one)]
    assert heavy == [one.name for one in added if is_heavy(one)]
