"""What the Scene menu does, and the scenes of all tabs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from maskstudio.window.photo_flow import PhotoFlow
from maskstudio.window.selection_flow import SelectionFlow
from maskstudio.window.splat_flow import SplatFlow
from maskstudio.window.turntable_flow import TurntableFlow

if TYPE_CHECKING:
    from maskengines.contract import Candidate

    from maskstudio.documents.document import Document
    from maskstudio.documents.photo_paint import PhotoSheet
    from maskstudio.documents.scene_document import SceneDocument
    from maskstudio.jobs.service import JobService
    from maskstudio.window.document_view import DocumentView
    from maskstudio.window.graphics_card import Card
    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.scene_tab import SceneTab

NO_SCENE = "Open a scene first: a .ply file, or File, Open scene folder"
NO_GAUSSIANS = "This scene has no Gaussians yet: train it first, with Run"
NO_SELECTION = "Nothing is selected: paint over the scene with the brush (B)"
NO_HIDDEN = "Nothing is hidden"
NO_LOCKED = "Nothing is locked"
ASKING = "The last stroke is still being looked at"


class SceneFlow:
    """One `SceneTab` for each tab that shows a scene."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._tabs: dict[DocumentView, SceneTab] = {}
        self.photos = PhotoFlow(self)
        self.selection = SelectionFlow(window, self)
        self.splats = SplatFlow(window, self)
        self.turntables = TurntableFlow(window, self)

    @cached_property
    def card(self) -> Card:
        """What draws the scenes of all tabs where there is a graphics card."""
        from maskstudio.window.graphics_card import Card

        return Card(allowed=self._window.settings.use_graphics_card)

    # --- coming and going -----------------------------------------------------------------------

    def begin(self, view: DocumentView, document: Document) -> SceneTab | None:
        """What a tab shows in place of a canvas; None where the document is no scene."""
        if document.kind != "scene":
            return None
        from maskstudio.documents.scene_document import SceneDocument
        from maskstudio.window.scene_tab import SceneTab

        assert isinstance(document, SceneDocument)
        tab = self._tabs[view] = SceneTab(self._window, document)
        tab.view.files_dropped.connect(self._window.opening.open_paths)
        tab.view.grab_wanted.connect(lambda kind: self._window.registry.run(f"scene.{kind}"))
        tab.view.delete_wanted.connect(
            lambda: self._window.registry.run("scene.delete" if tab.photos.shown is None else "mask.clear")
        )
        return tab

    def tie(self, view: DocumentView, service: JobService) -> None:
        """The engines are there: let a tab be drawn."""
        if view in self._tabs:
            self._tabs[view].tie(service)

    def forget(self, view: DocumentView) -> None:
        """A tab is being closed."""
        tab = self._tabs.pop(view, None)
        if tab is not None:
            tab.close()

    @property
    def front(self) -> SceneTab | None:
        """The scene in front."""
        view = self._window.view
        return self._tabs.get(view) if view is not None else None

    @property
    def document(self) -> SceneDocument | None:
        """Its document."""
        return self.front.document if self.front is not None else None

    def dress(self, colour: QColor, opacity: float) -> None:
        """Colour of paint and of what is selected, in all tabs."""
        for tab in self._tabs.values():
            tab.set_overlay(colour, opacity)

    def pick(self, candidate: Candidate | None) -> None:
        """The gallery shows an answer, or none any more."""
        # It lets go of an answer only once another tab is in front: nobody at the back tries one on.
        for tab in self._tabs.values():
            if tab is self.front:
                tab.try_on(candidate)
            elif tab.trying:
                tab.try_on(None)

    def take(self, candidate: Candidate) -> None:
        """Make a candidate the scene in front: one undo step.

        Raises:
            BadInput: it holds no scene.
        """
        from maskengines.results.scenes import learned_masks, scene_from_candidate

        from maskstudio.documents.scene_fill import is_fill, take_fill

        document = self.document
        if document is not None:
            found = scene_from_candidate(candidate)
            if is_fill(found, document):
                take_fill(found, document)
                document.clear_candidates()
                return
            scene = document.work.scene.with_gaussians(found.gaussians)
            document.replace_scene(scene, "Keep scene", learned_masks(found))
            document.clear_candidates()

    # --- the view -------------------------------------------------------------------------------

    def look(self, name: str) -> Callable[[], None]:
        """What the command of a named view runs: ``view_front``, ``view_side``, ``view_top``, ``frame``."""

        def run() -> None:
            if self.front is not None:
                getattr(self.front.view.eye, name)()

        return run

    def toggle_cameras(self) -> None:
        """Show or hide where the photos were taken from."""
        if self.front is not None:
            view = self.front.view
            view.cameras_shown = not view.cameras_shown
            view.update()
            self._window.actions_changed()

    @property
    def cameras_shown(self) -> bool:
        """Whether it shows where the photos were taken from."""
        return self.front is not None and self.front.view.cameras_shown

    # --- photos ---------------------------------------------------------------------------------

    @property
    def sheet(self) -> PhotoSheet | None:
        """The mask of the photo that shows in front, which is painted on then."""
        return self.front.photos.sheet if self.front is not None else None

    # --- files ----------------------------------------------------------------------------------

    def ask_open_folder(self) -> None:
        """Choose a folder of photos, or a scene folder, and open it."""
        from maskstudio.window import dialogs

        folder = dialogs.ask_folder(self._window, "Open scene folder", self._window.settings.folder)
        if folder is not None:
            self._window.opening.open_paths([folder])

    def export(self) -> None:
        """Write the Gaussians that are not deleted; the suffix decides the format."""
        document = self.document
        if document is not None:
            self._window.saving.export_scene(document)

    # --- what commands ask ----------------------------------------------------------------------

    def needs_scene(self) -> str | None:
        """Why a command about scenes cannot run."""
        return None if self.front is not None else NO_SCENE

    def needs_gaussians(self) -> str | None:
        """Why a command about Gaussians cannot run."""
        document = self.document
        return self.needs_scene() or (None if document is not None and len(document.work) else NO_GAUSSIANS)

    def needs_selection(self) -> str | None:
        """Why a command about what is selected cannot run."""
        document = self.document
        if self.front is not None and self.front.asking.busy:
            return ASKING
        selected = document is not None and bool((document.work.selected & document.work.free).any())
        return self.needs_gaussians() or (None if selected else NO_SELECTION)

    def needs_locked(self) -> str | None:
        """Why there is nothing to unlock."""
        document = self.document
        return self.needs_gaussians() or (
            None if document is not None and document.work.locked.any() else NO_LOCKED
        )

    def needs_hidden(self) -> str | None:
        """Why there is nothing to show again."""
        document = self.document
        return self.needs_gaussians() or (
            None if document is not None and document.work.hidden.any() else NO_HIDDEN
        )


def scene_files() -> tuple[str, ...]:
    """Suffixes of files that are scenes."""
    from maskengines.subjects.scene_files import SUFFIXES

    return SUFFIXES


def is_scene(path: Path) -> bool:
    """Whether a path is opened as a scene: a folder, or a file with such a suffix."""
    return path.is_dir() or path.suffix.lower() in scene_files()
