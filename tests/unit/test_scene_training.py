"""Training a clean scene from photos with clutter in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.contract import Candidate, Changes, Request
from maskengines.errors import BadInput
from maskengines.results.scenes import scene_from_candidate
from maskengines.runtime.local import LocalContext, run_here
from maskengines.scene import pair, training
from maskengines.scene.engine import Dual3DGS, Run
from maskengines.scene.info import DualParams
from maskengines.scene.training import DualTraining
from maskengines.subjects.scene import SceneSubject
from maskengines.subjects.scene_files import load_scene
from tiny_scene import write_scene

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scene(tmp_path_factory.mktemp("scene") / "tiny")


def trained(folder: Path, context: LocalContext | None = None, **params: Any) -> list[Candidate]:
    subject = load_scene(folder).subject
    given = DualParams.read({"iterations": 60, "most": 1000, "degree": 0} | params)
    return run_here(Dual3DGS(), Request(subject, {}, given, seed=3), context)


def measured(candidate: Candidate, name: str) -> float:
    value = candidate.metrics[name]
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize("method", ["plain", "ema", "dual"])
def test_each_method_learns_the_scene(folder: Path, method: str) -> None:
    early = trained(folder, method=method, iterations=50)[-1]
    late = trained(folder, method=method, iterations=200)[-1]
    assert measured(late, "psnr") > measured(early, "psnr") > 10
    assert 0 < measured(late, "ssim") <= 1
    assert late.metrics["gaussians"] == len(scene_from_candidate(late).gaussians)
    assert 0 <= measured(late, "mask_iou") <= 1


def test_a_seed_gives_the_same_scene_again(folder: Path) -> None:
    one, two = (scene_from_candidate(trained(folder, method="dual")[-1]).gaussians for _ in range(2))
    for name, array in one.to_arrays().items():
        np.testing.assert_array_equal(array, two.to_arrays()[name])


def test_true_masks_given_as_exact_paint_are_the_masks(folder: Path) -> None:
    answer = trained(folder, method="dual", masks=str(folder / "gt_masks"), meaning="exact")[-1]
    assert answer.metrics["mask_iou"] == 1


def test_masked_clutter_leaves_no_trace(folder: Path) -> None:
    masks = str(folder / "gt_masks")
    dirty = trained(folder, method="plain", iterations=200)[-1]
    clean = trained(folder, method="plain", iterations=200, masks=masks)[-1]
    assert measured(clean, "psnr") > measured(dirty, "psnr") + 0.2


def test_training_does_not_read_what_only_measures(folder: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("images", "scene.json", "points.npz"):
        (bare / name).symlink_to(folder / name)
    without, beside = trained(bare)[-1], trained(folder)[-1]
    assert "mask_iou" not in without.metrics
    for name, array in scene_from_candidate(without).gaussians.to_arrays().items():
        np.testing.assert_array_equal(array, scene_from_candidate(beside).gaussians.to_arrays()[name])


class _Painting(LocalContext):
    """Open for some steps; paints a photo at the first one."""

    def __init__(self, space: str, mask: Array, steps: int) -> None:
        super().__init__()
        self._paint: Changes | None = Changes({space: mask})
        self._steps = steps

    def changes(self, wait: float | None = None) -> Changes | None:
        self._steps -= 1
        if self._steps < 0:
            return None
        told, self._paint = self._paint or Changes(), None
        return told


def test_paint_that_arrives_while_it_trains_counts(folder: Path) -> None:
    mask = np.zeros((40, 48), np.uint8)
    mask[5:30, 6:40] = 255
    answer = trained(folder, _Painting("photo/p01", mask, 5), method="dual")[-1]
    masks = scene_from_candidate(answer).extra["masks"]
    assert (masks["p01"][5:30, 6:40] == 255).all()
    assert (masks["p02"] < 255).any()


def test_what_is_painted_to_be_kept_is_never_masked(folder: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.full((40, 48), 255, np.uint8)).save(tmp_path / "p01.png")
    answer = trained(folder, method="dual", masks=str(tmp_path), meaning="keep")[-1]
    masks = scene_from_candidate(answer).extra["masks"]
    assert not masks["p01"].any()
    assert masks["p02"].any()


def stepped(folder: Path) -> Run:
    """Two models after sixty steps."""
    params = DualParams.read({"iterations": 60, "most": 1000, "degree": 0})
    run = Run.begin(load_scene(folder).subject, params, {}, 0)
    for step in range(1, 61):
        run.training.step(step)
    return run


def test_two_models_that_are_held_to_each_other_stay_closer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def apart() -> float:
        run = stepped(folder)
        view = run.setting.views[0]
        assert isinstance(run.training, DualTraining)
        one, two = (
            learner.draw_scene(view, 60).detach() for learner in (run.training._one, run.training._two)
        )
        return float((one - two).abs().mean())

    held = apart()
    monkeypatch.setattr(training, "DUAL_AGREEMENT", 0.0)
    assert held < 0.9 * apart()


def test_two_models_at_once_become_what_they_become_in_turn(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = stepped(folder).training.gaussians().to_arrays()
    monkeypatch.setattr(pair, "bear_two", lambda: False)
    for name, array in stepped(folder).training.gaussians().to_arrays().items():
        np.testing.assert_array_equal(at_once[name], array)


def test_changing_light_is_learned_beside_the_scene(folder: Path) -> None:
    answer = trained(folder, method="dual", light="changing", iterations=80)[-1]
    assert measured(answer, "psnr") > 10


def test_an_open_job_shows_the_scene_as_it_improves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from maskengines.scene import engine

    monkeypatch.setattr(engine, "_FIRST_SHOWN", 0.0)
    monkeypatch.setattr(engine, "_LONGER", 1.0)
    answers = trained(folder, _Painting("photo/p01", np.zeros((40, 48), np.uint8), 10), method="plain")
    steps = [int(answer.metrics["steps"]) for answer in answers]
    assert steps[:3] == [1, 2, 3]
    assert steps[-1] == 60
    assert len(steps) < 20


def test_scenes_that_cannot_be_trained_say_so(folder: Path, tmp_path: Path) -> None:
    subject = load_scene(folder).subject
    few = SceneSubject(None, subject.photos[:2], subject.points, subject.colours, subject.folder)
    with pytest.raises(BadInput, match="2 photos"):
        run_here(Dual3DGS(), Request(few, {}, DualParams()))
    bare = SceneSubject(None, subject.photos, subject.points[:3], subject.colours[:3], subject.folder)
    with pytest.raises(BadInput, match="3 sparse points"):
        run_here(Dual3DGS(), Request(bare, {}, DualParams()))
    with pytest.raises(BadInput, match="no folder"):
        trained(folder, masks=str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match="named like a photo"):
        trained(folder, masks=str(tmp_path))
    with pytest.raises(BadInput, match=r"no model\.safetensors"):
        trained(folder, features=str(tmp_path))
