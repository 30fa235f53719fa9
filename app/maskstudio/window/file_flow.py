"""Opening, saving, exporting and closing documents, and the questions asked on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskengines.errors import BadInput, StudioError

from maskstudio.window import dialogs
from maskstudio.window.document_view import DocumentView

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.window.main_window import MainWindow

IMAGE_FILTERS = "PNG (*.png);;TIFF (*.tif *.tiff);;JPEG (*.jpg *.jpeg);;WebP (*.webp);;BMP (*.bmp)"
MASK_FILTERS = "PNG (*.png)"
PROJECT_FILTERS = "OpenRaster project (*.ora)"


class FileFlow:
    """Everything between the window's documents and the disk."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    # --- opening --------------------------------------------------------------------------------

    def ask_open(self) -> None:
        """Choose files and open them."""
        from maskengines.subjects.image_io import READABLE_SUFFIXES

        folder = self._window.settings.folder
        self.open_paths(dialogs.ask_open(self._window, folder, tuple(sorted(READABLE_SUFFIXES))))

    def open_sample(self) -> None:
        """Open the bundled photo with its mask painted."""
        from maskengines.runtime.assets import asset

        self.open_paths([asset("samples/sample.jpg")], mask=asset("samples/sample-mask.png"), remember=False)

    def open_paths(self, paths: Iterable[Path], *, mask: Path | None = None, remember: bool = True) -> None:
        """A tab for each file; one that is open already comes to the front instead.

        Args:
            mask: painted on the first file once it is read.
            remember: list the files among the recent ones.
        """
        for path in paths:
            known = self._window.view_of(path)
            if known is not None:
                self._window.show_view(known)
            else:
                self._open(path, mask, remember)
            mask = None

    def _open(self, path: Path, mask: Path | None, remember: bool) -> None:
        view = DocumentView(path.name, path)
        self._window.add_view(view)

        def read() -> Any:
            from maskstudio.documents.opening import read_document

            loaded = read_document(path)
            return loaded, _read_mask(mask, loaded) if mask is not None else None

        def done(result: Any) -> None:
            loaded, array = result
            document = loaded.make()
            if array is not None:
                document.replace_mask(array, "Import mask")
            self._window.fill_view(view, document)
            if remember:
                self._window.remember(path)

        def failed(error: StudioError) -> None:
            self._window.remove_view(view)
            self._window.show_error(error)

        self._window.background.do(read, done, failed)

    # --- saving ---------------------------------------------------------------------------------

    def save(self) -> None:
        """Save the project in front; asks where the first time."""
        self._save_then(self._window.view, lambda: None)

    def save_as(self) -> None:
        """Save the project in front under another name."""
        view = self._window.view
        if view is not None and view.document is not None:
            path = self._ask_project(view.document)
            if path is not None:
                self._write(view.document, path, lambda: None)

    def export_image(self) -> None: ...
    def export_mask(self) -> None: ...
    def import_mask(self) -> None: ...

    def _save_then(self, view: DocumentView | None, then: Callable[[], object]) -> None:
        if view is None or view.document is None:
            return
        path = view.document.path or self._ask_project(view.document)
        if path is not None:
            self._write(view.document, path, then)

    def _ask_project(self, document: Document) -> Path | None:
        return dialogs.ask_save(
            self._window, "Save project", self._proposal(document, "", ".ora"), PROJECT_FILTERS
        )

    def _proposal(self, document: Document, tail: str, suffix: str) -> Path:
        """A name beside the document's file, never the photo itself."""
        base = (
            document.path
            or document.source_path
            or Path(self._window.settings.folder or Path.home(), "untitled")
        )
        return base.with_name(f"{base.stem}{tail}{suffix}")

    def _write(self, document: Document, path: Path, then: Callable[[], object]) -> None: ...

    def close_current(self) -> None:
        """Close the tab in front."""
        view = self._window.view
        if view is not None:
            self.close_view(view)

    def close_view(self, view: DocumentView) -> None: ...

    def may_quit(self) -> bool:
        return True

    def offer_recovery(self) -> None: ...


def _read_mask(path: Path, loaded: Any) -> Any:

    raise BadInput("x")
