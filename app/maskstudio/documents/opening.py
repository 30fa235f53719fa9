"""Opens images, poses and projects, told apart by what is in the file and not by its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from maskengines.projects.autosave import Start
from maskengines.projects.journal import Origin
from maskengines.projects.state import ProjectState

from maskstudio.documents.document import Document
from maskstudio.documents.making import make_document
from maskstudio.documents.recovery import protect

_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, eq=False)
class LoadedDocument:
    """What was read of a file, in any thread; `make` turns it into a document in the GUI thread.

    ``path`` is set if the file is a project of ours, so that saving goes there; ``source_path`` is the
    image or the file of joints that it began with; ``notes`` are sentences for the user.
    """

    state: ProjectState
    path: Path | None
    source_path: Path | None
    origin: Origin | None
    notes: tuple[str, ...] = ()

    def make(self) -> Document:
        """The document, with its autosave; call it in the GUI thread."""
        document = make_document(self.state, path=self.path, source_path=self.source_path)
        protect(document, Start(self.state, self.origin))
        return document


def read_document(path: str | os.PathLike[str]) -> LoadedDocument:
    """Read an image, a pose or a project; slow for large ones, and safe in any thread.

    Raises:
        BadInput: missing, damaged, or of no known kind; one sentence.
    """
    file = Path(path).absolute()
    origin = Origin.of(file)
    if _starts_with(file, _ZIP):
        from maskengines.projects.openraster_reading import load_project

        state = load_project(file)
        if state.flattened:
            return LoadedDocument(state, None, file, origin)
        return LoadedDocument(state, file, Path(state.source) if state.source else None, origin)
    from maskengines.subjects.pose_files import is_pose_file

    if is_pose_file(file):
        from maskstudio.documents.pose_opening import read_pose

        state, notes = read_pose(file)
        # A copy of the file alone would not bring back the photo that was found beside it.
        return LoadedDocument(state, None, file, None, notes)
    from maskengines.subjects.image_io import load_image

    return LoadedDocument(ProjectState(load_image(file)), None, file, origin)


def open_document(path: str | os.PathLike[str]) -> Document:
    """Read a file and make its document at once; errors as for `read_document`."""
    return read_document(path).make()


def _starts_with(file: Path, signature: bytes) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(len(signature)) == signature
    except OSError:
        return False
