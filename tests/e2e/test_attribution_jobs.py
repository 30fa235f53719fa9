"""A classifier is probed through the studio's own workers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from maskengines.runtime.events import CandidateReady, JobEvent
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime
from maskengines.subjects.image import ImageSubject
from network_families import write_network


def test_probes_and_an_empty_mask_are_answered_by_a_worker(tmp_path: Path) -> None:
    folder = write_network(tmp_path / "small", tuple("abcdefg"))
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    mask = np.zeros((90, 120), np.uint8)
    params = {"model": str(folder), "method": "probe", "strategy": "exemplar"}
    tables = []
    with Runtime(EngineRegistry.default(), interactive=False) as runtime:
        for filled in (0, 255):
            mask[20:40, 30:70] = filled
            events: list[JobEvent] = []
            job = runtime.submit(
                "layer-masking", ImageSubject(pixels), {"pixels": mask}, params, count=1, seed=1,
                listener=events.append,
            )  # fmt: skip
            job.finish()
            assert job.wait(120)
            assert job.state == "done", job.error
            tables += [event.candidate for event in events if isinstance(event, CandidateReady)]
    nothing, hidden = tables
    assert all(row[4] == 0 for row in nothing.result["rows"])
    assert any(row[4] != 0 for row in hidden.result["rows"])
    assert hidden.result["facts"]["used"] == "exemplar"
    assert hidden.provenance.weights
    assert len(hidden.provenance.weights) == 40
