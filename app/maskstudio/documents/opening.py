"""Opens images and projects, told apart by what is in the file and not by its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from maskengines.projects.state import ProjectState

from maskstudio.documents.document import Document

_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, eq=False)
class LoadedDocument:
    """What was read of a file, in any thread; `make` turns it into a document in the GUI thread.

    ``path`` is set if the file is a project of ours, so that saving goes there; ``source_path`` is the
    image that it began with.
    """

    state: ProjectState
    path: Path | None
    source_path: Path | None

    def make(self) -> Document:
        """The document; call it in the GUI thread."""
        return Document.from_state(self.state, path=self.path, source_path=self.source_path)


def read_document(path: str | os.PathLike[str]) -> LoadedDocument:
    """Read an image or a project; slow for large ones, and safe in any thread.

    Raises:
        BadInput: missing, damaged, or of no known kind; one sentence.
    """
    file = Path(path).absolute()
    if _starts_with(file, _ZIP):
        from maskengines.projects.openraster_reading import load_project

        state = load_project(file)
        if state.flattened:
            return LoadedDocument(state, None, file)
        return LoadedDocument(state, file, Path(state.source) if state.source else None)
    from maskengines.subjects.image_io import load_image

    return LoadedDocument(ProjectState(load_image(file)), None, file)


def open_document(path: str | os.PathLike[str]) -> Document:
    """Read a file and make its document at once; errors as for `read_document`."""
    return read_document(path).make()


def _starts_with(file: Path, signature: bytes) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(len(signature)) == signature
    except OSError:
        return False
