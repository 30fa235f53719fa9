"""Previews on their way out of a worker: the newest one, and not too many."""

from __future__ import annotations

import queue
import time

import numpy as np
from maskengines.runtime.messages import Message, PreviewMade, ProgressMade
from maskengines.runtime.outbox import PROGRESS_SECONDS, Outbox
from maskengines.runtime.plain import pack, unpack, views


def shown(message: Message) -> int:
    assert isinstance(message, PreviewMade)
    return int(unpack(message.tree, views(message.layout, message.blob))[0])


def test_between_two_previews_there_is_a_rest_and_the_newest_is_not_lost() -> None:
    sent: queue.Queue[tuple[float, Message]] = queue.Queue()
    rest = 0.3
    outbox = Outbox(lambda message: sent.put((time.monotonic(), message)), rest)
    outbox.preview(1, pack(np.array([0])))
    first, message = sent.get(timeout=10)
    assert shown(message) == 0
    outbox.free(message.slot)
    for number in (1, 2, 3):
        outbox.preview(1, pack(np.array([number])))
    second, message = sent.get(timeout=10)
    assert shown(message) == 3
    assert second - first >= 0.9 * rest


def test_a_live_engines_previews_do_not_rest() -> None:
    sent: queue.Queue[Message] = queue.Queue()
    outbox = Outbox(sent.put, 0.0)
    for number in range(5):
        outbox.preview(1, pack(np.array([number])))
        message = sent.get(timeout=10)
        assert shown(message) == number
        outbox.free(message.slot)


def test_progress_comes_a_few_times_a_second_and_the_last_word_is_not_lost() -> None:
    sent: queue.Queue[Message] = queue.Queue()
    outbox = Outbox(sent.put)
    begun = time.monotonic()
    for step in range(100):
        outbox.progress(1, step, 100, "Filling")
        time.sleep(0.005)
    took = time.monotonic() - begun
    outbox.settle()
    told = []
    while not sent.empty():
        message = sent.get()
        assert isinstance(message, ProgressMade)
        told.append(message.done)
    assert told[-1] == 99
    assert told == sorted(told)
    assert len(told) <= 2 + took / PROGRESS_SECONDS
