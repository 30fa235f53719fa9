"""Saving, exporting and closing documents, and the questions asked on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from maskengines.errors import BadInput, StudioError

if TYPE_CHECKING:
    from maskengines.contract import Candidate

    from maskstudio.documents.document import Document
    from maskstudio.documents.pose_document import PoseDocument
    from maskstudio.documents.saving import SaveTask
    from maskstudio.documents.scene_document import SceneDocument
    from maskstudio.window.closed_tab import ClosedTab
    from maskstudio.window.document_view import DocumentView
    from maskstudio.window.main_window import MainWindow

IMAGE_FILTERS = "PNG (*.png);;TIFF (*.tif *.tiff);;JPEG (*.jpg *.jpeg);;WebP (*.webp);;BMP (*.bmp)"
MASK_FILTERS = "PNG (*.png)"
PROJECT_FILTERS = "OpenRaster project (*.ora)"
RESULT_FILTERS = {
    "map": "PNG (*.png);;Report (*.html);;Report (*.pdf);;NumPy (*.npy);;Regions (*.csv);;JSON (*.json)",
    "table": "PNG (*.png);;CSV (*.csv);;JSON (*.json)",
    "curve": "CSV (*.csv);;JSON (*.json)",
    "joints": "COCO keypoints (*.json);;OpenPose keypoints (*.openpose.json)",
}
SCENE_KINDS = (
    ("Gaussians", ".ply"),
    ("Compressed", ".compressed.ply"),
    ("SPZ", ".spz"),
    ("Splat", ".splat"),
)
ANY_IMAGE = "Pictures (*.png *.jpg *.jpeg *.webp *.tif *.tiff *.bmp);;All files (*)"


class SaveFlow:
    """Everything that takes a document out of the window. Files are written off the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    # --- projects -------------------------------------------------------------------------------

    def save(self) -> None:
        """Save the project in front; asks where the first time."""
        view = self._window.view
        if view is not None:
            self._save_then(view, lambda: None)

    def save_as(self) -> None:
        """Save the project in front under another name."""
        document = self._window.document
        if document is not None and document.kind == "scene":
            self._save_scene(document, None, lambda: None)
            return
        path = self._ask_project(document) if document is not None else None
        if document is not None and path is not None:
            self._write_project(document, path, lambda: None)

    def _save_then(self, view: DocumentView, then: Callable[[], object]) -> None:
        """Save, then go on; a save that was cancelled or failed goes no further."""
        document = view.document
        if document is None:
            return
        if document.kind == "scene":
            self._save_scene(document, document.path, then)
            return
        path = document.path or self._ask_project(document)
        if path is not None:
            self._write_project(document, path, then)

    def _ask_project(self, document: Document) -> Path | None:
        from maskstudio.window import dialogs

        proposal = self._proposal(document, "", ".ora")
        return dialogs.ask_save(self._window, "Save project", proposal, PROJECT_FILTERS)

    def _write_project(self, document: Document, path: Path, then: Callable[[], object]) -> None:
        from maskstudio.documents.saving import save_project

        def done() -> None:
            self._window.remember(path)
            then()

        self._start(lambda: save_project(document, path), f"Saved “{path.name}”.", done)

    def _start(
        self, begin: Callable[[], SaveTask], said: str, then: Callable[[], object], seconds: float = 2.5
    ) -> None:
        """Begin a task; tell when it is done, for so long, or why it was not."""
        window = self._window
        try:
            task = begin()
        except StudioError as error:
            window.show_error(error)
            return

        def done(_: object) -> None:
            window.banner.tell(said, seconds=seconds)
            then()

        task.done.connect(done)
        task.failed.connect(window.show_error)

    # --- scenes ---------------------------------------------------------------------------------

    def export_scene(self, document: SceneDocument) -> None:
        """Write the Gaussians that are not deleted to a file that is asked for."""
        from maskstudio.documents.saving import export_scene

        path = self._ask_scene(document)
        if path is not None:
            self._start(lambda: export_scene(document, path), f"Exported “{path.name}”.", lambda: None)

    def _save_scene(self, document: Document, path: Path | None, then: Callable[[], object]) -> None:
        """Save a scene as a project, where it was saved before or at a place to ask for."""
        from maskstudio.documents.saving import save_scene_project
        from maskstudio.documents.scene_document import SceneDocument

        assert isinstance(document, SceneDocument)
        target = path or self._ask_scene_project(document)
        if target is None:
            return

        def done() -> None:
            self._window.remember(target)
            then()

        self._start(lambda: save_scene_project(document, target), f"Saved “{target.name}”.", done)

    def _ask_scene_project(self, document: Document) -> Path | None:
        from maskengines.projects.scene_state import SUFFIX

        from maskstudio.window import dialogs

        proposal = self._proposal(document, "", SUFFIX)
        return dialogs.ask_save(self._window, "Save scene project", proposal, f"Scene project (*{SUFFIX})")

    def _ask_scene(self, document: Document) -> Path | None:
        from maskstudio.window import dialogs

        proposal = self._proposal(document, "-edited", "")
        asked = dialogs.ask_kind(self._window, "Export scene", proposal, SCENE_KINDS)
        return asked[0] if asked is not None else None

    # --- pictures and masks ---------------------------------------------------------------------

    def export_image(self) -> None:
        """Write the picture with what was kept, at full depth."""
        from maskstudio.documents.saving import export_image
        from maskstudio.window import dialogs

        document = self._window.document
        if document is None:
            return
        proposal = self._proposal(document, "-edited", self._lossless_suffix(document))
        path = dialogs.ask_save(self._window, "Export image", proposal, IMAGE_FILTERS)
        if path is None:
            return
        said, seconds = f"Exported “{path.name}”.", 2.5
        shown = self._window.engines.shown
        if shown is not None and shown.kind == "image":
            # It lies over the picture as if it were part of it.
            said = (
                f"Exported “{path.name}” without the candidate that is shown; "
                "keep it first (Enter) to have it in."
            )
            seconds = 8.0
        self._start(lambda: export_image(document, path), said, lambda: None, seconds)

    def export_mask(self) -> None:
        """Write the mask as a grey picture, white is asked for."""
        from maskstudio.documents.saving import export_mask
        from maskstudio.window import dialogs

        document, sheet = self._window.document, self._window.sheet
        if document is None or sheet is None:
            return
        proposal = self._proposal(document, "-mask", ".png")
        if self._window.scenes.sheet is not None:
            # Named like the photo, a folder of them is what a training takes.
            proposal = proposal.with_name(f"{Path(self._window.scenes.sheet.name).stem}.png")
        path = dialogs.ask_save(self._window, "Export mask", proposal, MASK_FILTERS)
        if path is not None:
            self._start(lambda: export_mask(sheet, path), f"Exported “{path.name}”.", lambda: None)

    def export_result(self, candidate: Candidate, part: int | None = None) -> None:
        """Write an answer that is no picture; the suffix decides the format. ``part`` is the number of the
        one chosen in an answer that holds several."""
        document = self._window.document
        if document is None:
            return
        if candidate.kind == "hypotheses":
            self._export_hypotheses(document, candidate, part)
        else:
            self._export_numbers(document, candidate)

    def export_body(self, document: PoseDocument) -> None:
        """Write the body that was kept."""
        from maskstudio.window.body_export import export_bodies, kept_body

        found = kept_body(document)
        if found is not None:
            export_bodies(self._window, document, *found, self._proposal(document, "-body", ""))

    def _export_hypotheses(self, document: Document, candidate: Candidate, chosen: int | None) -> None:
        from maskengines.results.hypotheses import Hypotheses

        from maskstudio.window.body_export import export_bodies

        try:
            held = Hypotheses.read(candidate.result)
        except StudioError as error:
            self._window.show_error(error)
            return
        number = held.best if chosen is None else chosen
        export_bodies(self._window, document, held, number, self._proposal(document, "-bodies", ""))

    def _export_numbers(self, document: Document, candidate: Candidate) -> None:
        from maskengines.results.files import save_result

        from maskstudio.window import dialogs

        window = self._window
        filters = RESULT_FILTERS.get(candidate.kind)
        if filters is None:
            window.show_error(BadInput(f"An answer of the kind '{candidate.kind}' cannot be exported here."))
            return
        suffix = {"joints": ".json", "curve": ".csv"}.get(candidate.kind, ".png")
        proposal = self._proposal(document, f"-{candidate.kind}", suffix)
        path = dialogs.ask_save(window, f"Export {candidate.kind}", proposal, filters)
        if path is not None:
            subject = document.subject
            window.background.do(
                lambda: save_result(candidate, subject, path),
                lambda _: window.banner.tell(f"Exported “{path.name}”."),
                window.show_error,
            )

    def import_mask(self) -> None:
        """Take a picture of the photo's size as the mask: one undo step."""
        from maskengines.masks.files import load_mask

        from maskstudio.window import dialogs

        window, sheet = self._window, self._window.sheet
        if sheet is None:
            return
        path = dialogs.ask_picture(window, "Import mask", window.settings.folder, ANY_IMAGE)
        if path is not None:
            height, width = sheet.mask.shape
            window.background.do(
                lambda: load_mask(path, (height, width)),
                lambda array: sheet.replace_mask(array, "Import mask"),
                window.show_error,
            )

    def _proposal(self, document: Document, tail: str, suffix: str) -> Path:
        """A name beside the document's file, never that of the photo itself."""
        folder = self._window.settings.folder
        base = document.path or document.source_path or _beside_its_photo(document)
        base = base or Path(folder or Path.home()) / "untitled"
        if document.path is None and _ships_with_the_studio(base):
            base = Path(folder or Path.home()) / base.name
        return base.with_name(f"{base.stem}{tail}{suffix}")

    @staticmethod
    def _lossless_suffix(document: Document) -> str:
        source = document.source_path.suffix.lower() if document.source_path else ""
        return source if source in (".tif", ".tiff") else ".png"

    # --- closing --------------------------------------------------------------------------------

    def close_current(self) -> None:
        """Close the tab in front."""
        view = self._window.view
        if view is not None:
            self.close_view(view)

    def close_view(self, view: DocumentView) -> None:
        """Close a tab; with unsaved changes ask first. Answers that were not kept are no change, but can be
        had again."""
        from maskstudio.window import dialogs

        document, window = view.document, self._window
        if document is None or not document.modified:
            self.closed_tab.close(view)
            return
        window.show_view(view)
        answer = dialogs.ask_unsaved(window, [document.title])
        if answer == "discard":
            window.remove_view(view)
        elif answer == "save":
            self._save_then(view, lambda: window.remove_view(view))

    @cached_property
    def closed_tab(self) -> ClosedTab:
        """What closes a tab without a question, and knows the way back."""
        from maskstudio.window.closed_tab import ClosedTab

        return ClosedTab(self._window)

    def may_quit(self) -> bool:
        """Whether the window can close now. "Save" saves everything first and closes afterwards."""
        from maskstudio.window import dialogs

        unsaved = [view for view in self._window.views if view.document and view.document.modified]
        if not unsaved:
            return True
        answer = dialogs.ask_unsaved(self._window, [view.document.title for view in unsaved if view.document])
        if answer == "save":
            self._save_all(unsaved)
        return answer == "discard"

    def _save_all(self, views: list[DocumentView]) -> None:
        if not views:
            self._window.close()
            return
        first, *rest = views
        self._window.show_view(first)
        self._save_then(first, lambda: self._save_all(rest))


def _beside_its_photo(document: Document) -> Path | None:
    """What a pose that began on a photo is called, which may have a project of its own; else None."""
    from maskstudio.documents.pose_document import PoseDocument

    if not isinstance(document, PoseDocument) or not document.pose.photo:
        return None
    photo = Path(document.pose.photo)
    return photo.with_name(f"{photo.stem}-pose{photo.suffix}")


def _ships_with_the_studio(path: Path) -> bool:
    from maskengines.assets import assets_folder

    return path.resolve().is_relative_to(assets_folder().resolve())
