"""How Gaussians are split, which segments count as clutter, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from maskengines.scene.densify import Densifier, Growth
from maskengines.scene.masks_hard import distractors
from maskengines.scene.model import Model
from maskengines.scene.proxy import Proxy
from maskengines.scene.rasteriser.autograd import Trace
from maskengines.scene.schedule import Schedule
from maskengines.scene.segments import Segments
from maskengines.scene.views import View
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians

Array = np.ndarray[Any, Any]

CAMERA = Camera(64, 48, 60, 60, 32, 24, np.eye(4))


def large_ones(count: int = 60) -> Gaussians:
    rng = np.random.default_rng(0)
    return Gaussians(
        rng.normal(size=(count, 3)) * [0.8, 0.6, 0.3] + [0, 0, 4],
        rng.normal(size=(count, 3)) * 0.5 - 1.6,
        rng.normal(size=(count, 4)),
        rng.normal(size=count),
        rng.normal(size=(count, 1, 3)) * 0.6,
    )


def grown(scene: Gaussians, cap: int) -> tuple[Model, Proxy, Array, Array]:
    """A model after one revision that split as many as fit under ``cap``, the proxy that followed it, and
    its pictures before and after."""
    model, densifier, trace = Model(scene, 1.0), Densifier(Growth(threshold=0, cap=cap)), Trace()
    proxy = Proxy(model)
    picture = model.draw(CAMERA, 0, trace)
    picture.sum().backward()
    densifier.watch(trace, CAMERA)
    proxy.follow(densifier.revise(model, share=1), model)
    return model, proxy, picture.detach().numpy(), model.draw(CAMERA, 0).detach().numpy()


def test_a_split_keeps_the_picture() -> None:
    model, _, before, after = grown(large_ones(), cap=90)
    assert len(model) == 90
    assert ((before - after) ** 2).mean() < 0.05 * before.var()


def test_children_have_the_mean_the_variance_and_the_weight_of_their_parent() -> None:
    parent = large_ones(1)
    model, _, _, _ = grown(parent, cap=2)
    children = model.gaussians()
    np.testing.assert_allclose(children.means.mean(axis=0), parent.means[0], atol=1e-6)
    longest = int(parent.scales[0].argmax())
    own = np.exp(2 * children.scales[0, longest])
    apart = ((children.means[0] - children.means[1]) ** 2).sum() / 4
    np.testing.assert_allclose(own + apart, np.exp(2 * parent.scales[0, longest]), rtol=1e-5)
    others = [axis for axis in range(3) if axis != longest]
    np.testing.assert_array_equal(children.scales[:, others], parent.scales[[0, 0]][:, others])

    def weight(gaussians: Gaussians) -> Array:
        opacity: Array = 1 / (1 + np.exp(-gaussians.opacities))
        return opacity * np.exp(gaussians.scales.sum(axis=1))

    np.testing.assert_allclose(weight(children).sum(), weight(parent)[0], rtol=1e-5)


def test_the_proxy_of_what_was_split_looks_as_the_model_does() -> None:
    _, proxy, _, after = grown(large_ones(), cap=90)
    view = View("p", "photo/p", (48, 64), CAMERA, torch.zeros(48, 64, 3), np.zeros((0, 2)))
    np.testing.assert_allclose(proxy.draw(view, 0).numpy(), after, atol=1e-5)


def test_a_segment_is_clutter_where_a_third_of_it_differs_and_more_than_of_the_photo() -> None:
    labels = np.repeat(np.arange(3, dtype=np.int32), 100).reshape(1, 3, 100)
    every, areas = np.ones(3, bool), np.full(3, 100)
    segments = Segments(labels, [areas], [every])
    high = np.zeros((3, 100), bool)
    high[0, :50], high[1, :20] = True, True
    assert distractors(segments, high).all(axis=1).tolist() == [True, False, False]
    high[0, :95], high[1:, :80] = True, True
    assert distractors(segments, high).all(axis=1).tolist() == [True, False, False]
    assert not distractors(Segments(labels, [areas], [~every]), high).any()


def test_masks_wait_for_twenty_looks_at_each_photo_or_half_of_the_steps() -> None:
    assert Schedule(2000, 30, 1).warm_up == 600
    assert Schedule(600, 30, 1).warm_up == 300
    assert Schedule(30_000, 30, 1).warm_up == 1000
