"""The journal of a scene while it is open, and what a crash left of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maskengines.projects.journal import Identity
from maskengines.projects.scene_journal import SceneAutosave, SceneJournal, SceneLeftover
from maskengines.projects.scene_state import SceneState
from PySide6.QtCore import QObject, QTimer

from maskstudio.documents.left_behind import LeftBehind
from maskstudio.documents.scene_document import SceneDocument

DELAY_MS = 300


class SceneKeeper(QObject):
    """Looks at a scene a moment after it changed, and has what is not saved written to a journal under
    ``root``; ``journal`` is a recovered one to go on with."""

    def __init__(self, document: SceneDocument, root: Path, journal: SceneJournal | None = None) -> None:
        super().__init__(document)
        self._document = document

        def identity() -> Identity:
            return Identity(document.title, document.path, document.source_path)

        self.autosave = SceneAutosave(root, identity, journal)
        self._kept = journal is not None
        self._later = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._later.timeout.connect(self.look)
        document.scene_changed.connect(self._soon)
        document.paint.changed.connect(self._soon)
        document.state_changed.connect(self._soon)
        document.keeper = self

    def _soon(self, *_: object) -> None:
        if not self._later.isActive():
            self._later.start()

    def look(self) -> None:
        """Have the scene written as it is now, or the journal dropped where nothing would be lost."""
        document = self._document
        if document.modified or document.editing:
            self._kept = True
            self.autosave.changed(document.scene_state())
        elif self._kept:
            self._kept = False
            self.autosave.saved()

    def close(self) -> None:
        """The scene is being closed: nobody needs its journal."""
        self._later.stop()
        self.autosave.close()


@dataclass(frozen=True, eq=False)
class RecoveredScene:
    """What was read of a journal, in any thread; `make` turns it into a document in the GUI thread."""

    state: SceneState
    identity: Identity
    journal: SceneJournal
    notes: tuple[str, ...]

    def make(self) -> SceneDocument:
        """The scene, unsaved, going on with the journal that it came from."""
        document = SceneDocument.from_scene(
            self.state, path=self.identity.path, source_path=self.identity.source_path
        )
        SceneKeeper(document, self.journal.folder.parent, self.journal)
        document.mark_unsaved()
        return document


class RecoverableScene(LeftBehind[SceneLeftover]):
    """A scene with work that a studio left when it ended unexpectedly."""

    def read(self) -> RecoveredScene:
        """Take the journal over and read it; safe in any thread.

        Raises:
            BadInput: another studio took it meanwhile, or it is damaged; it then stays where it is.
        """
        state, notes, journal = self.leftover.recover()
        return RecoveredScene(state, self.leftover.identity, journal, notes)

    def discard(self) -> None:
        """Delete it for good."""
        self.leftover.discard()
