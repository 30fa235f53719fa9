"""A document that was closed while it held answers that no file holds, so that it can be had again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from maskengines.projects.autosave import Start
from maskengines.projects.state import ProjectState

from maskstudio.documents.document import Document
from maskstudio.documents.making import make_document
from maskstudio.documents.recovery import protect


@dataclass(frozen=True, eq=False)
class ClosedDocument:
    """What it held when it was closed; ``unkept`` of its candidates are in no file."""

    state: ProjectState
    title: str
    path: Path | None
    source_path: Path | None
    unkept: int

    @classmethod
    def of(cls, document: Document) -> Self | None:
        """Take down a document before it is closed; ``None`` if nothing in it would be lost.

        Of one that counts as modified nothing is taken: its user is asked, and may say discard. A scene is
        none that a project state describes.
        """
        if document.modified or document.kind == "scene" or not document.candidates:
            return None
        held = document.autosave.base.candidates if document.autosave is not None else ()
        unkept = sum(candidate not in held for candidate in document.candidates)
        if not unkept:
            return None
        return cls(document.state(), document.title, document.path, document.source_path, unkept)

    def make(self) -> Document:
        """The document again, with an empty undo stack and a journal of its own; in the GUI thread."""
        document = make_document(self.state, path=self.path, source_path=self.source_path)
        document.name = self.title
        # The journal begins without the answers: they are what a crash would lose.
        protect(document, Start(replace(self.state, candidates=())))
        document.candidates_changed.emit()
        return document
