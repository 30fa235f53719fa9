"""Opens a scene: a file of Gaussians, or a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maskengines.subjects.scene import SceneSubject

from maskstudio.documents.document import Document


@dataclass(frozen=True, eq=False)
class LoadedScene:
    """What was read, in any thread; `make` turns it into a document in the GUI thread."""

    scene: SceneSubject
    source: Path
    notes: tuple[str, ...] = ()

    def make(self) -> Document:
        from maskstudio.documents.scene_document import SceneDocument

        return SceneDocument(self.scene, source_path=self.source)


def read_scene(path: Path) -> LoadedScene:
    """Read a scene; slow for large ones, and safe in any thread.

    Raises:
        BadInput: nothing of a scene is there, or it makes no sense; one sentence.
    """
    from maskengines.subjects.scene_files import load_scene

    opened = load_scene(path)
    return LoadedScene(opened.subject, path.absolute(), opened.warnings)
