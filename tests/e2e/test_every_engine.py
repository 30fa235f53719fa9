"""What holds for every engine that ships and paints pictures: where nothing was painted, nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from maskengines.assets import asset
from maskengines.contract import Candidate
from maskengines.runtime.events import CandidateReady, JobEvent
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime
from maskengines.subjects.image import ImageSubject

MODELLESS = {"diffusers"}
"""Engines that answer with a model of the user's only; they are held to the same by tests of their own."""
PAINTERS = [
    each.info.id
    for each in EngineRegistry.default().engines()
    if each.info.id not in MODELLESS
    and each.origin == "built-in"
    and "image" in each.info.subject_kinds
    and "image" in each.info.result_kinds
]
SIDE = 48


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A runtime that also knows the example plugin, trusted."""
    from maskengines.runtime import plugins

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASKSTUDIO_PLUGINS", str(asset("plugins")))
        patch.setenv("MASKSTUDIO_HOME", str(tmp_path_factory.mktemp("home")))
        plugins.trust("mirror-fill")
        with Runtime(EngineRegistry.default(), interactive=False) as made:
            yield made


def answers(runtime: Runtime, engine: str, subject: ImageSubject, mask: np.ndarray) -> list[Candidate]:
    events: list[JobEvent] = []
    job = runtime.submit(engine, subject, {"pixels": mask}, {}, count=1, seed=5, listener=events.append)
    job.finish()
    assert job.wait(120)
    found = [event.candidate for event in events if isinstance(event, CandidateReady)]
    assert found, events[-1]
    return found


@st.composite
def questions(draw: st.DrawFn) -> tuple[ImageSubject, np.ndarray]:
    """A picture of any depth and channel count, and a soft mask with holes anywhere, also at the border."""
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    channels = draw(st.sampled_from([1, 3]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pixels = generator.integers(0, np.iinfo(dtype).max, (SIDE, SIDE, channels), dtype, endpoint=True)
    alpha = generator.integers(0, np.iinfo(dtype).max, (SIDE, SIDE), dtype) if draw(st.booleans()) else None
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(draw(st.integers(1, 3))):
        x, y = draw(st.integers(0, SIDE - 1)), draw(st.integers(0, SIDE - 1))
        width, height = draw(st.integers(1, 16)), draw(st.integers(1, 16))
        hole = mask[y : y + height, x : x + width]
        hole[:] = generator.integers(1, 256, hole.shape, np.uint8) if draw(st.booleans()) else 255
    return ImageSubject(pixels, alpha, None, None, "PNG"), mask


@pytest.mark.parametrize("engine", [*PAINTERS, "mirror-fill"])
def test_nothing_changes_where_nothing_was_painted(runtime: Runtime, engine: str) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(questions())
    def holds(question: tuple[ImageSubject, np.ndarray]) -> None:
        subject, mask = question
        for candidate in answers(runtime, engine, subject, mask):
            after: Any = subject.with_patch(candidate.result)
            assert after.pixels.dtype == subject.pixels.dtype
            assert np.array_equal(after.pixels[mask == 0], subject.pixels[mask == 0])
            if subject.alpha is not None:
                assert np.array_equal(after.alpha, subject.alpha)

    holds()


@pytest.mark.parametrize("engine", [*PAINTERS, "mirror-fill"])
@pytest.mark.parametrize("depth", [8, 16])
def test_something_changes_where_it_was(runtime: Runtime, engine: str, depth: int, data_dir: Path) -> None:
    from maskengines.subjects.image_io import load_image

    photo = load_image(data_dir / "photos/test/immichapp_002.jpg")
    pixels = photo.pixels[200:296, 100:228]
    subject = ImageSubject(
        np.ascontiguousarray(pixels if depth == 8 else pixels.astype(np.uint16) * 257),
        None,
        None,
        None,
        "PNG",
    )
    mask = np.zeros((96, 128), np.uint8)
    mask[30:60, 10:50] = 255  # aside, so that its mirror image is given
    (candidate,) = answers(runtime, engine, subject, mask)[-1:]
    after = subject.with_patch(candidate.result)
    assert (after.pixels != subject.pixels)[mask > 0].mean() > 0.5
