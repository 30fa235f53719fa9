"""When a training does what, in steps."""

from __future__ import annotations

from dataclasses import dataclass

_PAPER_STEPS = 30_000
_LOOKS = 20
"""At each photo, before masks are learned."""


@dataclass(frozen=True)
class Schedule:
    """The schedule of Kerbl et al. 2023 and of the paper, shortened to fewer steps.

    The paper trains for 30 000 steps, densifies every 1000 of them up to half the way, learns masks from the
    first step and lets the models agree from step 1000 on. By then every photo was seen some ten times; a run
    of seconds needs a larger share of its steps for that. Until a scene has become sharp, all that is finely
    textured differs from the photos as clutter does: masks would hide it, and models that agree would agree
    on a blur. So both wait until every photo was seen twenty times, but for no more than half of the steps
    (`warm_up`): what a mask hides before it is learned stays hidden, and is missing in the scene. Only paint
    counts from the first step.

    Attributes:
        steps: in all.
        photos: that are trained on.
        degree: of the harmonics at the end.
    """

    steps: int
    photos: int
    degree: int

    @property
    def warm_up(self) -> int:
        """Steps before masks are learned and models are held to each other."""
        return max(self.steps * 1000 // _PAPER_STEPS, min(self.steps // 2, _LOOKS * self.photos))

    @property
    def densify_every(self) -> int:
        return min(1000, max(self.steps * 1000 // _PAPER_STEPS, 5 * self.photos, 100))

    def masks(self, step: int) -> bool:
        """Whether learned masks count and models are held to each other in this step."""
        return step > self.warm_up

    def grows(self, step: int) -> bool:
        """Whether gradients of this step count for growth: half of the steps are left to settle."""
        return step <= self.steps // 2

    def grown(self, step: int) -> float:
        """Share of its growth that a model may have behind it after this step, 0..1."""
        last = self.steps // 2 // self.densify_every * self.densify_every
        return min(1.0, step / max(last, 1))

    def densifies(self, step: int) -> bool:
        """Whether the model grows after this step."""
        return self.grows(step) and step % self.densify_every == 0

    def degree_at(self, step: int) -> int:
        """Harmonics are let in one degree after the other."""
        return min(self.degree, step * 10 // max(self.steps, 1))

    def means_rate(self, step: int) -> float:
        """Factor on the learning rate of the means, from 1 down to 1/20: few steps leave no time for less."""
        return float(0.05 ** (step / max(self.steps, 1)))
