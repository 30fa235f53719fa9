"""A scene: Gaussians that can be selected, hidden and deleted, and the photos that they come from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.contract import BadInput, Candidate, EngineInfo, MaskArray
from maskengines.projects.scene_state import FLAGS, SceneState
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.scene import SceneSubject
from PySide6.QtCore import QObject, Signal

from maskstudio.documents.document import Document
from maskstudio.documents.photo_paint import PhotoPaint
from maskstudio.documents.scene_work import SceneWork
from maskstudio.documents.undo import StudioCommand

if TYPE_CHECKING:
    from maskengines.projects.state import ProjectState
    from maskengines.subjects.splat_edits import SplatEdit

    from maskstudio.documents.scene_keeping import SceneKeeper

Array = np.ndarray[Any, Any]


GAUSSIANS = "gaussians"
PHOTO = "photo"
"""The space of engines that look at photos."""


class SceneCommand(StudioCommand):
    """Gaussians were selected, hidden, deleted, or all replaced: what changed of `SceneWork` is exchanged."""

    def __init__(self, document: SceneDocument, label: str, before: Mapping[str, Any]) -> None:
        super().__init__(document, label)
        self._scene_document = document
        self._other = before

    def swap(self, undoing: bool) -> None:
        self._other = self._scene_document.exchange(self._other)


class SceneDocument(Document):
    """``subject`` is the picture that the viewport shows; the mask of a picture is not used.

    Signals:
        scene_changed: `work` is another one.
    """

    kind = "scene"

    scene_changed = Signal()

    def __init__(
        self,
        scene: SceneSubject,
        *,
        source_path: Path | None = None,
        path: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(_nothing_seen(), source_path=source_path, path=path, parent=parent)
        self.keeper: SceneKeeper | None = None
        """Keeps a journal."""
        self._work_now = SceneWork.of(scene)
        self.paint = PhotoPaint(self)
        """What is painted over the photos: clutter that must not be learned."""

    @classmethod
    def from_scene(
        cls, state: SceneState, *, path: Path | None = None, source_path: Path | None = None
    ) -> SceneDocument:
        """A document as a project or a journal has it, with an empty undo stack."""
        document = cls(state.scene, path=path, source_path=source_path)
        fresh = document._work_now
        flags = {name: getattr(state, name) for name in FLAGS}
        document._work_now = replace(fresh, **flags, learned=dict(state.learned))
        document.paint.take_over({photo.name: photo for photo in state.scene.photos}, state.masks)
        document.settings = dict(state.settings)
        return document

    def scene_state(self) -> SceneState:
        """A snapshot that any thread may save while the user goes on."""
        work = self._work_now
        return SceneState(
            work.scene, work.selected, work.hidden, work.deleted, self.paint.snapshots(), work.learned,
            dict(self.settings), str(self.source_path or ""), work.locked,
        )  # fmt: skip

    def mark_saved(self, path: Path, position: object, state: ProjectState) -> None:
        super().mark_saved(path, position, state)
        if self.keeper is not None:
            self.keeper.look()

    def close(self) -> None:
        if self.keeper is not None:
            self.keeper.close()
        super().close()

    @property
    def work(self) -> SceneWork:
        """The scene as it is."""
        return self._work_now

    def change(self, label: str, **parts: Any) -> bool:
        """Exchange parts of `work`, as one undo step; False if they are what they were."""
        now = self._work_now
        if all(_same(getattr(now, name), value) for name, value in parts.items()):
            return False
        self.drop_open_edit()
        before = {name: getattr(now, name) for name in parts}
        self._work_now = replace(now, **parts)
        self._push(SceneCommand(self, label, before))
        self.scene_changed.emit()
        return True

    def edit_selected(self, label: str, edit: SplatEdit) -> bool:
        """Do something to the Gaussians that are selected, shown and not locked, as one undo step that keeps
        no more than these; False if nothing came of it."""
        from maskstudio.documents.splat_command import SplatCommand

        work, before = self._work_now, self._work_now.scene.gaussians
        chosen = work.selected & work.free
        after = edit.applied(before, chosen) if before is not None else None
        if before is None or after is None or after is before:
            return False
        self.drop_open_edit()
        self._work_now = replace(work, scene=work.scene.with_gaussians(after))
        self._push(SplatCommand(self, label, chosen, before, after))
        self.scene_changed.emit()
        return True

    def replace_scene(
        self,
        scene: SceneSubject,
        label: str,
        learned: Mapping[str, Array] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> None:
        """Take over another scene with nothing true of any Gaussian but what `flags` say, as one undo step;
        candidates stay to be compared."""
        self.drop_open_edit()
        work = self._work_now
        self._work_now = replace(SceneWork.of(scene, learned), **(flags or {}))
        before = {each.name: getattr(work, each.name) for each in fields(SceneWork)}
        self._push(SceneCommand(self, label, before))
        self.scene_changed.emit()

    def keep(self, candidate: Candidate) -> None:
        """Raises:
        BadInput: a picture is no part of a scene; `replace_scene` takes what was trained.
        """
        raise BadInput(
            "A picture cannot be kept in a scene. Export it, or choose a candidate with Gaussians."
        )

    def exchange(self, parts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put parts into `work` and return what was in their places; for undo commands."""
        now = self._work_now
        before = {name: getattr(now, name) for name in parts}
        self._work_now = replace(now, **parts)
        self.scene_changed.emit()
        return before

    def take_picture(self, subject: ImageSubject) -> None:
        """The viewport shows this; what `Export image` writes."""
        self.subject = subject

    # --- the question ---------------------------------------------------------------------------

    def question(self) -> tuple[SceneSubject, dict[str, MaskArray]]:
        return self._work_now.scene.with_gaussians(self._work_now.kept), self.paint.painted()

    def question_for(self, info: EngineInfo) -> tuple[SceneSubject, dict[str, MaskArray]]:
        """An engine that must be told of Gaussians is told which are deleted, and given these too."""
        work = self._work_now
        if not _asks_for_gaussians(info):
            return self.question()
        return work.scene, {GAUSSIANS: np.where(work.deleted, 255, 0).astype(np.uint8)}

    def cannot_ask(self, info: EngineInfo) -> str | None:
        if PHOTO in info.spaces:
            return self._cannot_look_at_photos(info)
        if not _asks_for_gaussians(info):
            return None
        if not self._work_now.deleted.any():
            return "Nothing was deleted: select Gaussians and delete them first"
        if not self._work_now.scene.cameras:
            return "Where photos were taken from is not known: open the scene with its photos"
        return None

    def _cannot_look_at_photos(self, info: EngineInfo) -> str | None:
        scene = self._work_now.scene
        if not scene.photos:
            return "This scene has no photos: open a folder of photos"
        if "scene" in info.result_kinds and not scene.cameras:
            return "Where the photos were taken from is not known: Scene, Find the cameras"
        return None

    def question_mark(self) -> Hashable:
        # Paint on photos tells how to answer, and is no other question: a scene that was trained with less of
        # it stays beside one that was trained with more.
        return id(self._work_now.scene), self._work_now.deleted.tobytes()

    # --- what the status bar says ---------------------------------------------------------------

    def size_told(self) -> str:
        work = self._work_now
        photos = len(work.scene.photos)
        parts = [self.tr("{0} Gaussians").format(f"{len(work) - int(work.deleted.sum()):,}")]
        if photos:
            parts.append(self.tr("{0} photos").format(photos))
        return "   ".join(parts)

    def asked_told(self) -> str:
        work = self._work_now
        told = self.tr("{0} selected").format(f"{int(work.selected.sum()):,}")
        hidden = int((work.hidden & ~work.deleted).sum())
        painted = self.paint.count
        told += self.tr("   {0} hidden").format(f"{hidden:,}") if hidden else ""
        locked = int((work.locked & ~work.deleted).sum())
        told += self.tr("   {0} locked").format(f"{locked:,}") if locked else ""
        words = self.tr("   1 photo painted") if painted == 1 else self.tr("   {0} photos painted")
        return told + (words.format(painted) if painted else "")


def _asks_for_gaussians(info: EngineInfo) -> bool:
    return info.needs_mask and GAUSSIANS in info.spaces


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    return one is other


def _nothing_seen() -> ImageSubject:
    return ImageSubject(np.zeros((1, 1, 3), np.uint8))
