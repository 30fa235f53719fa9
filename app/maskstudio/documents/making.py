"""The document that a project describes."""

from __future__ import annotations

from pathlib import Path

from maskengines.projects.state import ProjectState

from maskstudio.documents.document import Document


def make_document(
    state: ProjectState, *, path: Path | None = None, source_path: Path | None = None
) -> Document:
    """A document of the project's kind; call it in the GUI thread.

    Args:
        path: of the project, for saving to go there.
        source_path: the file that it began with; by default what the project says.
    """
    if state.pose is None:
        return Document.from_state(state, path=path, source_path=source_path)
    # Of no use to those who come with a photo, and it loads what reads paint.
    from maskstudio.documents.pose_document import PoseDocument

    return PoseDocument.from_state(state, path=path, source_path=source_path)
