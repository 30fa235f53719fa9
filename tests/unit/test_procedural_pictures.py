"""Procedural pictures: every kind can be drawn, none is like another, all have the statistics of photos."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.inpaint.procedural import KINDS, picture, picture_of
from maskengines.inpaint.procedural.fields import fractal, relief
from maskengines.inpaint.procedural.palettes import filled
from maskengines.inpaint.procedural.shade import fall_across
from maskengines.inpaint.procedural.solids import Sun
from maskengines.inpaint.procedural.views import Surface, View, halvings, looking


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [16, 33, 96])
def test_every_kind_can_be_drawn_at_any_size(kind: str, size: int) -> None:
    for seed in range(4):
        drawn = picture_of(kind, size, rng(seed))
        assert drawn.shape == (size, size, 3)
        assert drawn.dtype == np.uint8
        assert drawn.flags.c_contiguous


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_a_picture_and_another_seed_another(kind: str) -> None:
    first, again, other = (picture_of(kind, 64, rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 2


def test_every_kind_is_drawn_when_none_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    tags = {
        kind: (
            (lambda side, rng, kind=kind: seen.append(kind) or np.zeros((side, side, 3), np.uint8)),
            weight,
        )
        for kind, (_, weight) in KINDS.items()
    }
    monkeypatch.setitem(picture.__globals__, "KINDS", tags)
    generator = rng()
    for _ in range(400):
        picture(16, generator)
    assert set(seen) == set(KINDS)


def test_too_small_or_unknown_is_refused_with_a_sentence() -> None:
    with pytest.raises(BadInput, match="at least 16"):
        picture(8, rng())
    with pytest.raises(BadInput, match="leaves, clouds"):
        picture_of("portrait", 64, rng())


def test_pictures_vary_in_light_contrast_colour_and_detail() -> None:
    generator = rng(1)
    drawn = [picture(64, generator).astype(np.float32) for _ in range(80)]
    means = np.array([p.mean() for p in drawn])
    contrasts = np.array([p.std() for p in drawn])
    detail = np.array([np.abs(np.diff(p, axis=1)).mean() / (p.std() + 1) for p in drawn])
    assert 70 < means.mean() < 170
    assert means.std() > 20
    assert contrasts.std() > 10
    assert detail.std() > 0.05
    assert (contrasts < 3).mean() < 0.05


def test_colours_vary_as_in_photos_most_in_light() -> None:
    generator = rng(2)
    pixels = np.concatenate([picture(48, generator).reshape(-1, 3) for _ in range(80)]).astype(np.float64)
    light, warm, green = (
        (pixels @ axis / np.linalg.norm(axis)).std()
        for axis in np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1.0]])
    )
    assert light > 2 * warm
    assert warm > 1.3 * green


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0])
def test_fractal_noise_has_the_spectrum_asked_for(exponent: float) -> None:
    power = np.mean(
        [np.abs(np.fft.fft2(fractal(128, 128, rng(seed), exponent))) ** 2 for seed in range(8)], 0
    )
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(128) * 128] * 2))
    band = (frequency > 2) & (frequency < 50)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.1)


def test_a_tiled_floor_meets_its_horizon_and_its_vanishing_point() -> None:
    """Lines that run away from the camera meet at the point where the camera's own axis ends."""
    view = View(256, 200.0, looking(0.0, 0.0, 0.0), np.array([0.0, 1.5, 0.0]))
    sheet = np.zeros((256, 256, 3), np.uint8)
    sheet[:, :128] = 255
    picture_ = np.full((256, 256, 3), 100, np.uint8)
    floor = Surface(
        np.array([-50.0, 0, 0]),
        np.array([100.0, 0, 0]),
        np.array([0, 0, 300.0]),
        halvings(sheet),
        (128.0, 128.0),
    )
    view.draw(picture_, floor)
    assert (picture_[:127] == 100).all()
    for row in (180, 220, 250):
        edges = np.flatnonzero(np.abs(np.diff(picture_[row, :, 0].astype(int))) > 60) + 1
        metres = (edges - 128) * 1.5 / (row + 0.5 - 128)
        assert len(edges) >= 3
        np.testing.assert_allclose(metres, np.round(metres), atol=2.5 * 1.5 / (row - 128))


def test_far_surfaces_are_drawn_from_coarse_textures_without_aliasing() -> None:
    view = View(256, 200.0, looking(0.0, 0.0, 0.0), np.array([0.0, 1.5, 0.0]))
    y, x = np.indices((256, 256)) // 8
    sheet = np.repeat((((x + y) % 2) * np.uint8(255))[..., None], 3, 2).astype(np.uint8)
    drawn = np.zeros((256, 256, 3), np.uint8)
    floor = Surface(
        np.array([-99.0, 0, 0]),
        np.array([198.0, 0, 0]),
        np.array([0, 0, 300.0]),
        halvings(sheet),
        (64.0, 64.0),
    )
    view.draw(drawn, floor)
    assert drawn[132:138].std() < 0.25 * drawn[230:].std()


def test_shadows_fall_away_from_the_sun() -> None:
    sun = Sun(np.array([0.6, 0.8, 0.0]), 0.4)
    np.testing.assert_allclose(sun.cast(np.array([[0.0, 4.0, 2.0]])), [[-3.0, 0.0, 2.0]])
    assert sun.on(np.array([0.6, 0.8, 0.0])) == pytest.approx(1.0)
    assert sun.on(np.array([-1.0, 0.0, 0.0])) == pytest.approx(0.4)


def test_a_shadow_from_outside_changes_the_light_and_no_colour() -> None:
    for seed in range(12):
        grey = filled(128, 128, (60, 90, 120))
        fall_across(grey, rng(seed))
        light = grey[..., 2] / 120.0
        assert light.min() < 0.85 or light.max() > 1.15
        np.testing.assert_allclose(grey[..., 0] / 60.0, light, atol=0.03)


@pytest.mark.parametrize("seed", range(4))
def test_relief_is_lit_from_one_side(seed: int) -> None:
    x, y = np.meshgrid(*[np.arange(65, dtype=np.float32) - 32] * 2)
    light = relief(np.exp(-(x**2 + y**2) / 200), rng(seed), 0.5)
    np.testing.assert_allclose(light[1:-1, 1:-1] - 1, 1 - light[1:-1, 1:-1][::-1, ::-1], atol=1e-3)
    assert light.max() > 1.3
    assert light.min() < 0.7


def test_pictures_are_smooth_where_they_were_averaged_down() -> None:
    """Edges have steps between: a picture drawn at its own size would have next to none."""
    generator, steps = rng(3), []
    for _ in range(10):
        drawn = cv2.cvtColor(picture_of("leaves", 128, generator), cv2.COLOR_RGB2GRAY).astype(int)
        jump = np.abs(drawn[:, 2:] - drawn[:, :-2])
        edge = jump > 40
        between = np.minimum(np.abs(drawn[:, 1:-1] - drawn[:, :-2]), np.abs(drawn[:, 2:] - drawn[:, 1:-1]))
        steps.append(between[edge] > 0.15 * jump[edge])
    assert np.concatenate(steps).mean() > 0.25


def test_training_can_draw_pictures_on_a_bare_machine() -> None:
    blocked = ("pydantic", "torch", "scipy", "numba", "skimage")
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked}));"
        "import numpy; from maskengines.inpaint.procedural import KINDS, picture_of;"
        "[picture_of(kind, 16, numpy.random.default_rng(0)) for kind in KINDS]"
    )
    engines = Path(__file__).parents[2] / "engines"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(engines)}, timeout=120)
