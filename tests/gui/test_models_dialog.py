"""A user looks after models in the window."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from local_hub import LocalHub, Repository, local_hub, pipeline_files, weights, write_files
from maskengines.weights.store import ModelStore
from maskengines.weights.store.catalogue import suggestions
from maskengines.weights.store.offline import is_offline
from maskengines.weights.store.pulling import Offer
from maskengines.weights.store.settings import set_offline
from maskstudio.window import model_questions
from maskstudio.window.main_window import MainWindow
from maskstudio.window.models_dialog import ModelsDialog
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

NAME = "painters/inpainting"
UNET = "unet/diffusion_pytorch_model.fp16.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    for name in ("MASKSTUDIO_OFFLINE", "HF_HUB_OFFLINE", "MASKSTUDIO_MODELS", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with local_hub() as listening:
        monkeypatch.setenv("HF_ENDPOINT", listening.address)
        listening.repositories[NAME] = Repository(pipeline_files())
        yield listening


@pytest.fixture
def dialog(window: MainWindow, hub: LocalHub, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> ModelsDialog:
    """The dialog, opened from the menu; licences are agreed to."""
    monkeypatch.setattr(model_questions, "ask_licence", lambda parent, offer: True)
    assert window.registry.run("tools.models")
    shown = window.models.dialog
    qtbot.waitUntil(lambda: bool(shown.place.text()))
    return shown


def ids(dialog: ModelsDialog) -> dict[str, str]:
    """Kind of each row, by its model."""
    items = [dialog.installed.topLevelItem(row) for row in range(dialog.installed.topLevelItemCount())]
    return {item.text(0): item.text(1) for item in items if item is not None}


def fetch(dialog: ModelsDialog, name: str = NAME) -> None:
    dialog.name.setText(name)
    QTest.mouseClick(dialog.pull_button, Qt.MouseButton.LeftButton)
    assert dialog.bar.isVisible()


def ended(qtbot: QtBot, dialog: ModelsDialog) -> None:
    """Wait for the errand, and for the list to be read anew."""
    qtbot.waitUntil(lambda: not dialog.bar.isVisible(), timeout=20_000)
    qtbot.waitUntil(lambda: dialog._background.busy == 0)


def test_a_model_is_fetched_by_its_id(dialog: ModelsDialog, qtbot: QtBot) -> None:
    assert ids(dialog) == {}
    fetch(dialog)
    ended(qtbot, dialog)
    assert ids(dialog) == {NAME: "diffusers pipeline"}
    assert "201 kB" in dialog.news.text()
    assert ModelStore().resolve(NAME).is_dir()


def test_the_window_goes_on_while_a_server_is_silent_and_cancel_ends_it(
    dialog: ModelsDialog, window: MainWindow, hub: LocalHub, qtbot: QtBot
) -> None:
    hub.silent.set()
    fetch(dialog)
    qtbot.waitUntil(lambda: len(hub.fetched(UNET)) == 1, timeout=20_000)
    qtbot.waitUntil(lambda: any(part.stat().st_size for part in ModelStore().folder.rglob("*.part")))
    qtbot.waitUntil(lambda: " of 201 kB" in dialog.state.text())
    assert not dialog.pull_button.isEnabled()
    assert "wait for it" in dialog.pull_button.toolTip()
    dialog.name.clear()
    QTest.keyClicks(dialog.name, "typed meanwhile")
    assert dialog.name.text() == "typed meanwhile"
    QTest.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    ended(qtbot, dialog)
    assert dialog.news.text().startswith("Cancelled")
    assert ids(dialog) == {NAME: "not finished"}
    assert ModelStore().installed() == []
    hub.silent.clear()
    fetch(dialog)
    ended(qtbot, dialog)
    assert ids(dialog) == {NAME: "diffusers pipeline"}
    assert hub.fetched(UNET)[-1].startswith("bytes=")


def test_a_licence_that_is_declined_fetches_nothing(
    dialog: ModelsDialog, hub: LocalHub, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Offer, bool]] = []

    def decline(parent: object, offer: Offer) -> bool:
        asked.append((offer, threading.current_thread() is threading.main_thread()))
        return False

    monkeypatch.setattr(model_questions, "ask_licence", decline)
    fetch(dialog)
    ended(qtbot, dialog)
    ((offer, in_gui_thread),) = asked
    assert in_gui_thread
    assert offer.bytes > 200_000
    assert "licence" in dialog.news.text()
    assert hub.fetched(UNET) == []
    assert ids(dialog) == {}


def test_the_licence_is_shown_and_declining_is_the_default(dialog: ModelsDialog, qtbot: QtBot) -> None:
    offer = ModelStore().offer(NAME)
    question = model_questions.LicenceDialog(offer, dialog)
    qtbot.addWidget(question)
    assert "may not cheat" in question.text.toPlainText()
    question.show()
    QTest.keyClick(question, Qt.Key.Key_Return)
    assert question.result() == question.DialogCode.Rejected
    question.show()
    QTest.mouseClick(question.agree, Qt.MouseButton.LeftButton)
    assert question.result() == question.DialogCode.Accepted


def test_errors_are_sentences_in_the_dialog(dialog: ModelsDialog, hub: LocalHub, qtbot: QtBot) -> None:
    fetch(dialog, "no/body")
    ended(qtbot, dialog)
    assert "knows no model 'no/body'" in dialog.news.text()
    assert dialog.news.role == "error"
    hub.repositories[NAME].gated = True
    fetch(dialog)
    ended(qtbot, dialog)
    assert "gated" in dialog.news.text()


def test_a_folder_is_imported_and_pickles_are_refused(
    dialog: ModelsDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_files(tmp_path / "shapes", {
        "config.json": b'{"architectures": ["ViTForImageClassification"]}', "model.safetensors": weights(9),
    })  # fmt: skip
    monkeypatch.setattr(model_questions, "ask_folder", lambda parent, start: folder)
    QTest.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)
    ended(qtbot, dialog)
    assert ids(dialog) == {"shapes": "image classifier"}
    pickled = write_files(tmp_path / "old", {"config.json": b"{}", "pytorch_model.bin": b"x"})
    monkeypatch.setattr(model_questions, "ask_folder", lambda parent, start: pickled)
    QTest.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)
    ended(qtbot, dialog)
    assert "any code" in dialog.news.text()
    assert ids(dialog) == {"shapes": "image classifier"}


def test_removing_asks_first(dialog: ModelsDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch(dialog)
    ended(qtbot, dialog)
    assert not dialog.remove_button.isEnabled()
    dialog.installed.choose(NAME)
    questions: list[tuple[str, int]] = []

    def asks(answer: bool) -> Callable[[object, str, int], bool]:
        return lambda parent, name, count: bool(questions.append((name, count))) or answer

    monkeypatch.setattr(model_questions, "ask_remove", asks(False))
    QTest.mouseClick(dialog.remove_button, Qt.MouseButton.LeftButton)
    assert ModelStore().find(NAME) is not None
    monkeypatch.setattr(model_questions, "ask_remove", asks(True))
    QTest.mouseClick(dialog.remove_button, Qt.MouseButton.LeftButton)
    ended(qtbot, dialog)
    assert ids(dialog) == {}
    assert ModelStore().installed() == []
    assert questions[0] == questions[1]
    assert questions[0][1] > 200_000


def test_the_offline_switch_holds_everywhere(dialog: ModelsDialog, hub: LocalHub) -> None:
    dialog.name.setText(NAME)
    dialog.offline.click()
    assert is_offline()
    assert not dialog.pull_button.isEnabled()
    assert "offline" in dialog.pull_button.toolTip()
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    assert not dialog.bar.isVisible()
    assert hub.asked == []
    dialog.offline.click()
    assert not is_offline()
    assert dialog.pull_button.isEnabled()


def test_the_environment_holds_the_switch(
    window: MainWindow, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKSTUDIO_OFFLINE", "1")
    dialog = window.models.show()
    assert dialog.offline.isChecked()
    assert not dialog.offline.isEnabled()
    assert "MASKSTUDIO_OFFLINE" in dialog.offline.toolTip()


def test_suggestions_fetch_nothing_by_themselves(dialog: ModelsDialog, hub: LocalHub) -> None:
    listed = suggestions()
    assert len(listed) >= 4
    for each in listed:
        dialog.suggested.choose(each.id)
        assert dialog.name.text() == each.id
        assert each.use in dialog.about.text()
        assert ("gated" in dialog.about.text().lower()) == each.gated
    assert hub.asked == []


def test_a_fetch_goes_on_while_the_dialog_is_closed(
    dialog: ModelsDialog, window: MainWindow, hub: LocalHub, qtbot: QtBot
) -> None:
    hub.silent.set()
    fetch(dialog)
    qtbot.waitUntil(lambda: len(hub.fetched(UNET)) == 1, timeout=20_000)
    dialog.close()
    hub.silent.clear()
    qtbot.waitUntil(lambda: "is on this machine" in window.banner.text, timeout=20_000)
    window.registry.run("tools.models")
    qtbot.waitUntil(lambda: ids(dialog) == {NAME: "diffusers pipeline"})


def test_a_window_that_closes_stops_its_fetch(
    dialog: ModelsDialog, window: MainWindow, hub: LocalHub, qtbot: QtBot
) -> None:
    hub.silent.set()
    fetch(dialog)
    qtbot.waitUntil(lambda: len(hub.fetched(UNET)) == 1, timeout=20_000)
    window.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "models"]
    assert ModelStore().installed() == []


def test_a_switch_turned_elsewhere_shows_and_escape_closes(dialog: ModelsDialog, window: MainWindow) -> None:
    set_offline(True)
    window.registry.run("tools.models")
    assert dialog.offline.isChecked()
    assert is_offline()
    dialog.name.setFocus()
    QTest.keyClick(dialog.name, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_enter_in_the_field_fetches(dialog: ModelsDialog, qtbot: QtBot) -> None:
    dialog.name.setFocus()
    QTest.keyClicks(dialog.name, NAME)
    QTest.keyClick(dialog.name, Qt.Key.Key_Return)
    ended(qtbot, dialog)
    assert dialog.isVisible()
    assert ids(dialog) == {NAME: "diffusers pipeline"}
