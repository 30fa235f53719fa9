"""The camera of the 3D view, and what the view shows as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from maskengines.subjects.pose_skeleton import COUNT, INDEX
from maskstudio.canvas.fan_mist import density, room_of
from maskstudio.canvas.fan_scene import (
    Spread,
    ellipse_outlines,
    floor_lines,
    floor_under,
    joint_title,
    nearest_joint,
    screen_ellipses,
    spread_of,
)  # fmt: skip
from maskstudio.canvas.orbit import BELOW, FRONT, NEAR, SIDE, TOP, Orbit, clipped

orbits = st.builds(
    Orbit,
    target=st.tuples(*[st.floats(-800, 800)] * 3),
    yaw=st.floats(-180, 180),
    pitch=st.floats(-90, 90),
    distance=st.floats(1500, 9000),
    width=st.integers(200, 2000),
    height=st.integers(200, 2000),
)
points = st.tuples(*[st.floats(-300, 300)] * 3)


@given(orbits, points)
def test_a_point_comes_back_from_where_it_is_shown(orbit: Orbit, offset: tuple[float, ...]) -> None:
    point = np.array(orbit.target) + offset
    x, y = orbit.project(point)
    np.testing.assert_allclose(orbit.unproject(x, y, point), point, atol=1e-6)


@given(orbits, points, st.floats(-200, 200), st.floats(-200, 200))
def test_a_drag_across_the_screen_keeps_the_depth(
    orbit: Orbit, offset: tuple[float, ...], right: float, down: float
) -> None:
    point = np.array(orbit.target) + offset
    x, y = orbit.project(point)
    moved = orbit.unproject(x + right, y + down, point)
    assert orbit.seen(moved)[2] == pytest.approx(orbit.seen(point)[2])
    np.testing.assert_allclose(orbit.project(moved), (x + right, y + down), atol=1e-6)


@given(orbits, st.floats(0.6, 1.7), st.floats(0, 200), st.floats(0, 200))
def test_zooming_leaves_what_is_under_the_pointer(orbit: Orbit, factor: float, x: float, y: float) -> None:
    under = orbit.unproject(x, y, np.array(orbit.target))
    nearer = orbit.zoomed(factor, x, y)
    assert nearer.distance == pytest.approx(orbit.distance / factor)
    np.testing.assert_allclose(nearer.project(under), (x, y), atol=1e-6)


@given(orbits, st.floats(-100, 100), st.floats(-100, 100))
def test_panning_moves_the_target_by_so_many_pixels(orbit: Orbit, right: float, down: float) -> None:
    before = orbit.project(np.array(orbit.target))
    after = orbit.panned(right, down).project(np.array(orbit.target))
    np.testing.assert_allclose(after - before, (right, down), atol=1e-6)


@given(orbits, st.lists(points, min_size=1, max_size=20))
def test_framing_shows_everything(orbit: Orbit, offsets: list[tuple[float, ...]]) -> None:
    framed = orbit.framing(np.array(offsets), filled=0.8)
    seen = framed.project(np.array(offsets))
    assert (seen > -1).all()
    assert (seen < (orbit.width + 1, orbit.height + 1)).all()


def test_framing_fills_the_screen_with_a_large_thing() -> None:
    corners = np.array([(x, y, z) for x in (-900, 900) for y in (-900, 900) for z in (-50, 50)])
    seen = Orbit(width=800, height=800).framing(corners, filled=0.8).project(corners)
    np.testing.assert_allclose(seen.max(axis=0) - seen.min(axis=0), 640, rtol=0.02)


@given(orbits, points)
def test_the_jacobian_is_the_slope_of_the_projection(orbit: Orbit, offset: tuple[float, ...]) -> None:
    point = np.array(orbit.target) + offset
    steps = [orbit.project(point + axis) - orbit.project(point - axis) for axis in 0.01 * np.eye(3)]
    np.testing.assert_allclose(orbit.jacobian(point), np.transpose(steps) / 0.02, rtol=1e-4, atol=1e-5)


@given(orbits)
def test_the_axes_are_a_right_handed_frame(orbit: Orbit) -> None:
    np.testing.assert_allclose(orbit.axes @ orbit.axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(orbit.axes) == pytest.approx(1)


def test_named_views_look_from_where_they_say() -> None:
    orbit = Orbit(width=100, height=100)
    eyes = {side: np.rint(orbit.looking(*side).eye).tolist() for side in (FRONT, SIDE, TOP, BELOW)}
    assert eyes == {FRONT: [0, 0, -4000], SIDE: [4000, 0, 0], TOP: [0, -4000, 0], BELOW: [0, 4000, 0]}


def test_from_the_photographer_a_body_is_as_in_the_photo() -> None:
    seen = Orbit(width=100, height=100).project(np.array([(0, 0, 0), (100, 0, 0), (0, 100, 0)]))
    assert seen[1][0] > seen[0][0]
    assert seen[2][1] > seen[0][1]


def test_turning_stops_at_straight_down() -> None:
    orbit = Orbit().turned(0, 70).turned(0, 70)
    assert orbit.pitch == 90
    assert Orbit().turned(170, 0).turned(20, 0).yaw == -170


def test_lines_end_before_the_eye() -> None:
    starts = np.array([(0, 0, -100), (0, 0, 100), (0, 0, -100)], float)
    ends = np.array([(200, 0, 300), (50, 0, 200), (0, 0, -50)], float)
    starts, ends = clipped(starts, ends)
    np.testing.assert_allclose(starts, [(75, 0, NEAR), (0, 0, 100)])
    np.testing.assert_allclose(ends, [(200, 0, 300), (50, 0, 200)])


def test_the_ellipse_of_a_known_covariance() -> None:
    orbit = Orbit(width=600, height=600, distance=2000)
    covariances = np.zeros((COUNT, 3, 3))
    turn = np.radians(30)
    turned = np.array([(np.cos(turn), -np.sin(turn), 0), (np.sin(turn), np.cos(turn), 0), (0, 0, 1)])
    covariances[:] = turned @ np.diag([80.0**2, 20.0**2, 50.0**2]) @ turned.T
    centres, axes = screen_ellipses(orbit, Spread(np.zeros((COUNT, 3)), covariances))
    scale = orbit.focal / 2000
    np.testing.assert_allclose(centres[0], (300, 300))
    np.testing.assert_allclose(np.linalg.norm(axes[0], axis=1), [80 * scale, 20 * scale])
    assert abs(axes[0, 0] @ (np.cos(turn), np.sin(turn))) == pytest.approx(80 * scale)
    outline = ellipse_outlines(centres, axes, 2)[0] - centres[0]
    assert np.linalg.norm(outline, axis=1).max() == pytest.approx(160 * scale, rel=0.01)


def test_spread_goes_by_the_weights() -> None:
    poses = np.zeros((3, COUNT, 3), np.float32)
    poses[:, 5, 0] = 0, 100, 5000
    spread = spread_of(poses, np.array([1, 3, 0]))
    assert spread.means[5].tolist() == [75, 0, 0]
    assert spread.covariances[5, 0, 0] == pytest.approx(0.25 * 75**2 + 0.75 * 25**2)
    assert spread.millimetres[5] == pytest.approx(np.sqrt(1875))
    assert spread.millimetres[4] == 0


def test_the_floor_is_under_the_lower_foot_and_stays_while_the_body_sways() -> None:
    body = np.zeros((COUNT, 3))
    body[INDEX["LAnkle"], 1] = 800
    assert floor_under(body) == 870
    starts, ends, strengths = floor_lines(body, 4)
    assert (starts[:, 1] == 870).all()
    np.testing.assert_allclose(np.linalg.norm(ends - starts, axis=1), 250)
    assert strengths[np.linalg.norm(starts, axis=1).argmin()] > 5 * strengths.min()
    np.testing.assert_array_equal(floor_lines(body + np.array([30, 0, 40]), 4)[0], starts)
    np.testing.assert_array_equal(floor_lines(body + np.array([30, -7, 40]), 4)[0], starts)
    for lower in np.linspace(0, 40, 9):
        below = floor_under(body + np.array([0, lower, 0])) - (870 + lower)
        assert 0 <= below < 10


def test_of_two_joints_at_one_place_the_one_in_front_is_taken() -> None:
    pixels = np.array([(10.0, 10.0), (11.0, 10.0), (40.0, 10.0)])
    assert nearest_joint(pixels, np.array([500.0, 400.0, 1.0]), (10, 11), 14) == 1
    assert nearest_joint(pixels, np.array([500.0, 600.0, 1.0]), (10, 11), 14) == 0
    assert nearest_joint(pixels, np.array([500.0, 600.0, 1.0]), (25, 40), 14) is None


def test_the_mist_is_denser_where_more_bodies_are_and_shows_a_single_one() -> None:
    lines = np.zeros((60, 1, 2, 2))
    lines[:, 0] = (20, 30), (180, 30)
    lines[0, 0, :, 1] = 70
    room = room_of((200, 100), lines)
    assert room is not None
    plane = density(room, lines, np.full((60, 1), 1000.0))
    together, alone = plane[30 - room.y, 100 - room.x], plane[70 - room.y, 100 - room.x]
    assert together > 4 * alone > 0
    assert plane[50 - room.y].max() == 0


def test_what_is_off_the_screen_has_no_room() -> None:
    assert room_of((200, 100), np.full((4, 2), -50.0)) is None


def test_joints_have_names_that_people_use() -> None:
    assert joint_title(INDEX["LWrist"]) == "Left wrist"
    assert joint_title(INDEX["RHip"]) == "Right hip"
    assert joint_title(INDEX["Hip"]) == "Hip"
