"""The three ways to train: one model on the photos as they are, one with an average of itself beside it, and
two that hold each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from maskengines.scene.appearance import Appearance, positions_encoded
from maskengines.scene.densify import Densifier, Growth, Revision
from maskengines.scene.features import Features, distance
from maskengines.scene.losses import consistency, masked_loss
from maskengines.scene.masks_hard import DUAL_HIGH, EMA_HIGH, HardMasks
from maskengines.scene.masks_soft import SoftMasks
from maskengines.scene.model import Model
from maskengines.scene.paint import Paint
from maskengines.scene.pair import Pair
from maskengines.scene.proxy import Proxy
from maskengines.scene.rasteriser.autograd import Trace
from maskengines.scene.rasteriser.choice import Rasterise
from maskengines.scene.schedule import Schedule
from maskengines.scene.stereo import Stereo
from maskengines.scene.views import View
from maskengines.subjects.gaussians import Gaussians

Array = np.ndarray[Any, Any]
_Masks = Callable[[View, torch.Tensor], torch.Tensor]

DUAL_AGREEMENT, EMA_AGREEMENT = 0.1, 0.1
"""Weights of the consistency loss. The authors weigh it 1 with two models; in a tenth of their
steps that holds both back (0.9 dB at 400 steps) instead of holding clutter out."""

_AGREE_EVERY = 4
"""Steps from one agreement of two models to the next."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What all ways to train share; ``light_changes`` between the photos."""

    views: list[View]
    start: Gaussians
    extent: float
    schedule: Schedule
    growth: Growth
    features: Features
    stereo: Stereo
    paint: Paint
    drawn_by: Rasterise
    light_changes: bool = False


class Training(Protocol):
    """A training that goes on step by step."""

    def step(self, number: int) -> float:
        """One step, from 1; returns its loss."""

    def gaussians(self) -> Gaussians:
        """The scene as it is now."""

    def mask(self, view: View) -> Array:
        """``(h, w)`` float32: what counts as static in a photo now."""


class Learner:
    """One model with its own random order of the photos, and where light changes, its own idea of how each
    photo looks."""

    def __init__(self, setting: Setting, seed: int) -> None:
        embeddings = positions_encoded(setting.start.means) if setting.light_changes else None
        self.model = Model(setting.start, setting.extent, embeddings, setting.drawn_by)
        self._look = Appearance(setting.views, seed) if setting.light_changes else None
        self._setting = setting
        self._densifier = Densifier(setting.growth)
        self._random = np.random.default_rng(seed)
        self._order: list[int] = []
        self._trace: Trace | None = None

    def next_view(self) -> View:
        """Every photo once in random order, then anew."""
        if not self._order:
            self._order = self._random.permutation(len(self._setting.views)).tolist()
        return self._setting.views[self._order.pop()]

    def draw(self, view: View, number: int) -> torch.Tensor:
        """The picture that is compared with a photo and that `learn` densifies by, as long as the model
        grows."""
        schedule = self._setting.schedule
        self._trace = Trace() if schedule.grows(number) else None
        harmonics = None if self._look is None else self._look.harmonics(self.model, view.name)
        return self.model.draw(view.camera, schedule.degree_at(number), self._trace, harmonics)

    def draw_scene(self, view: View, number: int) -> torch.Tensor:
        """The picture of the scene as such, whatever the light was."""
        return self.model.draw(view.camera, self._setting.schedule.degree_at(number))

    def as_scene(self, picture: torch.Tensor, view: View, number: int) -> torch.Tensor:
        """What `draw_scene` would draw, which is ``picture`` of `draw` itself where light does not change."""
        return picture if self._look is None else self.draw_scene(view, number)

    def learn(self, view: View, number: int) -> Revision | None:
        """Take the step; then grow where the schedule says so, and tell what became of the Gaussians."""
        if self._trace is not None:
            self._densifier.watch(self._trace, view.camera)
        schedule = self._setting.schedule
        self.model.learn(number, schedule.means_rate(number))
        if self._look is not None:
            self._look.learn()
        if not schedule.densifies(number):
            return None
        return self._densifier.revise(self.model, schedule.grown(number))

    def gaussians(self) -> Gaussians:
        """A copy of the scene as it is now, in the mean light of the photos."""
        return self.model.gaussians() if self._look is None else self._look.in_mean_light(self.model)


class PlainTraining:
    """3D Gaussian splatting (Kerbl et al. 2023); only paint is masked."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self._setting = setting
        self._learner = Learner(setting, seed)

    def step(self, number: int) -> float:
        view = self._learner.next_view()
        picture = self._learner.draw(view, number)
        loss = masked_loss(picture, view.colour, torch.from_numpy(self.mask(view)))
        loss.backward()
        self._learner.learn(view, number)
        return float(loss.detach())

    def gaussians(self) -> Gaussians:
        return self._learner.gaussians()

    def mask(self, view: View) -> Array:
        return self._setting.paint.over(view, np.ones(view.colour.shape[:2], np.float32))


class _Masking:
    """Both kinds of learned masks, with paint on top."""

    def __init__(self, setting: Setting, high: float) -> None:
        self._features, self._paint = setting.features, setting.paint
        self._hard, self._soft = HardMasks(setting.stereo, high), SoftMasks()
        self._described: dict[str, Array] = {}
        self._latest: dict[str, Array] = {}

    def none(self, view: View, picture: torch.Tensor) -> torch.Tensor:
        """Paint alone."""
        return torch.from_numpy(self._paint.over(view, np.ones(picture.shape[:2], np.float32)))

    def hard(self, view: View, picture: torch.Tensor) -> torch.Tensor:
        """The multi-cue adaptive mask for what a model draws now."""
        if not self._paint.known(view):
            drawn = picture.detach().numpy()
            self._latest[view.name] = self._hard.mask(view, drawn, self._apart(view, drawn))
        return torch.from_numpy(self._paint.over(view, self._latest_hard(view)))

    def soft(self, view: View, picture: torch.Tensor) -> torch.Tensor:
        """The self-supervised mask as it was; then it is fitted to what a model draws now."""
        found = torch.from_numpy(self._paint.over(view, self._soft.mask(view)))
        if not self._paint.known(view):
            self._soft.fit(view, self._apart(view, picture.detach().numpy()))
        return found

    def both(self, view: View) -> Array:
        """Static in the eyes of both."""
        return self._paint.over(view, np.minimum(self._latest_hard(view), self._soft.mask(view)))

    def _latest_hard(self, view: View) -> Array:
        return self._latest.get(view.name, np.ones(view.colour.shape[:2], np.float32))

    def _apart(self, view: View, drawn: Array) -> Array:
        if view.name not in self._described:
            self._described[view.name] = self._features.describe(view.colour.numpy())
        described = self._features.describe(drawn)
        return distance(described, self._described[view.name], view.camera.width, view.camera.height)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What one of two models made of a step so far: its loss against its own photo, and where the models
    agree in this step, the scene from its own view and from the other one's."""

    loss: torch.Tensor
    own: torch.Tensor | None = None
    beside: torch.Tensor | None = None


def _agreement(mine: _Drawn, others: _Drawn) -> torch.Tensor | float:
    """The consistency loss over both views, whose gradients reach the first model alone."""
    if mine.own is None or mine.beside is None or others.own is None or others.beside is None:
        return 0.0
    return consistency(mine.own, others.beside.detach()) + consistency(mine.beside, others.own.detach())


class DualTraining:
    """Two models, one with hard and one with soft masks, that are held to each other (paper, section 3.1).

    Each keeps its own core busy: what they have in common in a step are the pictures that they compare.
    """

    def __init__(self, setting: Setting, seed: int) -> None:
        self._setting = setting
        self._one, self._two = Learner(setting, 2 * seed), Learner(setting, 2 * seed + 1)
        self._masks = _Masking(setting, DUAL_HIGH)
        self._both = Pair()

    def step(self, number: int) -> float:
        one, two, masks = self._one, self._two, self._masks
        view_1, view_2 = one.next_view(), two.next_view()
        learned = self._setting.schedule.masks(number)
        # In some of the steps, where it counts for all: that saves most of what the third and the fourth
        # picture of a step take.
        agree = learned and number % _AGREE_EVERY == 0
        hard, soft = (masks.hard, masks.soft) if learned else (masks.none, masks.none)

        def drawn(own: Learner, view: View, mask: _Masks, other: View) -> _Drawn:
            picture = own.draw(view, number)
            loss = masked_loss(picture, view.colour, mask(view, picture))
            if not agree:
                return _Drawn(loss)
            return _Drawn(loss, own.as_scene(picture, view, number), own.draw_scene(other, number))

        def learn(own: Learner, view: View, mine: _Drawn, others: _Drawn) -> float:
            loss = mine.loss + _AGREE_EVERY * DUAL_AGREEMENT * _agreement(mine, others)
            loss.backward()
            own.learn(view, number)
            return float(loss.detach())

        drawn_1, drawn_2 = self._both(
            lambda: drawn(one, view_1, hard, view_2), lambda: drawn(two, view_2, soft, view_1)
        )
        loss_1, _ = self._both(
            lambda: learn(one, view_1, drawn_1, drawn_2), lambda: learn(two, view_2, drawn_2, drawn_1)
        )
        return loss_1 + float(drawn_2.loss.detach())

    def gaussians(self) -> Gaussians:
        """Those of the model with hard masks, as the authors report."""
        return self._one.gaussians()

    def mask(self, view: View) -> Array:
        return self._masks.both(view)


class EmaTraining:
    """One model whose running average stands in for the second one, with both masks by turns (paper, section
    3.3)."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self._setting = setting
        self._learner = Learner(setting, seed)
        self._proxy = Proxy(self._learner.model)
        self._masks = _Masking(setting, EMA_HIGH)

    def step(self, number: int) -> float:
        learner, schedule = self._learner, self._setting.schedule
        view = learner.next_view()
        picture = learner.draw(view, number)
        learned = schedule.masks(number)
        turn = self._masks.hard if number % 2 else self._masks.soft
        mask = (turn if learned else self._masks.none)(view, picture)
        loss = masked_loss(picture, view.colour, mask)
        if learned:
            if number % 2:
                # Fitted in both turns: its own are half as many as with two models.
                self._masks.soft(view, picture)
            seen = self._proxy.draw(view, schedule.degree_at(number))
            loss = loss + EMA_AGREEMENT * consistency(learner.as_scene(picture, view, number), seen)
        loss.backward()
        revision = learner.learn(view, number)
        if revision is not None:
            self._proxy.follow(revision, learner.model)
        self._proxy.update(learner.model)
        return float(loss.detach())

    def gaussians(self) -> Gaussians:
        return self._learner.gaussians()

    def mask(self, view: View) -> Array:
        return self._masks.both(view)
