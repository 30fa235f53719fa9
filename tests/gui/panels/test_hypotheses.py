"""Many bodies as one answer: a few of them to choose from, what they hold, and the way to a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.contract import Box, Candidate
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.hypothesis_files import FORMS, motion_error
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import save_pose
from maskengines.subjects.pose_formats.bvh import read_bvh
from maskengines.subjects.pose_formats.bvh_pose import to_body
from maskengines.subjects.pose_formats.keypoints import FORMATS
from maskengines.subjects.pose_skeleton import INDEX, JOINTS, PARENTS
from maskstudio.canvas.pose_colours import pose_hues
from maskstudio.documents.pose_document import PoseDocument
from maskstudio.jobs.service import JobService
from maskstudio.panels.body_picture import body_picture, framing
from maskstudio.panels.candidates_panel import CandidatesPanel
from maskstudio.panels.hypotheses_view import fan_of
from maskstudio.panels.spread_bars import joint_words, widest_first
from maskstudio.window import dialogs, theme
from maskstudio.window.main_window import MainWindow
from panel_answers import WAIT
from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

Array = np.ndarray[Any, Any]

STANDING = {
    "RHip": (-130, 0, 0), "RKnee": (-130, 440, 0), "RAnkle": (-130, 880, 0), "LHip": (130, 0, 0),
    "LKnee": (130, 440, 0), "LAnkle": (130, 880, 0), "Spine": (0, -240, 0), "Thorax": (0, -500, 0),
    "Nose": (0, -590, -60), "Head": (0, -690, 0), "LShoulder": (180, -490, 0), "LElbow": (440, -490, 0),
    "LWrist": (680, -490, 0), "RShoulder": (-180, -490, 0), "RElbow": (-440, -490, 0),
    "RWrist": (-680, -490, 0),
}  # fmt: skip
WRIST = INDEX["LWrist"]


def standing() -> Array:
    body = np.zeros((17, 3), np.float32)
    for name, place in STANDING.items():
        body[INDEX[name]] = place
    return body


def seen(bodies: Array) -> Array:
    """Where a camera far away sees them in a picture of 400 x 300."""
    pixels: Array = (200 + 0.12 * bodies[..., :2]).astype(np.float32)
    return pixels


def fan(sizes: Array | float = 1.0) -> Candidate:
    """A hundred bodies: of seventy the left arm is stretched out, of thirty it is lifted."""
    bodies = np.repeat(standing()[None], 100, axis=0)
    lifted = np.arange(100) % 10 >= 7
    bodies[lifted, INDEX["LElbow"]] = (180, -750, 0)
    bodies[lifted, WRIST] = (180, -990, 0)
    bodies[:, WRIST, 2] += np.linspace(-100, 100, 100)
    bodies *= np.reshape(sizes, (-1, 1, 1)).astype(np.float32)
    held = {"poses": bodies, "weights": np.ones(100), "joints_2d": seen(bodies), "facts": {"Person": "one"}}
    return Candidate("hypotheses", held, 4, label="100 poses", metrics={"spread_mm": 12.5})


def pose(size: tuple[int, int] = (400, 400)) -> PoseSubject:
    return PoseSubject(
        seen(standing()), np.ones(17), np.full(17, 6.0), np.zeros(17, bool), (80, 80, 240, 240), size
    )  # fmt: skip


@pytest.fixture
def document(service: JobService) -> Iterator[PoseDocument]:
    """In place of the photo of the other panels' tests."""
    made = PoseDocument(ImageSubject(np.full((400, 400, 3), 90, np.uint8)), pose())
    yield made
    service.release(made)
    made.close()


class Heard:
    """What a panel tells of bodies."""

    def __init__(self, panel: CandidatesPanel) -> None:
        self.shown: list[tuple[Any, Any]] = []
        self.kept: list[tuple[Any, Any]] = []
        self.candidates: list[Any] = []
        self.exported: list[tuple[Any, Any]] = []
        panel.body_shown.connect(lambda *what: self.shown.append(what))
        panel.body_kept.connect(lambda *what: self.kept.append(what))
        panel.candidate_shown.connect(self.candidates.append)
        panel.export_requested.connect(lambda *what: self.exported.append(what))


def cell(panel: CandidatesPanel, row: int) -> QPoint:
    view = panel.gallery
    return view.visualRect(view.gallery.index(row)).center()


def test_each_body_that_stands_for_others_has_a_cell(
    candidates: CandidatesPanel, document: PoseDocument
) -> None:
    document.add_candidate(fan())
    rows = candidates.gallery.gallery.rows
    assert [row.part.caption for row in rows] == ["70 %", "30 %"]
    held = Hypotheses.read(document.candidates[0].result)
    heights = [held.poses[row.part.index, WRIST, 1] for row in rows if row.part.index is not None]
    assert heights == [-490, -990]
    model = candidates.gallery.gallery
    told = model.data(model.index(1), Qt.ItemDataRole.ToolTipRole)
    assert "30.0 % of all weight" in told
    assert model.thumbnail(0) != model.thumbnail(1)


def test_a_click_chooses_a_body_and_enter_asks_to_keep_it(
    candidates: CandidatesPanel, document: PoseDocument, qtbot: QtBot
) -> None:
    heard = Heard(candidates)
    document.add_candidate(fan())
    (answer,) = document.candidates
    first, second = (row.part.index for row in candidates.gallery.gallery.rows)
    view = candidates.gallery
    qtbot.waitUntil(lambda: view.visualRect(view.gallery.index(1)).width() > 60)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=cell(candidates, 1))
    assert heard.shown == [(answer, second)]
    assert candidates.keep_button.isEnabled()
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert heard.shown[-1] == (answer, first)
    assert heard.candidates == [answer]
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert heard.kept == [(answer, first)]
    qtbot.mouseClick(candidates.keep_button, Qt.MouseButton.LeftButton)
    assert heard.kept == [(answer, first)] * 2
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert heard.shown[-1] == (None, None)
    assert heard.candidates[-1] is None
    assert candidates.bodies_card.isHidden()
    assert not candidates.keep_button.isEnabled()


def test_a_body_kept_from_the_gallery_is_one_step_back(
    candidates: CandidatesPanel, document: PoseDocument
) -> None:
    document.add_candidate(fan())
    candidates.body_kept.connect(
        lambda answer, number: document.keep_body(fan_of(answer).hypotheses.poses[number], "Keep body")
    )
    candidates.show_next()
    candidates.show_next()
    candidates.keep_shown()
    assert document.body is not None
    assert document.body[WRIST, 1] == -990
    document.undo()
    assert document.body is None


def test_next_and_previous_step_through_the_bodies_of_all_answers(
    candidates: CandidatesPanel, document: PoseDocument
) -> None:
    document.add_candidate(fan())
    document.add_candidate(fan())
    heard = Heard(candidates)
    for _ in range(5):
        candidates.show_next()
    numbers = [document.candidates.index(answer) for answer, _ in heard.shown]
    assert numbers == [0, 0, 1, 1, 0]
    assert len(heard.candidates) == 3


def test_a_hypothesis_chosen_elsewhere_picks_the_body_that_stands_for_it(
    candidates: CandidatesPanel, document: PoseDocument
) -> None:
    document.add_candidate(fan())
    (answer,) = document.candidates
    first, second = (row.part.index for row in candidates.gallery.gallery.rows)
    candidates.choose_body(answer, 8)
    assert candidates.chosen_body() == second
    candidates.choose_body(answer, 0)
    assert candidates.chosen_body() == first


def test_letting_answers_go_tells_that_no_body_shows(
    candidates: CandidatesPanel, document: PoseDocument
) -> None:
    heard = Heard(candidates)
    document.add_candidate(fan())
    candidates.show_next()
    document.clear_candidates()
    assert heard.shown[-1] == (None, None)
    assert candidates.chosen_body() is None


def test_the_card_tells_where_bodies_differ_and_what_was_painted(
    candidates: CandidatesPanel, document: PoseDocument
) -> None:
    x, y = (round(place) for place in document.pose.joints[WRIST])
    session = document.begin_mask_edit("Brush stroke")
    box = Box(x - 12, y - 12, 24, 24)
    session.touch(box)
    document.mask.data[box.slices] = 255
    session.changed(box)
    session.commit()
    document.add_candidate(fan())
    candidates.show_next()
    card = candidates.bodies_card
    assert not card.isHidden()
    assert card._title.text() == "100 bodies: 2 stand for all"
    assert "70 %" in card._chosen.text()
    rows = card.bars.rows
    assert [(joint_words(row.joint), row.painted) for row in rows[:2]] == [
        ("Left wrist", True), ("Left elbow", False)
    ]  # fmt: skip
    places = Hypotheses.read(document.candidates[0].result).poses[:, WRIST]
    assert rows[0].millimetres == pytest.approx(np.sqrt(np.var(places, axis=0).sum()), rel=1e-4)
    assert rows[2].millimetres == pytest.approx(0, abs=1e-3)
    before = card.bars.height()
    card.unfold.setChecked(True)
    QApplication.processEvents()
    assert len(card.bars.rows) == 16
    assert card.bars.height() > before
    assert not card._facts.isHidden()


def test_what_is_no_set_of_hypotheses_is_told_and_cannot_be_kept(
    candidates: CandidatesPanel, document: PoseDocument
) -> None:
    document.add_candidate(Candidate("hypotheses", {"poses": 1}, 0))
    candidates.show_next()
    assert "lack one of" in candidates.bodies_card._title.text()
    assert not candidates.bodies_card.export_button.isEnabled()
    assert candidates.cannot_keep() is not None


def test_the_card_asks_for_a_file_of_the_chosen_body(
    candidates: CandidatesPanel, document: PoseDocument, qtbot: QtBot
) -> None:
    heard = Heard(candidates)
    document.add_candidate(fan())
    candidates.show_previous()
    qtbot.mouseClick(candidates.bodies_card.export_button, Qt.MouseButton.LeftButton)
    assert heard.exported == [(document.candidates[0], candidates.gallery.gallery.rows[1].part.index)]


def pixels_like(image: QImage, colour: QColor) -> list[QPoint]:
    return [
        QPoint(x, y)
        for x in range(image.width())
        for y in range(image.height())
        if all(
            abs(a - b) < 12
            for a, b in zip(image.pixelColor(x, y).getRgb()[:3], colour.getRgb()[:3], strict=True)
        )
    ]


@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_figure_has_the_hues_of_left_and_right_on_their_sides(name: str, qapp: QApplication) -> None:
    theme.apply(qapp, name)
    try:
        body = standing()
        image = body_picture(body, framing(body[None]), QSize(120, 150))
        # Who looks into the camera has the left on the right of the picture.
        for hue, side in ((pose_hues().left, 1), (pose_hues().right, -1)):
            found = pixels_like(image, QColor(hue))
            assert len(found) > 30
            assert all((point.x() - 60) * side > -3 for point in found)
        assert image.pixelColor(2, 2) == theme.current().colour("raised")
    finally:
        theme.apply(qapp, "dark")


def test_figures_in_one_frame_can_be_compared() -> None:
    body = standing()
    frame = framing(np.stack([body, 0.5 * body]))
    heights = []
    for each in (body, 0.5 * body):
        image = body_picture(each, frame, QSize(120, 150))
        background = image.pixelColor(0, 0)
        used = [y for y in range(150) if any(image.pixelColor(x, y) != background for x in range(120))]
        heights.append(used[-1] - used[0])
    assert heights[0] > 110
    assert heights[1] == pytest.approx(heights[0] / 2, abs=6)


def test_joints_are_sorted_by_how_far_they_may_be() -> None:
    spread = np.arange(17, dtype=float)
    spread[3] = 40
    rows = widest_first(spread, np.arange(17) == 3)
    assert [row.joint for row in rows[:3]] == [3, 16, 15]
    assert [row.painted for row in rows[:2]] == [True, False]
    assert len(rows) == 16


# --- files --------------------------------------------------------------------------------------


@pytest.fixture
def posed(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> MainWindow:
    """A window in which a pose is open."""
    save_pose(pose(), tmp_path / "dancer.json", "openpose-25")
    window.opening.open_paths([tmp_path / "dancer.json"])
    qtbot.waitUntil(lambda: isinstance(window.document, PoseDocument), timeout=WAIT)
    window.engines.start()
    return window


def export(window: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, path: Path, title: str) -> str:
    """Ask for a file of a kind; what the banner then says."""
    number = [form.title for form in FORMS].index(title)
    monkeypatch.setattr(dialogs, "ask_kind", lambda *_: (path, number))
    heard: list[str] = []
    monkeypatch.setattr(window.banner, "tell", lambda text, **_: heard.append(text))
    window.registry.run("candidate.export")
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT)
    return heard[-1]


def show(window: MainWindow, candidate: Candidate, row: int) -> int:
    document, panel = window.document, window.engines.candidates_panel
    assert document is not None
    assert panel is not None
    document.add_candidate(candidate)
    panel.gallery.pick(row)
    chosen = panel.chosen_body()
    assert chosen is not None
    return chosen


def test_the_chosen_body_becomes_a_motion_file_with_its_own_bones(
    posed: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, tmp_path: Path
) -> None:
    sizes = np.linspace(0.9, 1.1, 100)
    answer = fan(sizes)
    chosen = show(posed, answer, 1)
    held = Hypotheses.read(answer.result)
    said = export(posed, monkeypatch, qtbot, tmp_path / "one.bvh", "BVH, this body")
    assert said == "Exported “one.bvh”."
    motion = read_bvh(tmp_path / "one.bvh")
    assert motion.total == 1
    assert np.abs(to_body(motion, "")[0] - held.poses[chosen] * [1, -1, -1]).max() < 0.05
    said = export(posed, monkeypatch, qtbot, tmp_path / "all.bvh", "BVH, all as frames")
    bodies = to_body(read_bvh(tmp_path / "all.bvh"), "")
    assert len(bodies) == 100
    mean, most = motion_error(held)
    assert f"{mean:.0f} mm off on average, {most:.0f} mm at most" in said
    off = np.linalg.norm(bodies - held.poses * [1, -1, -1], axis=2)
    assert off.mean() == pytest.approx(mean, abs=0.1)


@pytest.mark.parametrize("title", [form.title for form in FORMS])
def test_every_kind_of_file_is_written_from_the_window(
    title: str, posed: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, tmp_path: Path
) -> None:
    answer = fan()
    chosen = show(posed, answer, 1)
    form = next(form for form in FORMS if form.title == title)
    path = tmp_path / f"bodies{form.suffix}"
    said = export(posed, monkeypatch, qtbot, path, title)
    assert said.startswith(f"Exported “{path.name}”.")
    held = Hypotheses.read(answer.result)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as written:
            assert np.array_equal(written["poses"], held.poses)
    elif path.suffix == ".bvh":
        assert read_bvh(path).total == (100 if "all" in title else 1)
    elif path.suffix == ".glb":
        data = path.read_bytes()
        nodes = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])["nodes"]
        assert set(JOINTS) <= {node["name"] for node in nodes}
    else:
        told = json.loads(path.read_text())
        if "poses" in told:
            assert np.allclose(told["poses"], held.poses, atol=1e-3)
            return
        coco = "annotations" in told
        assert coco == (form.suffix == ".coco.json")
        numbers = told["annotations"][0]["keypoints"] if coco else told["people"][0]["pose_keypoints_2d"]
        wrist = np.reshape(numbers, (-1, 3))[FORMATS["coco" if coco else "openpose-25"].index("left_wrist")]
        assert np.allclose(wrist[:2], held.joints_2d[chosen, WRIST], atol=1e-3)


def test_with_no_answer_chosen_the_body_that_was_kept_is_written(
    posed: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, tmp_path: Path
) -> None:
    document = posed.document
    assert isinstance(document, PoseDocument)
    assert posed.engines.cannot_export() is not None
    body = standing() * np.float32(1.05)
    document.keep_body(body, "Keep body")
    assert posed.engines.cannot_export() is None
    export(posed, monkeypatch, qtbot, tmp_path / "kept.bvh", "BVH, this body")
    (back,) = to_body(read_bvh(tmp_path / "kept.bvh"), "")
    assert np.abs(back - body * [1, -1, -1]).max() < 0.05
    lengths = np.linalg.norm(back[1:] - back[list(PARENTS[1:])], axis=1)
    wanted = np.linalg.norm(body[1:] - body[list(PARENTS[1:])], axis=1)
    assert np.allclose(lengths, wanted, atol=0.05)


def test_a_kept_body_is_found_among_the_hypotheses_it_came_with(
    posed: MainWindow, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, tmp_path: Path
) -> None:
    document, answer = posed.document, fan()
    assert isinstance(document, PoseDocument)
    document.add_candidate(answer)
    document.keep_body(answer.result["poses"][8], "Keep body")
    export(posed, monkeypatch, qtbot, tmp_path / "kept.coco.json", "COCO JSON, this body")
    numbers = json.loads((tmp_path / "kept.coco.json").read_text())["annotations"][0]["keypoints"]
    wrist = np.reshape(numbers, (-1, 3))[FORMATS["coco"].index("left_wrist")]
    assert np.allclose(wrist[:2], answer.result["joints_2d"][8, WRIST], atol=1e-3)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("arms", ("arms.bvh", "arms.coco.json")),
        ("v1.5-arms", ("v1-5-arms.bvh", "v1-5-arms.coco.json")),
    ],
)
def test_a_name_without_a_suffix_gets_that_of_the_chosen_kind(
    typed: str, expected: tuple[str, str], window: MainWindow, tmp_path: Path
) -> None:
    kinds = [("BVH, all", ".bvh"), ("COCO, one", ".coco.json")]

    def answer(kind: int) -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QFileDialog)
        chosen = dialog.nameFilters()[kind]
        dialog.selectNameFilter(chosen)
        dialog.filterSelected.emit(chosen)
        dialog.accept()

    for kind in (0, 1):
        QTimer.singleShot(200, partial(answer, kind))
        asked = dialogs.ask_kind(window, "Export", tmp_path / typed, kinds)
        assert asked == (tmp_path / expected[kind], kind)
