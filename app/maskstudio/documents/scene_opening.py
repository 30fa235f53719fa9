"""Opens a scene: a file of Gaussians, a folder, or a project folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maskengines.projects.scene_state import SceneState

from maskstudio.documents.document import Document


@dataclass(frozen=True, eq=False)
class LoadedScene:
    """What was read, in any thread; `make` turns it into a document in the GUI thread. ``path`` is set for a
    project of ours, so that saving goes there."""

    state: SceneState
    source: Path | None
    path: Path | None = None
    notes: tuple[str, ...] = ()

    def make(self) -> Document:
        """The document, with its journal."""
        from maskstudio.documents.recovery import journal_folder
        from maskstudio.documents.scene_document import SceneDocument
        from maskstudio.documents.scene_keeping import SceneKeeper

        document = SceneDocument.from_scene(self.state, path=self.path, source_path=self.source)
        SceneKeeper(document, journal_folder())
        return document


def read_scene(path: Path) -> LoadedScene:
    """Read a scene; slow for large ones, and safe in any thread.

    Raises:
        BadInput: nothing of a scene is there, or it makes no sense; one sentence.
    """
    from maskengines.projects.scene_reading import is_scene_project, load_scene_project

    if is_scene_project(path):
        state, notes = load_scene_project(path)
        return LoadedScene(state, Path(state.source) if state.source else None, path.absolute(), notes)
    from maskengines.subjects.scene_files import load_scene

    opened = load_scene(path)
    return LoadedScene(SceneState(opened.subject), path.absolute(), None, opened.warnings)
