"""Dragging joints, widening their spread, taking away what is known of them: with mouse, wheel and keys."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from maskengines.contract import Box
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_skeleton import INDEX
from maskengines.subjects.pose_template import guessed, template_pose, without
from maskstudio.canvas.image_canvas import ImageCanvas
from maskstudio.canvas.pose_marks import Grip
from maskstudio.canvas.pose_overlay import PoseOverlay
from maskstudio.documents.document import Document
from maskstudio.documents.pose_document import PoseDocument
from maskstudio.tools import BrushSettings, BrushTool
from maskstudio.tools.base import HoverTool, Tool
from maskstudio.tools.joints import WIDEST, JointTool, reason_against
from maskstudio.tools.pose_grips import JointGrip, grip_at
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

SIZE = (400, 300)
BOX = (120.0, 20.0, 160.0, 260.0)
ELBOW, WRIST, SHOULDER, KNEE = (INDEX[name] for name in ("LElbow", "LWrist", "LShoulder", "RKnee"))
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


def photo() -> ImageSubject:
    return ImageSubject(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))


@pytest.fixture
def document(qtbot: QtBot) -> Iterator[PoseDocument]:
    document = PoseDocument(photo(), template_pose(SIZE, BOX))
    yield document
    document.close()


@pytest.fixture
def tool(qtbot: QtBot) -> JointTool:
    return JointTool()


@pytest.fixture
def canvas(qtbot: QtBot, document: PoseDocument, tool: JointTool) -> ImageCanvas:
    canvas = ImageCanvas()
    canvas.resize(440, 340)
    qtbot.addWidget(canvas)
    canvas.set_document(document)
    canvas.set_tool(tool)
    canvas.actual_size()
    canvas.show()
    return canvas


def mouse(
    canvas: ImageCanvas, kind: str, at: QPoint, button: Qt.MouseButton, keys: Qt.KeyboardModifier
) -> None:
    if kind == "press":
        QTest.mousePress(canvas, button, keys, at)
    elif kind == "release":
        QTest.mouseRelease(canvas, button, keys, at)
    else:
        canvas._pointer.move(QPointF(at), keys, 1.0)


def point(canvas: ImageCanvas, place: np.ndarray | tuple[float, float]) -> QPoint:
    return canvas.to_widget(float(place[0]), float(place[1])).toPoint()


def drag(
    canvas: ImageCanvas, place: np.ndarray | tuple[float, float], by: tuple[int, int],
    keys: Qt.KeyboardModifier = NONE, button: Qt.MouseButton = LEFT,
) -> None:  # fmt: skip
    start = point(canvas, place)
    mouse(canvas, "press", start, button, keys)
    for share in (0.3, 0.7, 1.0):
        mouse(canvas, "move", start + QPoint(*by) * share, button, keys)
    mouse(canvas, "release", start + QPoint(*by), button, keys)


def point_at(canvas: ImageCanvas, place: np.ndarray | tuple[float, float]) -> None:
    mouse(canvas, "move", point(canvas, place), LEFT, NONE)


def turn(canvas: ImageCanvas, place: np.ndarray, notches: int, keys: Qt.KeyboardModifier = NONE) -> None:
    at = QPointF(point(canvas, place))
    event = QWheelEvent(
        at, canvas.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, keys,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def unmoved(before: PoseSubject, after: PoseSubject, *but: int) -> bool:
    rest = [joint for joint in range(17) if joint not in but]
    return np.allclose(before.joints[rest], after.joints[rest])


def test_the_tool_is_a_tool_that_hovers_and_the_brush_is_not(tool: JointTool) -> None:
    checked: Tool = tool
    assert isinstance(checked, HoverTool)
    assert not isinstance(BrushTool(BrushSettings()), HoverTool)


def test_dragging_a_joint_moves_it_alone_in_one_undo_step(
    canvas: ImageCanvas, document: PoseDocument
) -> None:
    before = document.pose
    drag(canvas, before.joints[ELBOW], (30, -12))
    assert document.pose.joints[ELBOW] == pytest.approx(before.joints[ELBOW] + (30, -12))
    assert unmoved(before, document.pose, ELBOW)
    assert document.undo_stack.count() == 1
    assert "LElbow" in document.undo_stack.undoText()
    document.undo()
    assert np.array_equal(document.pose.joints, before.joints)
    assert not document.modified
    document.redo()
    assert document.pose.joints[ELBOW] == pytest.approx(before.joints[ELBOW] + (30, -12))


def test_with_shift_the_limb_comes_along(canvas: ImageCanvas, document: PoseDocument) -> None:
    before = document.pose
    drag(canvas, before.joints[ELBOW], (-9, 25), SHIFT)
    for joint in (ELBOW, WRIST):
        assert document.pose.joints[joint] == pytest.approx(before.joints[joint] + (-9, 25))
    assert unmoved(before, document.pose, ELBOW, WRIST)


def test_a_limb_that_is_dragged_leaves_unknown_joints_unknown(
    canvas: ImageCanvas, document: PoseDocument
) -> None:
    document.change_pose(without(document.pose, WRIST), "No evidence")
    drag(canvas, document.pose.joints[SHOULDER], (20, 0), SHIFT)
    assert document.pose.missing[WRIST]
    assert (document.pose.joints[WRIST] == 0).all()
    assert not document.pose.missing[ELBOW]


@pytest.mark.parametrize("zoom", [0.5, 1.0, 4.0])
def test_a_joint_is_taken_from_twelve_screen_pixels_away_at_any_zoom(
    canvas: ImageCanvas, document: PoseDocument, zoom: float
) -> None:
    far_away = template_pose(SIZE, (0, 0, 400, 300)).with_joint(KNEE, 60, 240)
    document.change_pose(far_away, "Fit")
    canvas.zoom_to(zoom)
    canvas.pan(QPointF(60, 60) - canvas.to_widget(60, 240))
    count = document.undo_stack.count()
    for aside, taken in ((11, True), (14, False)):
        before = document.pose
        start = point(canvas, before.joints[KNEE]) + QPoint(-aside, 0)
        mouse(canvas, "press", start, LEFT, NONE)
        mouse(canvas, "move", start + QPoint(0, 8), LEFT, NONE)
        mouse(canvas, "release", start + QPoint(0, 8), LEFT, NONE)
        alone = not unmoved(before, document.pose, 99) and unmoved(before, document.pose, KNEE)
        assert alone is taken, aside
        if taken:
            assert document.pose.joints[KNEE] == pytest.approx(before.joints[KNEE] + (0, 8 / zoom))
    assert document.undo_stack.count() > count


def test_a_click_moves_nothing_and_leaves_no_undo_step(canvas: ImageCanvas, document: PoseDocument) -> None:
    before = document.pose
    drag(canvas, before.joints[KNEE] + (5, 3), (0, 0))
    assert document.pose.joints == pytest.approx(before.joints)
    assert document.undo_stack.count() == 0


def test_escape_puts_a_drag_back(canvas: ImageCanvas, document: PoseDocument, tool: JointTool) -> None:
    before = document.pose
    start = point(canvas, before.joints[WRIST])
    mouse(canvas, "press", start, LEFT, NONE)
    mouse(canvas, "move", start + QPoint(40, 0), LEFT, NONE)
    assert tool.active
    assert document.pose.joints[WRIST, 0] > before.joints[WRIST, 0] + 30
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert np.array_equal(document.pose.joints, before.joints)
    assert not tool.active
    assert document.undo_stack.count() == 0


def test_the_wheel_over_a_joint_changes_its_spread_in_one_undo_step(
    canvas: ImageCanvas, document: PoseDocument, tool: JointTool
) -> None:
    before, zoom = document.pose, canvas.zoom
    point_at(canvas, before.joints[WRIST])
    for _ in range(4):
        turn(canvas, before.joints[WRIST], 1)
    assert document.pose.sigma_px[WRIST] == pytest.approx(2 * before.sigma_px[WRIST])
    assert np.delete(document.pose.sigma_px, WRIST) == pytest.approx(np.delete(before.sigma_px, WRIST))
    assert canvas.zoom == zoom
    tool.settle()
    assert document.undo_stack.count() == 1
    turn(canvas, before.joints[WRIST], -2)
    point_at(canvas, before.joints[KNEE])
    assert document.undo_stack.count() == 2
    assert document.pose.sigma_px[WRIST] == pytest.approx(2**0.5 * before.sigma_px[WRIST])
    document.undo()
    document.undo()
    assert document.pose.sigma_px == pytest.approx(before.sigma_px)


def test_turns_of_the_wheel_become_a_step_by_themselves(
    qtbot: QtBot, canvas: ImageCanvas, document: PoseDocument
) -> None:
    turn(canvas, document.pose.joints[KNEE], 1)
    assert document.undo_stack.count() == 0
    qtbot.waitUntil(lambda: document.undo_stack.count() == 1, timeout=60_000)
    assert not document.editing


def test_a_spread_stays_within_the_person(canvas: ImageCanvas, document: PoseDocument) -> None:
    turn(canvas, document.pose.joints[KNEE], 200)
    assert document.pose.sigma_px[KNEE] == pytest.approx(WIDEST * BOX[3])
    turn(canvas, document.pose.joints[KNEE], -400)
    assert 0 < document.pose.sigma_px[KNEE] < 1


def test_beside_all_joints_and_with_control_the_wheel_zooms(
    canvas: ImageCanvas, document: PoseDocument
) -> None:
    before = document.pose
    turn(canvas, np.array([20.0, 20.0]), 1)
    assert canvas.zoom > 1
    zoom = canvas.zoom
    turn(canvas, document.pose.joints[KNEE], 1, CONTROL)
    assert canvas.zoom > zoom
    assert document.pose is before


def test_the_right_button_takes_away_what_is_known_and_gives_it_back(
    canvas: ImageCanvas, document: PoseDocument
) -> None:
    before = document.pose
    QTest.mouseClick(canvas, RIGHT, NONE, point(canvas, before.joints[WRIST]))
    assert document.pose.missing[WRIST]
    assert document.pose.missing.sum() == 1
    assert document.question()[0].evidence()[WRIST, :, 3].max() == 0
    QTest.mouseClick(canvas, RIGHT, NONE, point(canvas, guessed(document.pose)[WRIST]))
    assert not document.pose.missing.any()
    assert document.undo_stack.count() == 2
    document.undo()
    document.undo()
    assert np.array_equal(document.pose.joints, before.joints)


def test_delete_takes_away_what_is_known_of_the_joint_under_the_pointer(
    canvas: ImageCanvas, document: PoseDocument
) -> None:
    before = document.pose
    point_at(canvas, before.joints[KNEE])
    key = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Delete, NONE)
    key.ignore()
    QApplication.sendEvent(canvas, key)
    assert key.isAccepted()  # else the window's shortcut would clear the mask
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert document.pose.missing.nonzero()[0].tolist() == [KNEE]
    QTest.keyClick(canvas, Qt.Key.Key_Delete)
    assert not document.pose.missing.any()
    point_at(canvas, (20, 20))
    key.ignore()
    QApplication.sendEvent(canvas, key)
    assert not key.isAccepted()


def test_dragging_a_joint_that_is_unknown_makes_it_known_there(
    canvas: ImageCanvas, document: PoseDocument
) -> None:
    document.change_pose(without(document.pose, WRIST), "No evidence")
    ghost = guessed(document.pose)[WRIST]
    drag(canvas, ghost, (25, 10))
    assert not document.pose.missing[WRIST]
    assert document.pose.joints[WRIST] == pytest.approx(ghost + np.array([25, 10]))
    assert document.pose.confidence[WRIST] == 1


def test_a_corner_scales_the_pose_and_its_spreads(canvas: ImageCanvas, document: PoseDocument) -> None:
    before = document.pose
    drag(canvas, (BOX[0] + BOX[2], BOX[1] + BOX[3]), (-80, -130))
    assert document.pose.box == pytest.approx((BOX[0], BOX[1], BOX[2] / 2, BOX[3] / 2))
    assert document.pose.joints - BOX[:2] == pytest.approx((before.joints - BOX[:2]) / 2)
    assert document.pose.sigma_px == pytest.approx(before.sigma_px / 2)
    assert document.undo_stack.count() == 1


def test_a_corner_with_shift_keeps_the_shape(canvas: ImageCanvas, document: PoseDocument) -> None:
    drag(canvas, BOX[:2], (50, 30), SHIFT)
    x, y, width, height = document.pose.box
    assert width / height == pytest.approx(BOX[2] / BOX[3])
    assert width < BOX[2]
    assert (x + width, y + height) == pytest.approx((BOX[0] + BOX[2], BOX[1] + BOX[3]))


@pytest.mark.parametrize("keys", [NONE, SHIFT])
def test_a_box_cannot_be_turned_inside_out(
    canvas: ImageCanvas, document: PoseDocument, keys: Qt.KeyboardModifier
) -> None:
    drag(canvas, BOX[:2], (300, 310), keys)
    x, y, width, height = document.pose.box
    assert min(width, height) >= 1
    assert (x + width, y + height) == pytest.approx((BOX[0] + BOX[2], BOX[1] + BOX[3]))
    assert np.isfinite(document.pose.joints).all()


def test_inside_the_box_the_whole_pose_is_dragged(canvas: ImageCanvas, document: PoseDocument) -> None:
    before = document.pose
    drag(canvas, (BOX[0] + 20, BOX[1] + 220), (15, -10))
    assert document.pose.joints == pytest.approx(before.joints + np.array([15, -10]))
    assert document.pose.sigma_px == pytest.approx(before.sigma_px)
    assert document.pose.box == pytest.approx((BOX[0] + 15, BOX[1] - 10, *BOX[2:]))


def test_beside_the_person_nothing_happens(canvas: ImageCanvas, document: PoseDocument) -> None:
    before = document.pose
    drag(canvas, (30, 150), (60, 0))
    assert document.pose is before


def test_the_cursor_tells_what_would_be_dragged(canvas: ImageCanvas, document: PoseDocument) -> None:
    shapes = []
    for place in (document.pose.joints[KNEE], BOX[:2], (BOX[0] + 20, BOX[1] + 220), (30, 150)):
        point_at(canvas, place)
        shapes.append(canvas.cursor().shape())
    hand, diagonal = Qt.CursorShape.PointingHandCursor, Qt.CursorShape.SizeFDiagCursor
    assert shapes == [hand, diagonal, Qt.CursorShape.SizeAllCursor, Qt.CursorShape.ArrowCursor]


def test_the_joint_under_the_pointer_is_ringed_and_the_ring_goes_along(
    canvas: ImageCanvas, document: PoseDocument, tool: JointTool
) -> None:
    overlay = PoseOverlay(document, canvas)
    canvas.set_decorations(overlay)
    tool.grip_moved.connect(overlay.set_grip)

    def ring() -> list[tuple[float, float]]:
        return [m.centre for m in overlay.marks(canvas.to_widget, 1.0) if isinstance(m, Grip)]

    assert ring() == []
    point_at(canvas, document.pose.joints[WRIST] + (4, 0))
    at = canvas.to_widget(*document.pose.joints[WRIST])
    assert ring() == [(at.x(), at.y())]
    start = point(canvas, document.pose.joints[WRIST])
    mouse(canvas, "press", start, LEFT, NONE)
    mouse(canvas, "move", start + QPoint(20, 5), LEFT, NONE)
    at = canvas.to_widget(*document.pose.joints[WRIST])
    assert ring() == [(at.x(), at.y())]
    mouse(canvas, "release", start + QPoint(20, 5), LEFT, NONE)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert ring() == []


def test_taking_another_tool_ends_what_the_wheel_does(canvas: ImageCanvas, document: PoseDocument) -> None:
    before = document.pose
    turn(canvas, before.joints[KNEE], 1)
    assert document.editing
    canvas.set_tool(BrushTool(BrushSettings(canvas)))
    assert not document.editing
    assert document.undo_stack.count() == 1
    # A stroke would have put an open edit back.
    session = document.begin_mask_edit("Brush stroke")
    session.touch(Box(0, 0, 5, 5))
    document.mask.data[:5, :5] = 255
    session.changed(Box(0, 0, 5, 5))
    session.commit()
    assert document.pose.sigma_px[KNEE] > before.sigma_px[KNEE]


def test_undo_during_a_drag_does_not_bring_the_tool_down(
    canvas: ImageCanvas, document: PoseDocument, tool: JointTool
) -> None:
    before = document.pose
    start = point(canvas, before.joints[WRIST])
    mouse(canvas, "press", start, LEFT, NONE)
    mouse(canvas, "move", start + QPoint(10, 0), LEFT, NONE)
    document.drop_open_edit()
    mouse(canvas, "move", start + QPoint(30, 0), LEFT, NONE)
    mouse(canvas, "release", start + QPoint(30, 0), LEFT, NONE)
    assert np.array_equal(document.pose.joints, before.joints)
    assert not tool.active


def test_on_a_photo_the_tool_does_nothing_and_says_why(
    canvas: ImageCanvas, document: PoseDocument, tool: JointTool
) -> None:
    assert reason_against(document) == ""
    plain = Document(photo())
    assert "no joints" in reason_against(plain)
    canvas.set_document(plain)
    canvas.actual_size()
    drag(canvas, (200, 150), (30, 0))
    QTest.mouseClick(canvas, RIGHT, NONE, point(canvas, (200, 150)))
    zoom = canvas.zoom
    turn(canvas, np.array([200.0, 150.0]), 1)
    assert canvas.zoom > zoom  # the wheel is the view's
    assert not tool.active
    assert not plain.mask.data.any()
    assert plain.undo_stack.count() == 0
    point_at(canvas, (200, 150))
    assert canvas.cursor().shape() == Qt.CursorShape.ForbiddenCursor
    plain.close()


def test_a_high_dpi_screen_reaches_as_far(document: PoseDocument) -> None:
    # At 200 % scaling and a zoom of 1, a logical pixel shows two of the image.
    pose = document.pose.with_joint(KNEE, 40, 150)
    assert grip_at(pose, 40 - 23, 150, 2.0) == JointGrip(KNEE)
    assert grip_at(pose, 40 - 25, 150, 2.0) is None
