"""Paint on a photo that was not painted before reaches a training in its worker while it runs."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import numpy as np
import pytest
from maskengines.contract import Box
from maskengines.results.scenes import learned_masks, scene_from_candidate
from maskengines.runtime.events import CandidateReady, JobEvent, Progress
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime
from maskengines.subjects.scene_files import load_scene
from tiny_scene import write_scene


def test_a_stroke_while_it_trains_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    scene = load_scene(write_scene(tmp_path / "tiny")).subject
    begun, answers = threading.Event(), []

    def listen(event: JobEvent) -> None:
        if isinstance(event, Progress) and event.text.startswith("Step"):
            begun.set()
        elif isinstance(event, CandidateReady):
            answers.append(event.candidate)

    params = {"iterations": 600, "most": 1000, "degree": 0, "method": "plain"}
    with Runtime(EngineRegistry.default(), interactive=True) as runtime:
        job = runtime.submit("dual-3dgs", scene, {}, params, seed=1, listener=listen)
        assert begun.wait(240)
        job.update_mask("photo/p01", Box(6, 5, 20, 10), np.full((10, 20), 255, np.uint8))
        assert job.wait(400)
    assert job.error is None
    masks = learned_masks(scene_from_candidate(answers[-1]))
    assert masks["p01"][5:15, 6:26].min() == 255
    assert not masks["p02"].any(), "plain training finds nothing by itself"
    assert answers[-1].provenance is not None
    assert answers[-1].provenance.mask != hashlib.blake2b(digest_size=20).hexdigest(), "it knows of the paint"
