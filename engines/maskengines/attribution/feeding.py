"""Batches of procedural scenes, made in a process beside the training and always in the same order."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from maskengines.attribution.recipes import CLEAN, Recipe
from maskengines.attribution.scenes import HELD_OUT, empty_scene, make_scene
from maskengines.errors import EngineFault

Array = np.ndarray[Any, Any]
Batch = tuple[Array, Array]

_AHEAD = 8  # batches that may wait, some 10 MB


@dataclass(frozen=True)
class Lessons:
    """What a training sees, step by step.

    Begun on textured scenes, a network has learnt nothing after hundreds of steps; begun on plain ones it
    knows most shapes after a hundred and fifty, and learns to see through texture from there.

    Scenes come in blocks of ``4 * count``, and a block is gone through four times, in another order and every
    scene turned by quarters and mirrored at random: making a scene costs half as much as learning
    from it, and repeating it a few times costs little (data echoing, arXiv 1907.05550).

    Attributes:
        recipe: of the scenes at the end.
        seed: two seeds share no scene within the first ``4 * 10**9 / count`` steps.
        count: scenes in a step.
        easy: so many steps show only one plain object on a plain background.
        rise: over so many more steps the share of such scenes falls to none.
    """

    recipe: Recipe
    seed: int
    count: int
    easy: int = 300
    rise: int = 1000

    def block(self, index: int) -> Batch:
        """The scenes of a block: ``(4 * count, S, S, 3)`` uint8 and labels ``(4 * count,)`` int64.

        Every sixteenth scene is empty and has the label -1. None is held out.
        """
        size = 4 * self.count
        first = HELD_OUT + self.seed * 10**9 + index * size
        alike = ("size", "cue", "cue_agrees")
        plain = replace(CLEAN, patterned=0.0, **{name: getattr(self.recipe, name) for name in alike})
        hard = size * min(max((16 * index - self.easy) / self.rise, 0.0), 1.0)
        scenes = [
            (make_scene if i % 16 else empty_scene)(first + i, self.recipe if i < hard else plain)
            for i in range(size)
        ]
        return np.stack([one.image for one in scenes]), np.array([one.label for one in scenes], np.int64)

    def batches(self, start: int, stop: int) -> Iterator[Batch]:
        """The batches of the steps ``start`` to ``stop``: ``(count, S, S, 3)`` uint8, ``(count,)`` int64."""
        for index in range(start // 16, -(-stop // 16)):
            images, labels = self.block(index)
            generator = np.random.Generator(np.random.PCG64([self.seed, index]))
            order = np.concatenate([generator.permutation(len(images)) for _ in range(4)])
            views = generator.integers(0, 8, len(order))
            for turn in range(16):
                if start <= 16 * index + turn < stop:
                    part = slice(turn * self.count, (turn + 1) * self.count)
                    chosen = zip(order[part], views[part], strict=True)
                    yield np.stack([_view(images[i], int(one)) for i, one in chosen]), labels[order[part]]


def _view(image: Array, which: int) -> Array:
    """One of the eight ways to lay a square on itself."""
    turned = np.rot90(image, which % 4)
    return turned[:, ::-1] if which >= 4 else turned


def made_ahead(lessons: Lessons, start: int, stop: int) -> Iterator[Batch]:
    """`Lessons.batches`, made in a spawned process while the caller works on the ones before.

    The process ends with the iterator, and by itself within seconds when this process is gone.
    """
    context = multiprocessing.get_context("spawn")
    waiting: Any = context.Queue(_AHEAD)
    maker = context.Process(target=_make, args=(waiting, os.getpid(), lessons, start, stop), daemon=True)
    maker.start()
    try:
        for _ in range(start, stop):
            yield _next(waiting, maker)
    finally:
        maker.terminate()
        maker.join()
        waiting.close()


def _next(waiting: Any, maker: Any) -> Batch:
    while True:
        try:
            return waiting.get(timeout=2)
        except queue.Empty:
            if not maker.is_alive():
                reason = f"The process that makes scenes ended with code {maker.exitcode}."
                raise EngineFault(f"{reason} Go on with --resume.") from None


def _make(waiting: Any, parent: int, lessons: Lessons, start: int, stop: int) -> None:
    cv2.setNumThreads(1)
    # Ctrl-C is for the training, which ends this process once it has saved.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for batch in lessons.batches(start, stop):
        while True:
            try:
                waiting.put(batch, timeout=2)
                break
            except queue.Full:
                if os.getppid() != parent:
                    # Nobody will read what is left, and the queue's own thread would wait for that.
                    waiting.cancel_join_thread()
                    return
