"""Scenes of known truth: the same for the same seed, with masks that are exact to the pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from maskengines.attribution.outlines import OUTLINES, SHAPES
from maskengines.attribution.recipes import CLEAN, OCCLUDED, PAIR, STANDARD, Recipe
from maskengines.attribution.scenes import empty_scene, make_scene
from maskengines.attribution.textures import TEXTURES

CUED = replace(STANDARD, cue="patch")
RECIPES = {"standard": STANDARD, "clean": CLEAN, "occluded": OCCLUDED, "pair": PAIR, "cued": CUED}


@pytest.fixture(params=RECIPES.values(), ids=RECIPES.keys())
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return request.param


def test_a_seed_gives_the_same_scene_again_and_another_seed_another(recipe: Recipe) -> None:
    for seed in range(5):
        first, again, other = (
            make_scene(seed, recipe),
            make_scene(seed, recipe),
            make_scene(seed + 10, recipe),
        )
        assert np.array_equal(first.image, again.image)
        assert first.label == again.label
        assert not np.array_equal(first.image, other.image)


def test_leaving_a_layer_out_changes_pixels_of_its_mask_and_no_other(recipe: Recipe) -> None:
    changed_parts = []
    for seed in range(20):
        scene = make_scene(seed, recipe)
        assert scene.image.shape == (96, 96, 3)
        assert scene.image.dtype == np.uint8
        for index in range(len(scene.layers)):
            mask = scene.mask(index)
            changed = (scene.render(without={index}) != scene.image).any(axis=2)
            assert not changed[~mask].any()
            changed_parts.append(changed[mask].mean() if mask.any() else 1.0)
    # Here and there a texture has just the colour of what it lies on.
    assert np.mean(changed_parts) > 0.9


def test_labels_are_balanced_and_name_the_largest_object(recipe: Recipe) -> None:
    scenes = [make_scene(seed, recipe) for seed in range(10 * len(SHAPES))]
    assert np.bincount([scene.label for scene in scenes]).tolist() == [10] * len(SHAPES)
    for scene in scenes:
        areas = [float(scene.layers[index].alpha.sum()) for index in scene.objects]
        assert scene.layers[scene.objects[0]].label == scene.label
        assert all(area < 0.96 * areas[0] for area in areas[1:])
        assert all(scene.layers[index].label != scene.label for index in scene.objects[1:])


def test_other_objects_do_not_touch_the_main_one() -> None:
    found = 0
    for seed in range(60):
        scene = make_scene(seed)
        main = scene.mask(scene.objects[0])
        for index in scene.objects[1:]:
            found += 1
            assert not (scene.mask(index) & main).any()
    assert found > 20


def test_a_pair_shows_two_classes_of_about_one_size() -> None:
    for seed in range(30):
        scene = make_scene(seed, PAIR)
        first, second = (scene.layers[index] for index in scene.objects)
        assert first.label != second.label
        assert 0.8 < second.alpha.sum() / first.alpha.sum() < 0.97


def test_occluders_leave_most_of_the_main_object_visible() -> None:
    parts = []
    for seed in range(60):
        scene = make_scene(seed, OCCLUDED)
        opacity = scene.layers[scene.objects[0]].alpha
        parts.append(scene.main_mask().sum() / (opacity > 0).sum())
    assert min(parts) > 0.5
    assert np.mean(parts) < 0.9


def test_an_empty_scene_holds_no_object() -> None:
    for seed in range(20):
        scene = empty_scene(seed)
        assert scene.label == -1
        assert scene.objects == ()


@pytest.mark.parametrize("cue", ["patch", "background"])
def test_a_planted_cue_tells_the_class_as_often_as_asked(cue: str) -> None:
    for agrees, low, high in ((1.0, 1.0, 1.0), (0.5, 0.35, 0.65)):
        scenes = [make_scene(seed, replace(STANDARD, cue=cue, cue_agrees=agrees)) for seed in range(150)]
        told = np.mean([scene.cue_label == scene.label for scene in scenes])
        assert low <= told <= high
        assert all(
            scene.cue_mask().any() and not scene.cue_mask()[scene.main_mask()].all() for scene in scenes
        )


def test_the_colour_of_a_patch_tells_its_class() -> None:
    flat = replace(CUED, noise=0.0)
    colours = np.zeros((len(SHAPES), 3))
    for label in range(len(SHAPES)):
        scenes = [make_scene(label + len(SHAPES) * turn, flat) for turn in range(20)]
        colours[label] = np.mean([one.layers[-1].colour.mean(axis=(0, 1)) for one in scenes], axis=0)
    apart = np.linalg.norm(colours[:, None] - colours, axis=2) + np.eye(len(SHAPES))
    assert apart.min() > 0.2


def test_without_a_cue_nothing_but_the_outline_depends_on_the_class() -> None:
    """Mean colour of object and background, place and area say nothing of the class: a linear probe that
    is right on 10 % by chance stays there."""
    rows, labels = [], []
    for seed in range(1500):
        scene = make_scene(seed, CLEAN)
        mask = scene.main_mask()
        inside, outside = scene.image[mask].mean(axis=0), scene.image[~mask].mean(axis=0)
        rows.append(np.concatenate([inside / 255, outside / 255, [scene.image[~mask].std() / 255]]))
        labels.append(scene.label)
    features = np.column_stack([np.array(rows), np.ones(len(rows))])
    target = np.eye(len(SHAPES))[labels]
    weights, *_ = np.linalg.lstsq(features[:1000], target[:1000], rcond=None)
    right = (features[1000:] @ weights).argmax(axis=1) == labels[1000:]
    assert right.mean() < 0.16


def test_outlines_enclose_an_area_of_one_and_there_is_a_texture_for_each() -> None:
    assert len(TEXTURES) == len(SHAPES) == len(OUTLINES)
    for name, contours in zip(SHAPES, OUTLINES, strict=True):
        areas = [
            0.5 * abs(np.sum(one[:, 0] * np.roll(one[:, 1], -1) - one[:, 1] * np.roll(one[:, 0], -1)))
            for one in contours
        ]
        assert areas[0] - sum(areas[1:]) == pytest.approx(1, abs=1e-4), name
