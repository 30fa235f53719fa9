"""The diffusion against closed forms: data that are Gaussian, where the best network is known."""

from __future__ import annotations

import math

import pytest
import torch
from maskengines.pose.sampler import Known, Method, Plan, ancestral_step, ddim_step, sample
from maskengines.pose.schedule import alpha_bar, noised, pose_from_velocity, times, velocity
from torch import Tensor

MEAN, DEVIATION = 0.7, 0.4
COUNT = 4000


def best(noisy: Tensor, time: Tensor, deviation: float = DEVIATION) -> Tensor:
    """``E[x_0 | x_t]`` for ``x_0 ~ N(MEAN, deviation^2)``."""
    level = alpha_bar(time)
    gain = level.sqrt() * deviation**2 / (level * deviation**2 + 1 - level)
    return MEAN + gain * (noisy - level.sqrt() * MEAN)


def nothing_known(count: int) -> Known:
    return Known(torch.zeros(count, 16, 3), torch.zeros(count, 16, dtype=torch.bool))


def expected(method: Method, steps: int, deviation: float = DEVIATION) -> tuple[float, float]:
    """Mean and standard deviation after all steps: every step is linear, so both follow a recursion."""
    mean, variance = 0.0, 1.0
    moments = times(steps).double()
    for index in range(steps):
        now, then = alpha_bar(moments[index]), alpha_bar(moments[index + 1])
        zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)

        def step(x: Tensor, noise: Tensor, now: Tensor = now, then: Tensor = then, at: int = index) -> float:
            pose = best(x, moments[at], deviation)
            made = ddim_step(x, pose, now, then)
            return float(made if method == "ddim" else ancestral_step(x, pose, now, then, noise))

        offset = step(zero, zero)
        slope, fresh = step(one, zero) - offset, step(zero, one) - offset
        mean, variance = slope * mean + offset, slope**2 * variance + fresh**2
    return mean, math.sqrt(variance)


def test_the_schedule_is_the_cosine_of_nichol_and_dhariwal() -> None:
    t = torch.linspace(0, 1, 101, dtype=torch.float64)
    found = alpha_bar(t)
    formula = torch.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2 / math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    assert torch.allclose(found[:-1], formula[:-1])
    assert found[0] == 1
    assert 0 < found[-1] < 1e-4
    assert (found.diff() < 0).all()


def test_noise_has_the_variance_that_the_schedule_says() -> None:
    generator = torch.Generator().manual_seed(0)
    pose = torch.full((20000,), 2.0)
    for time in (0.1, 0.5, 0.9):
        level = alpha_bar(torch.tensor(time))
        noisy = noised(pose, torch.randn(20000, generator=generator), level)
        assert noisy.mean().item() == pytest.approx(2 * level.sqrt().item(), abs=0.02)
        assert noisy.std().item() == pytest.approx((1 - level).sqrt().item(), rel=0.03)


def test_a_pose_comes_back_from_its_velocity() -> None:
    generator = torch.Generator().manual_seed(0)
    pose, noise = torch.randn(2, 5, 16, 3, generator=generator)
    for time in (0.01, 0.5, 0.99):
        level = alpha_bar(torch.tensor(time))
        back = pose_from_velocity(noised(pose, noise, level), velocity(pose, noise, level), level)
        assert torch.allclose(back, pose, atol=1e-4)


@pytest.mark.parametrize("method", ["ancestral", "ddim"])
@pytest.mark.parametrize("steps", [10, 25, 50])
def test_samples_have_the_moments_of_the_closed_form(method: Method, steps: int) -> None:
    plan = Plan(steps, method)
    noise = torch.randn(COUNT, plan.noises, 16, 3, generator=torch.Generator().manual_seed(0))
    found = sample(best, noise, plan, nothing_known(COUNT))
    mean, deviation = expected(method, steps)
    assert found.mean().item() == pytest.approx(mean, abs=0.01)
    assert found.std().item() == pytest.approx(deviation, rel=0.01)
    # And the closed form itself comes near the data: the deviation is a little small with few steps.
    assert mean == pytest.approx(MEAN, abs=0.02)
    assert deviation == pytest.approx(DEVIATION, rel={10: 0.25, 25: 0.14, 50: 0.08}[steps])


def test_more_steps_come_nearer_to_the_data() -> None:
    for method in ("ancestral", "ddim"):
        wrong = [abs(expected(method, steps)[1] - DEVIATION) for steps in (5, 10, 25, 100)]
        assert wrong == sorted(wrong, reverse=True)


@pytest.mark.parametrize(("method", "steps"), [("ancestral", 25), ("ddim", 10)])
def test_what_is_known_to_a_centimetre_keeps_its_spread_as_what_is_known_to_a_third_of_a_metre(
    method: Method, steps: int
) -> None:
    kept = [expected(method, steps, deviation)[1] / deviation for deviation in (0.03, 0.06, 0.1, 0.3, 1.0)]
    assert 0.65 < min(kept) < max(kept) < 1
    assert max(kept) < 1.35 * min(kept)


def test_spread_scales_the_noise() -> None:
    noise = torch.randn(COUNT, 26, 16, 3, generator=torch.Generator().manual_seed(0))
    calm = sample(best, noise, Plan(25, "ancestral", spread=0.5), nothing_known(COUNT))
    free = sample(best, noise, Plan(25, "ancestral"), nothing_known(COUNT))
    assert calm.std().item() == pytest.approx(free.std().item() / 2, rel=0.02)
    still = sample(best, noise, Plan(25, "ancestral", spread=0.0), nothing_known(COUNT))
    assert still.std().item() < 1e-5


CORRELATION = 0.8


def pairs(noisy: Tensor, time: Tensor) -> Tensor:
    """``E[x_0 | x_t]`` where joint 1 goes with joint 0 by `CORRELATION`, both standard normal."""
    level = alpha_bar(time).squeeze()
    covariance = torch.eye(16)
    covariance[0, 1] = covariance[1, 0] = CORRELATION
    gain = level.sqrt() * covariance @ torch.linalg.inv(level * covariance + (1 - level) * torch.eye(16))
    return torch.einsum("ij,njd->nid", gain, noisy)


def test_resampling_makes_the_rest_agree_with_what_is_known() -> None:
    where = torch.zeros(COUNT, 16, dtype=torch.bool)
    where[:, 0] = True
    known = Known(torch.full((COUNT, 16, 3), 1.5), where)
    means = {}
    for rounds in (1, 6):
        plan = Plan(50, rounds=rounds)
        noise = torch.randn(COUNT, plan.noises, 16, 3, generator=torch.Generator().manual_seed(1))
        found = sample(pairs, noise, plan, known)
        assert (found[:, 0] == 1.5).all()
        means[rounds] = found[:, 1].mean().item()
        if rounds == 6:
            assert found[:, 1].std().item() == pytest.approx(math.sqrt(1 - CORRELATION**2), rel=0.1)
        assert found[:, 2].mean().item() == pytest.approx(0, abs=0.03)
    wanted = CORRELATION * 1.5
    assert means[6] == pytest.approx(wanted, abs=0.1)
    assert abs(means[6] - wanted) < abs(means[1] - wanted)


def test_hypotheses_do_not_depend_on_how_many_there_are() -> None:
    from maskengines.pose.sampling import Chance
    from numpy.random import default_rng

    few, many = (Chance(default_rng(3), count, 16, Plan(10)) for count in (3, 8))
    assert torch.equal(few.noise, many.noise[:3])
    assert torch.equal(few.normal, many.normal[:3])
    assert torch.equal(few.uniform, many.uniform[:3])
    assert many.uniform.min() >= 0
    assert many.uniform.max() <= 1
