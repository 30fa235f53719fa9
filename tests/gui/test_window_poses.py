"""A pose in the window: what is beside the photo, what the menu does, and what follows the hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from maskengines.contract import Candidate
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.joints import Joints, pose_from_candidate
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import save_image
from maskengines.subjects.pose_files import save_pose
from maskengines.subjects.pose_skeleton import INDEX
from maskengines.subjects.pose_template import template_pose
from maskstudio.canvas.fan_view import FanView
from maskstudio.documents.pose_document import PoseDocument
from maskstudio.window import dialogs
from maskstudio.window.main_window import MainWindow
from maskstudio.window.pose_view import PoseView
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSplitter
from pytestqt.qtbot import QtBot
from somebody import coco_file

WAIT = 90_000
WRIST = INDEX["LWrist"]


def bodies(count: int = 12, seed: int = 0) -> Candidate:
    rng = np.random.default_rng(seed)
    poses = rng.normal(0, 300, (count, 17, 3)).astype(np.float32)
    poses -= poses[:, :1]
    seen = rng.uniform(0, 300, (count, 17, 2)).astype(np.float32)
    held = Hypotheses(poses, np.full(count, 1 / count, np.float32), seen)
    return Candidate("hypotheses", held.to_plain(), seed, f"{count} poses")


@pytest.fixture
def posed(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> PoseView:
    window.opening.open_paths([coco_file(tmp_path / "joints.json")])
    qtbot.waitUntil(lambda: window.poses.front is not None, timeout=60_000)
    assert window.poses.front is not None
    return window.poses.front


@pytest.fixture
def asking(window: MainWindow, posed: PoseView, qtbot: QtBot) -> PoseView:
    """With its panels, and nothing that follows the hand."""
    window.after_first_paint()
    service = window.engines.service
    panel = window.engines.engine_panel
    assert service is not None
    assert panel is not None
    panel.set_live(False)
    qtbot.waitUntil(lambda: service.ready, timeout=60_000)
    return posed


def front(window: MainWindow) -> PoseDocument:
    assert isinstance(window.document, PoseDocument)
    return window.document


def test_a_pose_shows_beside_its_photo_and_a_photo_alone(
    window: MainWindow, posed: PoseView, qtbot: QtBot, tmp_path: Path
) -> None:
    view = window.view
    assert view is not None
    assert isinstance(view.beside, FanView)
    assert isinstance(view.beside.parentWidget(), QSplitter)
    widths = view.canvas.width() if view.canvas else 0, view.beside.width()
    assert min(widths) > 0.8 * max(widths)
    save_image(ImageSubject(np.zeros((80, 90, 3), np.uint8)), tmp_path / "a.png")
    window.registry.run("tool.joints")
    assert window.tools.chosen == "tool.joints"
    window.opening.open_paths([tmp_path / "a.png"])
    qtbot.waitUntil(lambda: window.document is not None and window.document.kind == "image", timeout=60_000)
    assert window.view is not None
    assert window.view.beside is None
    assert window.tools.chosen == "tool.brush"
    assert window.registry["tool.joints"].reason is not None
    assert "New pose on this photo" in (window.registry["pose.mirror"].reason or "")


def test_a_pose_is_dropped_on_the_photo_in_front(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    save_image(ImageSubject(np.zeros((300, 200, 3), np.uint8)), tmp_path / "a.png")
    window.opening.open_paths([tmp_path / "a.png"])
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    window.registry.run("pose.new")
    document = front(window)
    assert document.title == "Pose on a.png"
    assert document.pose.size == (200, 300)
    assert ((document.pose.joints > 0) & (document.pose.joints < (200, 300))).all()
    assert window.tools.chosen == "tool.joints"
    assert len(window.views) == 2
    assert not document.modified


def test_a_pose_on_a_photo_knows_which(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_image(ImageSubject(np.zeros((300, 200, 3), np.uint8)), tmp_path / "a.png")
    window.opening.open_paths([tmp_path / "a.png"])
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    window.registry.run("pose.new")
    window.registry.run("pose.preset.arms-raised")
    document = front(window)
    save_pose(document.pose, tmp_path / "a.json", "coco")
    (image,) = json.loads((tmp_path / "a.json").read_text())["images"]
    assert image["file_name"] == "a.png"
    asked: list[Path] = []
    monkeypatch.setattr(dialogs, "ask_save", lambda _w, _t, proposal, _f: asked.append(proposal))
    window.registry.run("file.save")
    assert asked == [tmp_path / "a-pose.ora"]
    window.registry.run("pose.new")
    assert front(window) is not document
    assert front(window).pose.photo == str(tmp_path / "a.png")


def test_what_the_pose_menu_does_can_be_undone(window: MainWindow, posed: PoseView) -> None:
    document, run = front(window), window.registry.run
    start = document.pose
    document.change_pose(start.with_joint(WRIST, 280, 60), "Move")
    run("pose.mirror")
    assert tuple(document.pose.joints[INDEX["RWrist"]]) == pytest.approx((120, 60))
    assert document.undo_stack.undoText() == "Mirror pose"
    run("pose.preset.arms-raised")
    assert document.pose.joints[WRIST, 1] < document.pose.joints[INDEX["Nose"], 1]
    assert window.registry["pose.evidence"].reason is not None
    posed.fan.joint_selected.emit("LWrist")
    run("pose.evidence")
    assert document.pose.missing[WRIST]
    run("pose.evidence")
    assert not document.pose.missing[WRIST]
    assert window.registry["pose.unpin"].reason is not None
    document.change_pins({"LWrist": (1, 2, 3)}, "Pin")
    run("pose.unpin")
    assert not document.pins
    while document.undo_stack.canUndo():
        document.undo()
    assert document.pose.content_hash == start.content_hash
    assert not document.modified


def test_mirroring_takes_pins_body_and_paint_along_in_one_step(window: MainWindow, posed: PoseView) -> None:
    document = front(window)
    document.change_pins({"LWrist": (120, -80, 40)}, "Pin")
    body = bodies().result["poses"][0]
    document.keep_body(body, "Keep")
    x, y = document.pose.joints[WRIST].astype(int)
    mask = np.zeros(document.mask.shape, np.uint8)
    mask[y - 6 : y + 7, x - 6 : x + 7] = 255
    document.replace_mask(mask, "Brush stroke")
    start, steps, asked = document.work, document.undo_stack.count(), document.painted()[1]
    assert asked[WRIST] == 255
    window.registry.run("pose.mirror")
    assert document.undo_stack.count() == steps + 1
    assert document.pins == {"RWrist": (-120, -80, 40)}
    np.testing.assert_allclose(document.body[INDEX["RWrist"]], body[WRIST] * (-1, 1, 1))
    assert document.painted()[1][INDEX["RWrist"]] == 255
    assert document.painted()[1][WRIST] == asked[INDEX["RWrist"]]
    document.undo()
    assert document.work.equals(start)
    np.testing.assert_array_equal(document.mask.data, mask)
    np.testing.assert_array_equal(document.painted()[1], asked)
    document.redo()
    assert document.pins == {"RWrist": (-120, -80, 40)}
    assert not np.array_equal(document.mask.data, mask)


def test_a_joint_is_dragged_in_the_photo_with_its_tool(window: MainWindow, posed: PoseView) -> None:
    window.registry.run("tool.joints")
    canvas, document = window.look.canvas, front(window)
    assert canvas is not None
    before = document.pose.joints[WRIST]
    at = canvas.to_widget(*before.tolist()).toPoint()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(canvas, at + QPoint(10, -8))
    QTest.mouseMove(canvas, at + QPoint(30, -20))
    moved = document.pose.joints[WRIST]
    assert moved[0] > before[0]
    assert document.undo_stack.count() == 0
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at + QPoint(30, -20))
    assert document.undo_stack.undoText() == "Move LWrist"
    assert posed.joint == "LWrist"
    document.undo()
    assert tuple(document.pose.joints[WRIST]) == tuple(before)


def test_a_joint_dragged_in_3d_is_pinned_by_one_step_and_escape_takes_it_back(
    window: MainWindow, posed: PoseView
) -> None:
    document = front(window)
    posed.fan.joint_dragged.emit("LWrist", (100.0, -200.0, 0.0))
    posed.fan.joint_dragged.emit("LWrist", (150.0, -220.0, 10.0))
    assert document.pins["LWrist"] == (150.0, -220.0, 10.0)
    assert document.question_mark() != 0
    posed.fan.drag_cancelled.emit("LWrist")
    assert not document.pins
    posed.fan.joint_dragged.emit("LWrist", (100.0, -200.0, 0.0))
    posed.fan.drag_finished.emit("LWrist", (160.0, -200.0, 0.0))
    assert document.undo_stack.count() == 1
    posed.fan.pin_wanted.emit("Head", (0.0, -600.0, 20.0))
    posed.fan.pin_wanted.emit("LWrist", None)
    assert set(document.pins) == {"Head"}
    for _ in range(3):
        document.undo()
    assert not document.pins


def test_a_body_picked_in_the_gallery_shows_everywhere_and_enter_keeps_it(
    window: MainWindow, asking: PoseView
) -> None:
    document, candidate = front(window), bodies()
    document.add_candidate(candidate)
    assert window.registry["candidate.keep"].reason is not None
    window.registry.run("candidate.next")
    panel = window.engines.candidates_panel
    assert panel is not None
    index = panel.chosen_body()
    assert index is not None
    np.testing.assert_array_equal(asking.fan.strong, candidate.result["poses"][index])
    window.registry.run("candidate.keep")
    assert document.body is not None
    np.testing.assert_array_equal(document.body, candidate.result["poses"][index])
    assert window.engines.shown is candidate
    assert document.candidates == [candidate]
    document.change_pins({"LWrist": (1, 2, 3)}, "Pin")
    assert window.engines.shown is None
    assert asking.fan.strong is not None
    np.testing.assert_array_equal(asking.fan.strong, document.body)
    document.undo()
    document.undo()
    assert document.body is None


def test_a_body_that_was_picked_is_let_go_of_when_another_tab_comes(
    window: MainWindow, asking: PoseView
) -> None:
    document, view = front(window), window.view
    assert view is not None
    document.add_candidate(bodies())
    window.registry.run("candidate.next")
    assert asking.fan.strong is not None
    window.poses.new_on_blank()
    assert front(window) is not document
    window.show_view(view)
    assert window.engines.shown is None
    assert asking.fan.strong is None, "as the gallery, which shows none"


def test_what_follows_the_hand_keeps_one_body_solid_and_can_be_kept(
    window: MainWindow, asking: PoseView
) -> None:
    service, document = window.engines.service, front(window)
    assert service is not None
    live = service.asker(document).live
    panel = window.engines.candidates_panel
    assert panel is not None
    assert not panel.keep_button.isEnabled()
    assert window.registry["candidate.keep"].reason is not None
    first, second = bodies(seed=1), bodies(seed=2)
    live.readout.emit(first)
    followed = asking.shown_body
    assert followed is not None
    index = int((first.result["poses"] == followed).all(axis=(1, 2)).argmax())
    live.readout.emit(second)
    np.testing.assert_array_equal(asking.shown_body, second.result["poses"][index])
    window.registry.run("candidate.keep")
    np.testing.assert_array_equal(document.body, second.result["poses"][index])
    live.readout.emit(first)
    QTest.mouseClick(panel.keep_button, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(document.body, followed)
    assert document.undo_stack.count() == 2
    live.readout.emit(None)
    assert asking.shown_body is None
    assert not panel.keep_button.isEnabled()
    assert window.registry["candidate.keep"].reason is not None


def test_the_keep_button_goes_with_enter_whatever_is_shown(window: MainWindow, asking: PoseView) -> None:
    service, document, panel = window.engines.service, front(window), window.engines.candidates_panel
    assert service is not None
    assert panel is not None
    service.asker(document).live.readout.emit(bodies(seed=1))
    document.add_candidate(bodies(seed=2))
    window.registry.run("candidate.next")
    picked = panel.chosen_body()
    assert picked is not None
    assert "this body" in panel.keep_button.toolTip()
    panel.gallery.pick(-1)
    assert panel.chosen_body() is None
    assert "follows the hand" in panel.keep_button.toolTip()
    followed = asking.shown_body
    assert followed is not None
    QTest.mouseClick(panel.keep_button, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(document.body, followed)
    window.engines.follow(None)
    assert not panel.keep_button.isEnabled()


def test_paint_drag_and_run_with_the_real_engine(window: MainWindow, posed: PoseView, qtbot: QtBot) -> None:
    """One question from its first preview to bodies that a person keeps."""
    window.after_first_paint()
    document = front(window)
    said: list[Any] = []
    qtbot.waitUntil(lambda: window.engines.asker is not None, timeout=60_000)
    asker = window.engines.asker
    assert asker is not None
    asker.live.readout.connect(said.append)
    asker.failed.connect(said.append)
    qtbot.waitUntil(lambda: posed.shown_body is not None, timeout=WAIT)
    assert Hypotheses.read(said[-1].result).poses.shape == (20, 17, 3)
    before = Hypotheses.read(said[-1].result).joints_2d[:, WRIST].mean(axis=0)
    edit = document.begin_pose_edit("Move")
    edit.show(document.pose.with_joint(WRIST, 270, 60))
    told = len(said)
    qtbot.waitUntil(lambda: len(said) > told, timeout=WAIT)
    after = Hypotheses.read(said[-1].result).joints_2d[:, WRIST].mean(axis=0)
    assert after[1] < before[1] - 30
    edit.commit()
    document.change_pins({"RWrist": (-200.0, -500.0, -100.0)}, "Pin RWrist")

    def pinned() -> bool:
        held = Hypotheses.read(said[-1].result)
        return bool(np.allclose(held.poses[:, INDEX["RWrist"]], (-200, -500, -100), atol=0.1))

    qtbot.waitUntil(pinned, timeout=WAIT)
    panel = window.engines.engine_panel
    assert panel is not None
    assert panel.engine is not None
    assert panel.engine.info.id == "diffpose"
    window.registry.run("engine.run")
    qtbot.waitUntil(lambda: bool(document.candidates), timeout=WAIT)
    (answer,) = document.candidates
    assert len(answer.result["poses"]) == 200
    assert answer.provenance is not None
    assert answer.provenance.params["pins"] == {"RWrist": [-200.0, -500.0, -100.0]}
    np.testing.assert_allclose(
        answer.result["poses"][:, INDEX["RWrist"]], np.tile((-200, -500, -100), (200, 1)), atol=0.1
    )
    assert window.engines.shown is answer


def found(window: MainWindow) -> Candidate:
    """What a detector would say of the photo in front."""
    assert window.document is not None
    subject = window.document.subject
    pose = template_pose((subject.width, subject.height), (60, 40, 90, 220))
    return Candidate("joints", Joints(pose).to_plain(), 0, "person")


def test_joints_that_were_found_open_as_a_pose_on_their_photo(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    save_image(ImageSubject(np.zeros((300, 200, 3), np.uint8)), tmp_path / "a.png")
    window.opening.open_paths([tmp_path / "a.png"])
    window.after_first_paint()
    qtbot.waitUntil(lambda: window.document is not None, timeout=60_000)
    assert window.document is not None
    assert window.engines.candidates_panel is not None
    candidate = found(window)
    window.document.add_candidate(candidate)
    window.engines.candidates_panel.gallery.pick(0)
    assert window.registry["candidate.export"].reason is None
    window.registry.run("candidate.keep")
    document = front(window)
    assert np.allclose(document.pose.joints, pose_from_candidate(candidate).joints)
    assert document.pose.photo == str(tmp_path / "a.png")
    assert len(window.views) == 2


def test_joints_that_were_found_anew_move_the_pose_in_front(window: MainWindow, asking: PoseView) -> None:
    document = front(window)
    before = document.pose
    assert window.engines.candidates_panel is not None
    candidate = found(window)
    document.add_candidate(candidate)
    window.engines.candidates_panel.gallery.pick(0)
    window.registry.run("candidate.keep")
    assert np.allclose(document.pose.joints, pose_from_candidate(candidate).joints)
    assert len(window.views) == 1
    document.undo()
    assert np.array_equal(document.pose.joints, before.joints)
