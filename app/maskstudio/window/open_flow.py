"""Opening files as tabs, off the GUI thread, and what was lost in a crash."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from maskengines.errors import StudioError
from PySide6.QtCore import QTimer

from maskstudio.window.document_view import DocumentView
from maskstudio.window.first_look import Look, quick_look

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.documents.recovery import Recoverable
    from maskstudio.documents.scene_keeping import RecoverableScene
    from maskstudio.window.main_window import MainWindow


class Loaded(Protocol):
    """What was read of a file in any thread; ``notes`` are sentences for the user."""

    @property
    def notes(self) -> tuple[str, ...]: ...

    def make(self) -> Document:
        """The document; called in the GUI thread."""


LOOKED_AT = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
PATIENCE_MS = 500
NOTE_SECONDS = 12.0


class Once:
    """Calls through the first time only."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call: Callable[[], object] | None = call

    def __call__(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()


class OpenFlow:
    """Everything that brings a document into the window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def ask_open(self) -> None:
        """Choose files and open them."""
        from maskengines.subjects.image_io import READABLE_SUFFIXES
        from maskengines.subjects.pose_files import SUFFIXES

        from maskstudio.window import dialogs
        from maskstudio.window.scene_flow import scene_files

        folder = self._window.settings.folder
        self.open_paths(dialogs.ask_open(self._window, folder, READABLE_SUFFIXES, SUFFIXES, scene_files()))

    def open_sample(self) -> None:
        """Open the bundled photo with its mask painted."""
        from maskengines.assets import asset

        self.open_paths([asset("samples/sample.jpg")], mask=asset("samples/sample-mask.png"), remember=False)

    def open_shapes(self) -> None:
        """Open a scene that the built-in network knows, with the engine that looks into it chosen."""
        from maskengines.assets import asset

        self.open_paths([asset("samples/shapes.png")], remember=False)
        panel = self._window.engines.engine_panel
        if panel is not None:
            panel.choose("layer-masking")

    def open_paths(self, paths: Iterable[Path], *, mask: Path | None = None, remember: bool = True) -> None:
        """A tab for each file; one that is open already comes to the front instead.

        Args:
            mask: painted on the first file once it is read.
            remember: list the files among the recent ones.
        """
        for path in map(project_of, map(Path, paths)):
            known = self._window.view_of(path)
            if known is not None:
                self._window.show_view(known)
            else:
                self._open(path, mask, remember)
            mask = None

    def _open(self, path: Path, mask: Path | None, remember: bool) -> None:
        def opened() -> None:
            if remember:
                self._window.remember(path)

        self._load(path, path.name, lambda: read_file(path, mask), opened)

    def _load(
        self,
        path: Path | None,
        title: str,
        read: Callable[[], Loaded],
        opened: Callable[[], object] = lambda: None,
    ) -> None:
        """A tab that says "Opening", then the document."""
        window, view = self._window, DocumentView(title, path)
        window.add_view(view)

        def done(loaded: Loaded) -> None:
            if view in window.views:
                window.fill_view(view, loaded.make())
                opened()
                if not window.cameras.offer(view, loaded.notes) and loaded.notes:
                    window.banner.tell(" ".join(loaded.notes), seconds=NOTE_SECONDS)

        def failed(error: StudioError) -> None:
            window.remove_view(view)
            window.show_error(error, together=True)

        def read_it() -> None:
            window.background.do(read, done, failed)

        if path is None or path.suffix.lower() not in LOOKED_AT:
            read_it()
            return
        # Reading starts once the first look is on screen: before that it would only hold it up.
        start = Once(read_it)
        view.first_look.painted.connect(start)
        size = window.screen().size() * window.devicePixelRatioF()

        def looked(look: Look | None) -> None:
            if look is None or view is not window.view:
                start()
                return
            view.first_look.show_look(look)
            QTimer.singleShot(PATIENCE_MS, window, start)

        window.background.do(lambda: quick_look(path, size), looked, lambda _: start())

    # --- recovery -------------------------------------------------------------------------------

    def offer_recovery(self) -> None:
        """Look, off the GUI thread, for work that a crash left behind, and offer it."""

        def look() -> list[Recoverable | RecoverableScene]:
            from maskstudio.documents.recovery import recoverable

            return recoverable()

        window = self._window
        window.background.do(look, self._offer, window.show_error)

    def _offer(self, found: list[Recoverable | RecoverableScene]) -> None:
        if not found:
            return
        for each in found:
            logging.getLogger("maskstudio").info("recoverable: %s, %s", each.title, each.changed)
        names = " and ".join([f"“{each.title}”" for each in found[:2]])
        if len(found) > 2:
            names = f"“{found[0].title}” and {len(found) - 1} more"
        text = f"The studio ended unexpectedly with unsaved work on {names}."
        self._window.banner.offer(
            text,
            {"Recover": lambda: self._recover(found), "Discard": lambda: _discard(found)},
            lasting=True,
        )

    def _recover(self, found: list[Recoverable | RecoverableScene]) -> None:
        for each in found:
            self._load(each.path, each.title, each.read)


def _discard(found: list[Recoverable | RecoverableScene]) -> None:
    for each in found:
        each.discard()


def project_of(path: Path) -> Path:
    """A dialog of files walks into a scene project, which is a folder; what is chosen there means all of
    it."""
    folder = path.parent
    if not folder.name.lower().endswith(".maskscene"):
        return path
    from maskengines.projects.scene_reading import is_scene_project

    return folder if is_scene_project(folder) else path


@dataclass(frozen=True, eq=False)
class _Painted:
    """A file that was read, and what is painted on it."""

    loaded: Loaded
    mask: Any

    @property
    def notes(self) -> tuple[str, ...]:
        return self.loaded.notes

    def make(self) -> Document:
        document = self.loaded.make()
        document.replace_mask(self.mask, "Import mask")
        return document


def read_file(path: Path, mask: Path | None) -> Loaded:
    """Read a photo, a pose or a project in any thread; the answer makes the document in the GUI thread.

    Args:
        mask: image painted as the mask, of the photo's size, white is asked for.

    Raises:
        BadInput: a file is missing, broken or no picture.
    """
    from maskstudio.documents.opening import read_document
    from maskstudio.window.scene_flow import is_scene

    if mask is None and is_scene(path):
        from maskstudio.documents.scene_opening import read_scene

        return read_scene(path)
    loaded = read_document(path)
    if mask is None:
        return loaded
    from maskengines.masks.files import load_mask

    subject = loaded.state.original
    return _Painted(loaded, load_mask(mask, (subject.height, subject.width)))
