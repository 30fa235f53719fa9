"""The 3D view of a pose: what is seen, turned, pinned and dragged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.medoids import Medoid
from maskengines.subjects.pose_skeleton import COUNT, INDEX, JOINTS
from maskstudio.canvas import fan_body, fan_picture, fan_view
from maskstudio.canvas.fan_marks import ENDS, gizmo_places
from maskstudio.canvas.fan_view import FanView
from maskstudio.canvas.orbit import FRONT, SIDE, TOP, Orbit
from maskstudio.canvas.pose_colours import HUES
from maskstudio.window import theme
from maskstudio.window.app import make_app
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

Array = np.ndarray[Any, Any]

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
WRIST = INDEX["LWrist"]

STANDING = np.array([
    (0, 0, 0), (-98, 0, 0), (-110, 370, -16), (-131, 731, 60), (98, 0, 0), (116, 368, -19), (131, 734, 40),
    (0, -240, -32), (1, -478, -66), (-2, -562, -151), (-6, -673, -141), (177, -479, -66), (331, -250, -3),
    (462, -70, -65), (-174, -476, -65), (-330, -252, 8), (-478, -87, -53),
], np.float32)  # fmt: skip


def fan(count: int = 40, wrist: float = 90) -> Hypotheses:
    """Bodies that agree but for their left wrist, which strays by so many millimetres along each axis."""
    poses = np.repeat(STANDING[None], count, axis=0)
    poses[:, WRIST] += np.random.default_rng(3).normal(0, wrist, (count, 3))
    nowhere = np.full((count, COUNT, 2), np.nan, np.float32)
    return Hypotheses(poses, np.full(count, 1 / count, np.float32), nowhere)


@pytest.fixture
def view(qtbot: QtBot) -> FanView:
    make_app()
    view = FanView()
    view.resize(600, 500)
    qtbot.addWidget(view)
    view.show()
    return view


def shown(view: FanView) -> Array:
    """``(h, w, 3)`` int: what is on the screen."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def at(view: FanView, place: Any) -> QPoint:
    return QPointF(*view.orbit.project(np.array(place, float)).tolist()).toPoint()


def near(pixels: Array, point: QPoint, hue: str, reach: int = 5) -> bool:
    """Whether the hue is seen about there, as it is or in the shade."""
    part = pixels[point.y() - reach : point.y() + reach + 1, point.x() - reach : point.x() + reach + 1]
    colour = QColor(hue)
    wanted = np.array([colour.red(), colour.green(), colour.blue()])
    return bool((np.abs(part - wanted).max(axis=-1) < 40).any())


def drag(view: FanView, start: QPoint, end: QPoint, button: Any = LEFT, keys: Any = NONE) -> None:
    QTest.mousePress(view, button, keys, start)
    QTest.mouseMove(view, (start + end) / 2)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, button, keys, end)


def heard(view: FanView) -> list[tuple[Any, ...]]:
    told: list[tuple[Any, ...]] = []
    for name in ("pin_wanted", "joint_dragged", "drag_finished", "drag_cancelled", "joint_selected"):
        getattr(view, name).connect(lambda *given, name=name: told.append((name, *given)))
    return told


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_chosen_body_is_seen_in_its_hues(view: FanView, name: str) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme.apply(app, name)
    try:
        view.set_hypotheses(fan())
        view.choose(0)
        view.view_front()
        pixels = shown(view)
        for left, right in (("LKnee", "RKnee"), ("LElbow", "RElbow")):
            assert near(pixels, at(view, STANDING[INDEX[left]]), HUES[name].left)
            assert near(pixels, at(view, STANDING[INDEX[right]]), HUES[name].right)
    finally:
        theme.apply(app, "dark")


def test_before_there_are_bodies_a_sentence_says_what_to_do(view: FanView) -> None:
    empty = shown(view)
    letters = empty[220:330, 100:500].max(axis=-1) > 150
    assert letters.sum() > 200
    view.set_hypotheses(fan())
    full = shown(view)
    view.set_hypotheses(None)
    QTest.qWait(200)
    assert (full != empty).any()
    np.testing.assert_array_equal(shown(view)[220:330, 100:500].max(axis=-1) > 150, letters)


def test_the_first_bodies_fill_the_view_and_later_ones_leave_the_camera_alone(view: FanView) -> None:
    view.set_hypotheses(fan())
    places = view.orbit.project(STANDING)
    assert (places > 0).all()
    assert (places < (600, 500)).all()
    assert np.ptp(places[:, 1]) > 300
    view.look(view.orbit.turned(40, 10))
    before = view.orbit
    view.set_hypotheses(fan(20))
    assert view.orbit == before


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine, all bodies are drawn at once."""
    monkeypatch.setattr(fan_view, "_SMOOTH_MS", float("inf"))


def test_a_pin_that_moves_has_nothing_else_drawn_again(
    view: FanView, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.follow(fan(20), 3)
    shown(view)
    bodies: list[object] = []
    real = fan_body.paint_body
    monkeypatch.setattr(fan_body, "paint_body", lambda *given: bodies.append(1) or real(*given))
    monkeypatch.setattr(fan_picture, "_paint_crowd", lambda *given: bodies.append(2))
    before = shown(view)
    for step in range(5):
        view.set_pins({"LWrist": (300.0 + step, -150.0, -40.0)})
        pixels = shown(view)
    assert bodies == []
    changed = np.argwhere((pixels != before).any(axis=-1))
    pin, reach = at(view, (304, -150, -40)), 12
    assert len(changed) > 50
    assert near(pixels, pin, theme.current().accent)
    alone = changed[(np.abs(changed - (pin.y(), pin.x())) > reach).any(axis=1)]
    tie = at(view, view.strong[WRIST])
    assert (np.abs(alone - (tie.y(), tie.x())) <= np.ptp([(pin.x(), pin.y()), (tie.x(), tie.y())]) + 12).all()


def test_what_is_kept_of_a_picture_is_what_drawing_all_anew_gives(
    qtbot: QtBot, view: FanView, quick: None
) -> None:
    first, second = fan(20), fan(20, wrist=40)
    steps = [
        lambda each: each.follow(first, 3),
        lambda each: each.set_pins({"LWrist": (300.0, -150.0, -40.0)}),
        lambda each: each.choose(4),
        lambda each: each.set_body(STANDING + np.float32(30)),
        lambda each: each.follow(second, 4),
        lambda each: each.hover(QPointF(at(each, each.strong[WRIST]))),
        lambda each: each.set_medoids([Medoid(2, 1.0, np.arange(20))]),
        lambda each: each.view_side(),
        lambda each: each.set_body(None),
        lambda each: each.follow(second, None),
        lambda each: each.resize(500, 420),
    ]
    before = None
    for number, step in enumerate(steps):
        step(view)
        seen = shown(view)
        fresh = FanView()
        fresh.resize(600, 500)
        qtbot.addWidget(fresh)
        fresh.show()
        for earlier in steps[: number + 1]:
            earlier(fresh)
        np.testing.assert_array_equal(seen, shown(fresh))
        assert before is None or seen.shape != before.shape or (seen != before).any(), number
        before = seen
        fresh.close()


def test_medoids_are_drawn_stronger_than_the_mist(view: FanView) -> None:
    hypotheses = fan(200)
    view.set_hypotheses(hypotheses)
    QTest.qWait(200)
    before = shown(view)
    lone = int(hypotheses.poses[:, WRIST, 0].argmax())
    view.set_medoids([Medoid(lone, 1.0, np.arange(200))])
    point = at(view, hypotheses.poses[lone, WRIST] * 0.8 + hypotheses.poses[lone, INDEX["LElbow"]] * 0.2)
    part = np.s_[point.y() - 3 : point.y() + 4, point.x() - 3 : point.x() + 4]
    assert shown(view)[part].max() > before[part].max() + 30


def test_a_joint_that_strays_has_an_ellipse_and_says_how_far(view: FanView) -> None:
    view.set_hypotheses(fan(wrist=90))
    assert view.spread is not None
    assert view.spread.millimetres[WRIST] == pytest.approx(90 * 3**0.5, rel=0.2)
    assert view.spread.millimetres[INDEX["RWrist"]] == pytest.approx(0, abs=1e-6)
    QTest.qWait(200)
    quiet = shown(view)
    QTest.mouseMove(view, at(view, view.spread.means[WRIST]))
    changed = np.argwhere((shown(view) != quiet).any(axis=-1))
    assert np.ptp(changed[:, 1]) > 100
    assert view.cursor().shape() == Qt.CursorShape.ArrowCursor


def test_clicking_a_joint_pins_it_where_it_is_and_again_lets_it_go(view: FanView) -> None:
    view.set_hypotheses(fan())
    view.choose(3)
    told = heard(view)
    body = view.strong
    assert body is not None
    QTest.mouseClick(view, LEFT, NONE, at(view, body[WRIST]))
    place = tuple(float(value) for value in body[WRIST])
    assert told == [("joint_selected", "LWrist"), ("pin_wanted", "LWrist", pytest.approx(place))]
    view.set_pins({"LWrist": place})
    assert near(shown(view), at(view, place) + QPoint(7, 0), theme.current().accent)
    told.clear()
    QTest.mouseClick(view, LEFT, NONE, at(view, body[WRIST]))
    assert told == [("joint_selected", "LWrist"), ("pin_wanted", "LWrist", None)]


def test_the_hip_is_selected_but_never_pinned_and_dragging_it_turns_the_view(view: FanView) -> None:
    view.set_body(STANDING)
    told, before = heard(view), view.orbit
    QTest.mouseClick(view, LEFT, NONE, at(view, STANDING[0]))
    assert told == [("joint_selected", "Hip")]
    drag(view, at(view, STANDING[0]), at(view, STANDING[0]) + QPoint(60, 0))
    assert told == [("joint_selected", "Hip")]
    assert view.orbit.yaw > before.yaw + 10


def test_without_a_solid_body_nothing_is_pinned(view: FanView) -> None:
    view.set_hypotheses(fan())
    told = heard(view)
    assert view.spread is not None
    QTest.mouseClick(view, LEFT, NONE, at(view, view.spread.means[INDEX["RKnee"]]))
    assert told == [("joint_selected", "RKnee")]


def test_dragging_a_joint_keeps_its_depth_and_tells_where_it_is(view: FanView) -> None:
    view.set_body(STANDING)
    view.look(view.orbit.turned(25, 8))
    told, start = heard(view), at(view, STANDING[WRIST])
    drag(view, start, start + QPoint(50, -40))
    names = [name for name, *_ in told]
    assert names[0] == "joint_dragged"
    assert names[-1] == "drag_finished"
    assert names.count("drag_finished") == 1
    _, joint, place = told[-1]
    assert joint == "LWrist"
    assert told[-2][2] == place
    orbit = view.orbit
    assert orbit.seen(np.array(place))[2] == pytest.approx(orbit.seen(STANDING[WRIST].astype(float))[2])
    moved = orbit.project(np.array(place)) - orbit.project(STANDING[WRIST])
    np.testing.assert_allclose(moved, (50, -40), atol=1.5)


def test_escape_puts_a_dragged_joint_back(view: FanView) -> None:
    view.set_body(STANDING)
    told, start = heard(view), at(view, STANDING[WRIST])
    QTest.mousePress(view, LEFT, NONE, start)
    QTest.mouseMove(view, start + QPoint(30, 0))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view, LEFT, NONE, start + QPoint(30, 0))
    assert told[-1] == ("drag_cancelled", "LWrist")
    assert "drag_finished" not in [name for name, *_ in told]


def test_the_left_button_turns_the_middle_and_shift_move_what_is_shown(view: FanView) -> None:
    view.set_body(STANDING)
    corner, first = QPoint(40, 400), view.orbit
    drag(view, corner, corner + QPoint(50, 20))
    turned = view.orbit
    assert turned.yaw > first.yaw
    assert turned.pitch > first.pitch
    assert turned.target == first.target
    for button, keys in ((MIDDLE, NONE), (LEFT, SHIFT)):
        before = view.orbit.project(np.array(view.orbit.target))
        held = np.array(view.orbit.target)
        drag(view, corner, corner + QPoint(50, 20), button, keys)
        np.testing.assert_allclose(view.orbit.project(held) - before, (50, 20), atol=0.5)
    assert (view.orbit.yaw, view.orbit.pitch) == (turned.yaw, turned.pitch)


def test_the_wheel_zooms_at_the_pointer(view: FanView) -> None:
    view.set_body(STANDING)
    point = QPointF(450, 120)
    under = view.orbit.unproject(450, 120, np.array(view.orbit.target))
    event = QWheelEvent(
        point, view.mapToGlobal(point), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, NONE,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    before = view.orbit.distance
    QApplication.sendEvent(view, event)
    assert view.orbit.distance < before / 1.3
    np.testing.assert_allclose(view.orbit.project(under), (450, 120), atol=1e-6)


@pytest.mark.parametrize(
    ("key", "keys", "side"),
    [
        (Qt.Key.Key_1, NONE, FRONT), (Qt.Key.Key_3, NONE, SIDE), (Qt.Key.Key_7, NONE, TOP),
        (Qt.Key.Key_1, CONTROL, (-180, 0)),
    ],
)  # fmt: skip
def test_keys_show_the_sides_as_in_blender(view: FanView, key: Any, keys: Any, side: Any) -> None:
    view.set_body(STANDING)
    QTest.keyClick(view, key, keys)
    assert (view.orbit.yaw, view.orbit.pitch) == side


def test_f_and_a_double_click_bring_everything_back(view: FanView) -> None:
    view.set_body(STANDING)
    framed = view.orbit
    for again in (
        lambda: QTest.keyClick(view, Qt.Key.Key_F),
        lambda: QTest.mouseDClick(view, LEFT, NONE, QPoint(20, 20)),
    ):
        view.look(framed.zoomed(6, 10, 10))
        assert (view.orbit.project(STANDING) > 600).any() or (view.orbit.project(STANDING) < 0).any()
        again()
        assert view.orbit.distance == pytest.approx(framed.distance, rel=1e-3)


def test_an_end_of_the_axes_shows_its_side(view: FanView) -> None:
    view.set_body(STANDING)
    for number, end in enumerate(ENDS[:5:2]):
        view.look(view.orbit.looking(30, 20))
        x, y, _ = gizmo_places(view.orbit)[2 * number]
        QTest.mouseClick(view, LEFT, NONE, QPointF(x, y).toPoint())
        assert (view.orbit.yaw, view.orbit.pitch) == end.side


def test_the_choice_goes_before_the_kept_body_and_ends_with_its_fan(view: FanView) -> None:
    hypotheses = fan()
    view.set_body(STANDING + 1)
    view.set_hypotheses(hypotheses)
    view.choose(7)
    np.testing.assert_array_equal(view.strong, hypotheses.poses[7])
    view.set_hypotheses(fan(10))
    np.testing.assert_array_equal(view.strong, STANDING + 1)
    view.choose(99)
    np.testing.assert_array_equal(view.strong, STANDING + 1)


def test_at_a_higher_pixel_ratio_it_is_drawn_in_device_pixels(view: FanView) -> None:
    hypotheses = fan()
    view.set_hypotheses(hypotheses)
    view.grab()
    crowd = view._crowds
    assert crowd is not None
    orbit = Orbit(width=300, height=200).framing(STANDING)
    sharp = view._picture.picture(orbit, crowd[0], STANDING, 2.0)
    assert (sharp.width(), sharp.height(), sharp.devicePixelRatio()) == (600, 400, 2)
    x, y = (round(value) for value in (2 * orbit.project(STANDING[INDEX["RKnee"]])).tolist())
    line = [sharp.pixelColor(x + step, y - 8).lightness() for step in range(-20, 21)]
    assert max(line) > line[0] + 40


def test_it_is_reached_and_named_without_a_mouse(view: FanView) -> None:
    assert view.accessibleName()
    assert view.focusPolicy() == Qt.FocusPolicy.StrongFocus
    view.set_body(STANDING)
    before = view.orbit
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.orbit.yaw == pytest.approx(before.yaw - 15)
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.orbit.distance < before.distance


def test_all_joints_can_be_picked_where_they_are_drawn(view: FanView) -> None:
    view.set_body(STANDING)
    found = [view.joint_at(QPointF(*view.orbit.project(place).tolist())) for place in STANDING]
    assert [JOINTS[joint] for joint in found if joint is not None] == list(JOINTS)
    assert view.joint_at(QPointF(5, 5)) is None


def test_a_view_that_loses_the_keys_amid_a_drag_ends_it(view: FanView) -> None:
    view.set_body(STANDING)
    told, start = heard(view), at(view, STANDING[WRIST])
    QTest.mousePress(view, LEFT, NONE, start)
    QTest.mouseMove(view, start + QPoint(30, 0))
    view.clearFocus()
    view.hide()
    assert told[-1] == ("drag_cancelled", "LWrist")
