"""What lies over the photo of a pose, and that it is repainted only where it changes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from maskengines.contract import Box
from maskengines.results.hypotheses import Hypotheses
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_skeleton import COUNT, INDEX
from maskengines.subjects.pose_template import guessed, template_pose, without
from maskstudio.canvas.decoration_layer import Decoration, DecorationLayer
from maskstudio.canvas.image_canvas import ImageCanvas
from maskstudio.canvas.pose_answers import GAP_MS, PoseAnswers, spread_ellipses
from maskstudio.canvas.pose_colours import HUES
from maskstudio.canvas.pose_marks import AskedDot, Dot, Ellipse, Grip, HollowDot, Line
from maskstudio.canvas.pose_overlay import PoseOverlay
from maskstudio.documents.document import Document
from maskstudio.documents.pose_document import PoseDocument
from maskstudio.window import theme
from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

WIDTH, HEIGHT = 400, 300
WRIST, ANKLE, KNEE = INDEX["LWrist"], INDEX["RAnkle"], INDEX["RKnee"]
GREY = 90


def photo() -> ImageSubject:
    return ImageSubject(np.full((HEIGHT, WIDTH, 3), GREY, np.uint8))


def standing() -> PoseSubject:
    return template_pose((WIDTH, HEIGHT), (120, 20, 160, 260))


@pytest.fixture
def document(qtbot: QtBot) -> Iterator[PoseDocument]:
    document = PoseDocument(photo(), standing())
    yield document
    document.close()


@pytest.fixture
def canvas(qtbot: QtBot, document: PoseDocument) -> ImageCanvas:
    canvas = ImageCanvas()
    canvas.resize(440, 340)
    qtbot.addWidget(canvas)
    canvas.set_document(document)
    canvas.actual_size()
    canvas.show()
    return canvas


@pytest.fixture
def overlay(canvas: ImageCanvas, document: PoseDocument) -> PoseOverlay:
    overlay = PoseOverlay(document, canvas)
    canvas.set_decorations(overlay)
    return overlay


@pytest.fixture
def answers(canvas: ImageCanvas, overlay: PoseOverlay) -> PoseAnswers:
    answers = PoseAnswers(canvas)
    canvas.set_decorations(answers, overlay)
    return answers


def paint(document: PoseDocument, x: float, y: float, radius: int) -> None:
    mask = document.mask.data.copy()
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    mask[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = 255
    document.replace_mask(mask, "Brush stroke")


def pixels(canvas: ImageCanvas) -> np.ndarray:
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    words = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return words[..., 2::-1].astype(int)


def near(canvas: ImageCanvas, shown: np.ndarray, place: np.ndarray, half: int = 3) -> np.ndarray:
    at = canvas.to_widget(*place)
    x, y = round(at.x()), round(at.y())
    return shown[y - half : y + half + 1, x - half : x + half + 1].reshape(-1, 3)


def rgb(name: str) -> np.ndarray:
    colour = QColor(name)
    return np.array([colour.red(), colour.green(), colour.blue()])


def has(found: np.ndarray, name: str) -> bool:
    return bool((np.abs(found - rgb(name)).max(axis=1) < 12).any())


def marks(canvas: ImageCanvas, over: Decoration, kind: type, scale: float = 1.0) -> list:
    return [mark for mark in over.marks(canvas.to_widget, scale) if isinstance(mark, kind)]


def test_left_and_right_are_seen_in_their_hues_in_both_themes(
    qapp: QApplication, canvas: ImageCanvas, overlay: PoseOverlay, document: PoseDocument
) -> None:
    before = theme.current().name
    try:
        for name, hues in HUES.items():
            theme.apply(qapp, name)
            shown = pixels(canvas)
            for joint, hue in (("LKnee", hues.left), ("RKnee", hues.right), ("Nose", hues.middle)):
                assert has(near(canvas, shown, document.pose.joints[INDEX[joint]]), hue), (name, joint)
    finally:
        theme.apply(qapp, before)


@pytest.mark.parametrize("zoom", [0.25, 1.0, 8.0])
def test_a_joint_is_as_large_at_any_zoom(canvas: ImageCanvas, overlay: PoseOverlay, zoom: float) -> None:
    canvas.zoom_to(zoom)
    assert {mark.radius for mark in marks(canvas, overlay, Dot, zoom)} == {4.0}
    assert {mark.width for mark in marks(canvas, overlay, Line, zoom)} == {3.0}


def test_a_spread_is_as_large_as_it_is_in_the_picture(
    canvas: ImageCanvas, overlay: PoseOverlay, document: PoseDocument
) -> None:
    found = marks(canvas, overlay, Ellipse, 2.0)
    assert len(found) == COUNT
    assert found[0].axes == pytest.approx((2 * document.pose.sigma_px[0],) * 2)


def test_what_is_asked_for_and_where_it_could_be_is_marked(
    canvas: ImageCanvas, overlay: PoseOverlay, document: PoseDocument
) -> None:
    x, y = document.pose.joints[WRIST]
    spread = int(2.4 * document.pose.sigma_px[WRIST])
    assert marks(canvas, overlay, AskedDot) == []
    paint(document, x, y, spread)
    paint(document, x + 60, y - 60, spread)
    centres = [mark.centre for mark in marks(canvas, overlay, AskedDot)]
    at = canvas.to_widget(x, y)
    assert (at.x(), at.y()) in centres
    pose, _ = document.painted()
    assert (pose.modes[WRIST, :, 3] > 0).sum() == 2
    other = canvas.to_widget(x + 60, y - 60)
    gaps = [
        np.hypot(m.centre[0] - other.x(), m.centre[1] - other.y()) for m in marks(canvas, overlay, Ellipse)
    ]
    assert min(gaps) < 3
    document.pose_changed.emit()
    assert has(near(canvas, pixels(canvas), document.pose.joints[WRIST], 7), theme.current().overlay)


def test_a_joint_without_evidence_is_hollow_and_its_bone_dashed(
    canvas: ImageCanvas, overlay: PoseOverlay, document: PoseDocument
) -> None:
    document.change_pose(without(document.pose, ANKLE), "No evidence")
    (hollow,) = marks(canvas, overlay, HollowDot)
    at = canvas.to_widget(*guessed(document.pose)[ANKLE])
    assert hollow.centre == (at.x(), at.y())
    assert [line.end for line in marks(canvas, overlay, Line) if line.dashed] == [hollow.centre]
    assert len(marks(canvas, overlay, Ellipse)) == COUNT - 1
    # Hollow: in its middle there is the photo, but for the dashes of the bone that ends there.
    beside = near(canvas, pixels(canvas), guessed(document.pose)[ANKLE] + (3, 1), 0)
    assert np.abs(beside - GREY).max() < 40


def test_a_chosen_answer_is_drawn_thin_and_goes_away(
    canvas: ImageCanvas, answers: PoseAnswers, document: PoseDocument
) -> None:
    clean = pixels(canvas)
    answer = document.pose.joints + np.array([70, 0])
    answers.show(None, answer)
    assert {line.width for line in marks(canvas, answers, Line)} == {1.2}
    shown = pixels(canvas)
    middle = (answer[KNEE] + answer[ANKLE]) / 2
    assert np.abs(near(canvas, shown, middle) - near(canvas, clean, middle)).max() > 40
    answers.show(None, None)
    assert np.array_equal(pixels(canvas), clean)
    with pytest.raises(ValueError, match="17"):
        answers.show(None, np.zeros((16, 2)))


def test_an_answer_that_is_seen_nowhere_draws_nothing(canvas: ImageCanvas, answers: PoseAnswers) -> None:
    clean = pixels(canvas)
    nowhere = np.full((3, COUNT, 2), np.nan, np.float32)
    answers.show(Hypotheses(np.zeros((3, COUNT, 3), np.float32), np.full(3, 1 / 3), nowhere), nowhere[0])
    assert np.array_equal(pixels(canvas), clean)


def test_the_pose_lies_over_its_answers_and_is_not_drawn_again_for_them(
    canvas: ImageCanvas,
    answers: PoseAnswers,
    overlay: PoseOverlay,
    document: PoseDocument,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels(canvas)
    asked: list[object] = []
    real = PoseOverlay.marks
    monkeypatch.setattr(PoseOverlay, "marks", lambda self, *given: asked.append(1) or real(self, *given))
    answers.show(None, document.pose.joints[::-1])
    shown = pixels(canvas)
    assert asked == []
    assert has(near(canvas, shown, document.pose.joints[KNEE], 1), HUES[theme.current().name].right)
    document.change_pose(document.pose.with_joint(KNEE, 200, 150), "Move")
    pixels(canvas)
    assert asked == [1]


def test_answers_that_follow_a_hand_are_drawn_after_it_and_the_last_of_them_always(
    qtbot: QtBot, answers: PoseAnswers, document: PoseDocument
) -> None:
    told: list[float] = []
    answers.changed.connect(lambda: told.append(time.monotonic()))
    began = time.monotonic()
    for step in range(10):
        answers.follow(None, document.pose.joints + step)
        assert told == []
    qtbot.waitUntil(lambda: len(told) == 1)
    answers.follow(None, document.pose.joints + 20)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[1] - told[0] > 0.9 * GAP_MS / 1000
    assert told[0] > began
    ends = [mark.end for mark in answers.marks(QPointF, 1.0)]
    assert ends[0] == pytest.approx(tuple(document.pose.joints[1] + 20))


def test_decorations_that_are_taken_away_leave_the_picture(
    canvas: ImageCanvas, answers: PoseAnswers, document: PoseDocument
) -> None:
    answers.show(None, document.pose.joints)
    canvas.set_decorations()
    assert np.abs(pixels(canvas)[100:200, 100:200] - GREY).max() == 0
    answers.show(None, document.pose.joints + 5)  # nobody draws it any more
    assert np.abs(pixels(canvas)[100:200, 100:200] - GREY).max() == 0


def test_the_spread_of_answers_is_an_ellipse_along_it() -> None:
    rng = np.random.default_rng(3)
    along, across = np.array([3.0, 4.0]) / 5, np.array([-4.0, 3.0]) / 5
    away = rng.normal(size=(4000, 1)) * 20 * along + rng.normal(size=(4000, 1)) * 5 * across
    seen = np.repeat(away[:, None], COUNT, axis=1) + np.array([100, 50])
    weights = np.full(4000, 1 / 4000, np.float32)
    found = spread_ellipses(Hypotheses(np.zeros((4000, COUNT, 3)), weights, seen.astype(np.float32)))
    x, y, long, short, angle = found[WRIST]
    assert (x, y) == pytest.approx((100, 50), abs=1.5)
    assert (long, short) == pytest.approx((20, 5), rel=0.05)
    assert np.tan(angle) == pytest.approx(4 / 3, rel=0.05)


def test_comparing_with_the_original_shows_the_photo_alone(
    canvas: ImageCanvas, overlay: PoseOverlay, document: PoseDocument
) -> None:
    with_pose = pixels(canvas)
    canvas.set_compare(True)
    alone = pixels(canvas)
    box = canvas.to_widget(0, 0)
    inner = alone[round(box.y()) : round(box.y()) + HEIGHT, round(box.x()) : round(box.x()) + WIDTH]
    assert (inner == GREY).all()
    canvas.set_compare(False)
    assert np.array_equal(pixels(canvas), with_pose)


def test_another_document_comes_without_it(canvas: ImageCanvas, overlay: PoseOverlay) -> None:
    plain = Document(photo())
    canvas.set_document(plain)
    canvas.actual_size()
    assert len(np.unique(pixels(canvas).reshape(-1, 3), axis=0)) == 2  # photo and surround
    plain.close()


class Seen:
    """Every rectangle that a widget paints."""

    def __init__(self, canvas: ImageCanvas, monkeypatch: pytest.MonkeyPatch) -> None:
        self.area = 0
        self.rects: list[QRect] = []
        plain = canvas.paintEvent

        def noted(event: object) -> None:
            self.rects += list(event.region())  # type: ignore[attr-defined]
            plain(event)  # type: ignore[arg-type]

        monkeypatch.setattr(canvas, "paintEvent", noted)


def test_dragging_a_wrist_repaints_no_more_than_the_arm(
    qtbot: QtBot, canvas: ImageCanvas, overlay: PoseOverlay, document: PoseDocument,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    QTest.qWaitForWindowExposed(canvas)
    QApplication.processEvents()
    seen = Seen(canvas, monkeypatch)
    x, y = document.pose.joints[WRIST]
    document.change_pose(document.pose.with_joint(WRIST, x + 4, y + 3), "Move")
    qtbot.waitUntil(lambda: bool(seen.rects), timeout=60_000)
    painted = sum(rect.width() * rect.height() for rect in seen.rects)
    assert 0 < painted < 0.12 * canvas.width() * canvas.height()
    foot = canvas.to_widget(*document.pose.joints[ANKLE]).toPoint()
    assert not any(rect.contains(foot) for rect in seen.rects)


def test_a_stroke_draws_no_mark_again(
    canvas: ImageCanvas, overlay: PoseOverlay, document: PoseDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    real = DecorationLayer.show
    monkeypatch.setattr(DecorationLayer, "show", lambda self, *given: calls.append(1) or real(self, *given))
    session = document.begin_mask_edit("Brush stroke")
    box = Box(5, 5, 30, 30)
    session.touch(box)
    document.mask.data[box.slices] = 255
    session.changed(box)
    assert calls == []
    assert session.commit()


def test_under_paint_the_skeleton_stays(
    canvas: ImageCanvas, overlay: PoseOverlay, document: PoseDocument
) -> None:
    paint(document, 20, 20, 12)
    QApplication.processEvents()
    hue = HUES[theme.current().name].left
    assert has(near(canvas, pixels(canvas), document.pose.joints[INDEX["LKnee"]]), hue)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_repairs_give_the_pixels_of_drawing_all_anew(
    overlay: PoseOverlay, document: PoseDocument, ratio: float
) -> None:
    size = QSize(401, 299)
    layer = DecorationLayer()
    rng = np.random.default_rng(7)

    def shown() -> list:
        return list(overlay.marks(lambda x, y: QPointF(x + 0.3, y - 0.4), 1.0))

    def image(of: DecorationLayer) -> np.ndarray:
        target = QImage(size * ratio, QImage.Format.Format_RGB32)
        target.setDevicePixelRatio(ratio)
        target.fill(Qt.GlobalColor.gray)
        painter = QPainter(target)
        of.paint(painter, QRect(0, 0, size.width(), size.height()))
        painter.end()
        return np.frombuffer(target.constBits(), np.uint8).copy()

    layer.show(shown(), size, ratio)
    for step in range(8):
        joint = int(rng.integers(COUNT))
        pose = document.pose
        moved = pose.with_joint(joint, *(pose.joints[joint] + rng.uniform(-30, 30, 2)))
        document.change_pose(without(moved, joint) if step % 3 == 2 else moved, "Move")
        before = image(layer)
        told = layer.show(shown(), size, ratio)
        after = image(layer)
        fresh = DecorationLayer()
        fresh.show(shown(), size, ratio)
        assert np.array_equal(after, image(fresh))
        # What the widget was told of holds all that has changed.
        width, height = (size * ratio).toTuple()
        rows, columns = np.nonzero((before != after).reshape(height, -1, 4).any(axis=2))
        covered = np.zeros((height, width + 4), bool)
        for rect in told:
            left, top = int(rect.left() * ratio), int(rect.top() * ratio)
            right, bottom = (
                int(np.ceil((rect.right() + 1) * ratio)),
                int(np.ceil((rect.bottom() + 1) * ratio)),
            )
            covered[max(top, 0) : bottom, max(left, 0) : right] = True
        assert len(rows) > 0
        assert covered[rows, columns].all()


def test_marks_stay_within_their_bounds(
    overlay: PoseOverlay, answers: PoseAnswers, document: PoseDocument
) -> None:
    document.change_pose(without(document.pose, ANKLE), "No evidence")
    x, y = document.pose.joints[WRIST]
    paint(document, x, y, 20)
    overlay.set_grip((50.0, 60.0))
    seen = np.random.default_rng(1).normal(document.pose.joints, 9, (30, COUNT, 2)).astype(np.float32)
    fan = Hypotheses(np.zeros((30, COUNT, 3), np.float32), np.full(30, 1 / 30, np.float32), seen)
    answers.show(fan, document.pose.joints + 9)
    drawn = [*overlay.marks(QPointF, 1.0), *answers.marks(QPointF, 1.0)]
    assert {type(mark) for mark in drawn} >= {AskedDot, Dot, Ellipse, Grip, HollowDot, Line}
    for mark in drawn:
        image = QImage(WIDTH, HEIGHT, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        mark.paint(painter)
        painter.end()
        touched = np.frombuffer(image.constBits(), np.uint32).reshape(HEIGHT, WIDTH) != 0
        bounds = mark.bounds().toAlignedRect() & QRect(0, 0, WIDTH, HEIGHT)
        touched[bounds.top() : bounds.bottom() + 1, bounds.left() : bounds.right() + 1] = False
        assert not touched.any(), mark


def test_it_follows_the_view(canvas: ImageCanvas, overlay: PoseOverlay, document: PoseDocument) -> None:
    canvas.zoom_to(2.0)
    canvas.pan(QPointF(20, -15))
    hue = HUES[theme.current().name].left
    assert has(near(canvas, pixels(canvas), document.pose.joints[INDEX["LHip"]]), hue)
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.DevicePixelRatioChange))
    assert has(near(canvas, pixels(canvas), document.pose.joints[INDEX["LHip"]]), hue)
