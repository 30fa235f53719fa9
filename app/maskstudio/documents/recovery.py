"""Autosave of open documents, and what a crash left to be recovered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maskengines.projects import journal_reading
from maskengines.projects.autosave import Autosave, Start
from maskengines.projects.journal import Identity
from maskengines.projects.journal_reading import Leftover, Recovered
from maskengines.runtime.paths import data_folder

from maskstudio.documents.document import Document
from maskstudio.documents.left_behind import LeftBehind
from maskstudio.documents.making import make_document

if TYPE_CHECKING:
    from maskstudio.documents.scene_keeping import RecoverableScene


def journal_folder() -> Path:
    """Where journals lie; not created here."""
    return data_folder() / "journal"


def protect(document: Document, start: Start) -> None:
    """Keep a journal of ``document`` from now on. ``start`` says what it is as long as nothing changes.

    Documents made by `opening` are protected already; one that is made from pixels (a paste, a
    sample) is protected with ``Start(document.state())``.
    """

    def identity() -> Identity:
        return Identity(document.title, document.path, document.source_path)

    document.autosave = Autosave(journal_folder(), document.mask, identity, start)


@dataclass(frozen=True, eq=False)
class RecoveredDocument:
    """What was read of a journal, in any thread; `make` turns it into a document in the GUI thread."""

    recovered: Recovered
    notes: tuple[str, ...] = ()

    def make(self) -> Document:
        """The document, unsaved, going on with the journal that it came from."""
        found = self.recovered
        document = make_document(
            found.state, path=found.identity.path, source_path=found.identity.source_path
        )
        protect(document, Start(found.state, None, found.journal))
        document.mark_unsaved()
        return document


class Recoverable(LeftBehind[Leftover]):
    """Work that a studio left when it ended unexpectedly."""

    def read(self) -> RecoveredDocument:
        """Take the journal over and read it; slow for large pictures, and safe in any thread.

        Raises:
            BadInput: another studio took it meanwhile, or it is damaged; it then stays where it is.
        """
        return RecoveredDocument(journal_reading.recover(self.leftover))

    def recover(self) -> Document:
        """Read it and make the document at once; errors as for `read`."""
        return self.read().make()

    def discard(self) -> None:
        """Delete it for good."""
        journal_reading.discard(self.leftover)


def recoverable() -> list[Recoverable | RecoverableScene]:
    """What studios that are gone left behind, newest first. Those still running keep theirs."""
    root = journal_folder()
    found: list[Recoverable | RecoverableScene] = [
        Recoverable(leftover) for leftover in journal_reading.leftovers(root)
    ]
    # Scenes are rare, and what shows them need not be loaded to look for none.
    if root.is_dir() and any(root.glob("scene-*")):
        from maskengines.projects.scene_journal import scene_leftovers

        from maskstudio.documents.scene_keeping import RecoverableScene

        found += [RecoverableScene(leftover) for leftover in scene_leftovers(root)]
    return sorted(found, key=lambda each: each.changed, reverse=True)
