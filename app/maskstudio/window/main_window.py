"""The window: menus and tabs on top, tools at the left, canvas, panels at the right, status below."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from maskengines.errors import StudioError
from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from maskstudio.commands.document_commands import edit_commands, file_commands
from maskstudio.commands.engine_commands import engine_commands
from maskstudio.commands.generate_commands import generate_commands
from maskstudio.commands.mask_commands import TOOLS, mask_commands, tool_commands
from maskstudio.commands.pose_commands import pose_commands
from maskstudio.commands.registry import CommandRegistry
from maskstudio.commands.scene_commands import scene_commands
from maskstudio.commands.view_commands import help_commands, view_commands
from maskstudio.window.actions import ActionSet
from maskstudio.window.background import Background
from maskstudio.window.camera_flow import CameraFlow
from maskstudio.window.collecting import GarbageCollection
from maskstudio.window.document_view import DocumentView
from maskstudio.window.engine_flow import EngineFlow
from maskstudio.window.fill_flow import FillFlow
from maskstudio.window.generate_flow import GenerateFlow
from maskstudio.window.help_flow import HelpFlow
from maskstudio.window.icons import app_icon
from maskstudio.window.keys import KeyWatcher
from maskstudio.window.look_flow import LookFlow
from maskstudio.window.mask_flow import MaskFlow
from maskstudio.window.messages import Banner
from maskstudio.window.model_flow import ModelFlow
from maskstudio.window.open_flow import OpenFlow
from maskstudio.window.pose_flow import PoseFlow
from maskstudio.window.save_flow import SaveFlow
from maskstudio.window.scene_flow import SceneFlow
from maskstudio.window.settings import WindowSettings, geometry_store
from maskstudio.window.side_column import WIDTH as SIDE_WIDTH
from maskstudio.window.side_column import SideColumn
from maskstudio.window.start_page import StartPage
from maskstudio.window.status_bar import StatusBar
from maskstudio.window.tool_flow import HAND, ToolFlow
from maskstudio.window.tool_strip import ToolStrip
from maskstudio.window.top_bar import TopBar

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.documents.photo_paint import PhotoSheet
    from maskstudio.window.diary import Diary

FRAME_HEIGHT = 32
NO_DOCUMENT = "Open a photo first: Ctrl+O"
NO_PICTURE = "This is for photos, and a scene is in front without one (Page Down shows its photos)"
NO_MASK = "Paint a mask first: B"


class MainWindow(QMainWindow):
    """Puts the parts together and knows which document is in front.

    Signals:
        view_changed: another tab is in front, or its document was read.
    """

    view_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.garbage = GarbageCollection(self)
        self.setWindowTitle("MaskStudio")
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        room = self.screen().availableSize()
        self.setMinimumSize(min(800, room.width()), min(480, room.height() - FRAME_HEIGHT))
        self.settings = WindowSettings.load()
        self.background = Background(self)
        self.diary: Diary | None = None
        self._unwritten: list[StudioError] = []
        self._build()
        self.opening = OpenFlow(self)
        self.saving = SaveFlow(self)
        self.masks = MaskFlow(self)
        self.generated = GenerateFlow(self)
        self.poses = PoseFlow(self)
        self.scenes = SceneFlow(self)
        self.cameras = CameraFlow(self)
        self.fills = FillFlow(self)
        self.tools = ToolFlow(self)
        self.look = LookFlow(self)
        self.engines = EngineFlow(self)
        self.models = ModelFlow(self)
        self.help = HelpFlow(self)
        self.registry = CommandRegistry(
            [
                *file_commands(self), *edit_commands(self), *mask_commands(self), *generate_commands(self),
                *tool_commands(self), *view_commands(self), *pose_commands(self), *scene_commands(self),
                *engine_commands(self), *help_commands(self),
            ]
        )  # fmt: skip
        self.registry.refused = lambda command, reason: self.banner.tell(
            f"{command.full_title}: {reason.rstrip('.')}."
        )
        self.action_set = ActionSet(self.registry, self)
        self._connect()
        self._restore_geometry()
        self.view_changed.emit()

    # --- layout ---------------------------------------------------------------------------------

    def _build(self) -> None:
        self.top = TopBar()
        self.tool_strip = ToolStrip()
        self.stack = QStackedWidget()
        self.start_page = StartPage()
        self.stack.addWidget(self.start_page)
        self.side = SideColumn()
        self.side.add("engine", "Engine", 3)
        self.side.add("readout", "While you paint", 0).hide()
        self.side.add("candidates", "Candidates", 4)
        self.side.add("history", "History", 1).open = False
        self.status = StatusBar()
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setHandleWidth(1)
        self.split.addWidget(self.stack)
        self.split.addWidget(self.side)
        self.split.setStretchFactor(0, 1)
        self.split.setStretchFactor(1, 0)
        self.split.setCollapsible(0, False)
        self.split.setSizes([1280 - 44 - SIDE_WIDTH, SIDE_WIDTH])
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.tool_strip)
        middle.addWidget(self.split, 1)
        central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top)
        column.addLayout(middle, 1)
        column.addWidget(self.status)
        self.setCentralWidget(central)
        self.banner = Banner(self.stack)
        # The page that comes to the front comes before all else in it.
        self.stack.currentChanged.connect(self.banner.raise_)

    def _connect(self) -> None:
        actions, top = self.action_set, self.top
        menus = actions.fill_menus(top.menus)
        self._recent_menu = QMenu("Open recent", self)
        self._recent_menu.aboutToShow.connect(self._fill_recent_menu)
        menus["File"].insertMenu(actions["file.sample"], self._recent_menu)
        top.connect_actions(
            open_file=actions["file.open"], undo=actions["edit.undo"], redo=actions["edit.redo"],
            compare=actions["view.compare"], run=actions["engine.run"],
        )  # fmt: skip
        top.compare_held.connect(self.look.hold_compare)
        top.tabs.currentChanged.connect(self._show_tab)
        top.tabs.tabCloseRequested.connect(lambda index: self.saving.close_view(self._view_at(index)))
        self.tool_strip.set_tools(
            [(actions[name], icon) for name, _title, _key, icon, _hint in TOOLS],
            [actions["mask.overlay"], actions["help.palette"]],
        )
        actions.refreshed.connect(lambda: top.show_running(self.engines.running))
        top.cancel_clicked.connect(lambda: self.registry.run("engine.cancel"))
        self.start_page.open_clicked.connect(lambda: self.registry.run("file.open"))
        self.start_page.sample_clicked.connect(lambda: self.registry.run("file.sample"))
        self.start_page.recent_clicked.connect(lambda path: self.opening.open_paths([path]))
        self.start_page.show_recents(self.settings.recent_files())
        self.view_changed.connect(self._on_view_changed)
        self.keys = KeyWatcher(self)
        top.tabs.hide()

    def _restore_geometry(self) -> None:
        room = self.screen().availableSize()
        # The frame that the window manager adds needs some of the room.
        width, height = room.width(), room.height() - FRAME_HEIGHT
        self.resize(min(max(1280, width * 4 // 5), width), min(max(800, height * 4 // 5), height))
        store = geometry_store()
        geometry, split = store.value("window"), store.value("split")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(split, QByteArray):
            self.split.restoreState(split)
        self.side.restore(store)

    def _save_geometry(self) -> None:
        store = geometry_store()
        store.setValue("window", self.saveGeometry())
        if self.look.panels_shown:
            store.setValue("split", self.split.saveState())
        self.side.save(store)
        store.sync()

    # --- documents ------------------------------------------------------------------------------

    @property
    def view(self) -> DocumentView | None:
        """The tab in front."""
        widget = self.stack.currentWidget()
        return widget if isinstance(widget, DocumentView) else None

    @property
    def document(self) -> Document | None:
        """The document in front, once it is read."""
        view = self.view
        return view.document if view is not None else None

    @property
    def views(self) -> list[DocumentView]:
        """All tabs from left to right."""
        return [self._view_at(index) for index in range(self.top.tabs.count())]

    def view_of(self, path: Path) -> DocumentView | None:
        """The tab that stands for a file."""
        wanted = path.resolve()
        return next((view for view in self.views if view.file == wanted), None)

    def add_view(self, view: DocumentView) -> None:
        """A new tab, in front."""
        self.stack.addWidget(view)
        tabs = self.top.tabs
        tabs.show()
        # The first tab becomes the current one before it knows its view.
        tabs.blockSignals(True)
        index = tabs.addTab(view.title)
        tabs.setTabData(index, view)
        tabs.blockSignals(False)
        tabs.setTabToolTip(index, str(view.path or view.title))
        tabs.setCurrentIndex(index)
        self._show_tab(index)

    def fill_view(self, view: DocumentView, document: Document) -> None:
        """The file behind a tab was read: show it. A tab closed meanwhile just drops it."""
        if view not in self.views:
            document.close()
            return
        scene = self.scenes.begin(view, document)
        if scene is not None:
            view.set_viewport(document, scene.view, scene.widget)
            self.look.dress_scenes()
            if view is self.view:
                self.tools.choose(HAND)
        else:
            canvas = self.look.make_canvas(view)
            canvas.set_document(document)
            posed = self.poses.begin(view, document, canvas)
            view.set_document(document, canvas, posed.fan if posed is not None else None)
        document.state_changed.connect(self._on_document_state)
        document.mask_changed.connect(self.actions_changed)
        document.mask_changed.connect(self._on_mask_changed)
        document.candidates_changed.connect(self.actions_changed)
        if self.diary is not None:
            self.diary.follow_document(document)
        self._on_document_state()
        if view is self.view:
            self.view_changed.emit()

    def show_view(self, view: DocumentView) -> None:
        """Bring a tab to the front."""
        self.top.tabs.setCurrentIndex(self.views.index(view))

    def remove_view(self, view: DocumentView) -> None:
        """Close a tab without asking."""
        if view not in self.views:
            return
        index = self.views.index(view)
        self.engines.forget(view)
        self.poses.forget(view)
        self.scenes.forget(view)
        if view is self.view:
            self.tools.put_away()
        self.stack.removeWidget(view)
        self.top.tabs.removeTab(index)
        if view.document is not None:
            view.document.close()
        view.deleteLater()
        if not self.top.tabs.count():
            self.top.tabs.hide()
            self.stack.setCurrentWidget(self.start_page)
            self.start_page.show_recents(self.settings.recent_files())
        self._show_tab(self.top.tabs.currentIndex())

    def remember(self, path: Path) -> None:
        """Put a file among the recent ones."""
        self.settings.remember(path)
        self.start_page.show_recents(self.settings.recent_files())

    def _view_at(self, index: int) -> DocumentView:
        view = self.top.tabs.tabData(index)
        assert isinstance(view, DocumentView)
        return view

    def _show_tab(self, index: int) -> None:
        if 0 <= index < self.top.tabs.count() and isinstance(self.top.tabs.tabData(index), DocumentView):
            self.look.hold_compare(False)
            self.stack.setCurrentWidget(self._view_at(index))
        self.view_changed.emit()

    def _on_view_changed(self) -> None:
        view, document = self.view, self.document
        self.status.show_document(document)
        self.look.follow(view)
        self.engines.follow(view)
        if view is not None and view.canvas is not None:
            self.tools.equip(view.canvas)
            view.canvas.setFocus()
        elif self.scenes.front is not None:
            self.tools.equip_scene(self.scenes.front.view)
            self.scenes.front.view.setFocus()
        self._on_document_state()
        # A key may follow at once, and one whose action is still disabled is lost.
        self.action_set.refresh()

    def _on_document_state(self) -> None:
        for index, view in enumerate(self.views):
            document = view.document
            title = document.title if document is not None else view.title
            self.top.tabs.setTabText(
                index, f"• {title}" if document is not None and document.modified else title
            )
        front, document = self.view, self.document
        name = document.title if document is not None else front.title if front is not None else ""
        self.setWindowTitle(f"{name}[*] - MaskStudio" if name else "MaskStudio")
        self.setWindowModified(document is not None and document.modified)
        self._on_mask_changed()
        self.actions_changed()

    def _on_mask_changed(self, *_: object) -> None:
        if self.document is not None:
            self.status.show_mask(self.document)

    def _fill_recent_menu(self) -> None:
        self._recent_menu.clear()
        files = self.settings.recent_files()
        for path in files:
            action = self._recent_menu.addAction(path.name)
            action.setToolTip(str(path))
            action.triggered.connect(lambda _on=False, each=path: self.opening.open_paths([each]))
        if not files:
            self._recent_menu.addAction("Nothing opened yet").setEnabled(False)

    # --- what commands ask ----------------------------------------------------------------------

    def needs_tab(self) -> str | None:
        """Why there is nothing to close."""
        return None if self.view is not None else "No document is open"

    def needs_tabs(self) -> str | None:
        """Why there is no other tab to go to."""
        return None if self.top.tabs.count() > 1 else "No other document is open"

    def needs_document(self) -> str | None:
        """Why a command that works on a document cannot run."""
        if self.document is not None:
            return None
        return NO_DOCUMENT if self.view is None else "The photo is still opening"

    def needs_picture(self) -> str | None:
        """Why a command about the pixels of a document cannot run."""
        return self.needs_document() or (None if self.scenes.front is None else NO_PICTURE)

    @property
    def sheet(self) -> Document | PhotoSheet | None:
        """What has the mask that is painted on: the document in front, or a photo of the scene in front."""
        return self.scenes.sheet or self.document

    def needs_sheet(self) -> str | None:
        """Why a command about a mask of pixels cannot run."""
        return None if self.scenes.sheet is not None else self.needs_picture()

    def needs_flat_mask(self) -> str | None:
        """Why a command about the pixels of a mask cannot run."""
        return self.needs_sheet() or self.needs_mask()

    def needs_mask(self) -> str | None:
        """Why a command that works on a painted mask cannot run."""
        document = self.document
        if document is None:
            return self.needs_document()
        if self.scenes.front is not None and self.scenes.sheet is None:
            return self.scenes.needs_selection()
        mask = document.mask if self.scenes.sheet is None else self.scenes.sheet.mask
        return None if mask.selected_count or mask.editing else NO_MASK

    def undo(self) -> None:
        """One step back in the document in front."""
        if self.document is not None:
            self.document.undo()

    def redo(self) -> None:
        """One step forward in the document in front."""
        if self.document is not None:
            self.document.redo()

    def cannot_undo(self) -> str | None:
        """Why there is nothing to undo."""
        if self.document is None:
            return self.needs_document()
        return None if self.document.undo_stack.canUndo() else "Nothing to undo"

    def cannot_redo(self) -> str | None:
        """Why there is nothing to redo."""
        if self.document is None:
            return self.needs_document()
        return None if self.document.undo_stack.canRedo() else "Nothing to redo"

    def actions_changed(self, *_: object) -> None:
        """Something changed that commands depend on."""
        self.action_set.soon()

    def show_error(self, error: StudioError, *, together: bool = False) -> None:
        """Say what happened in the banner, and write it down."""
        if self.diary is not None:
            self.diary.wrong(error)
        else:
            self._unwritten.append(error)
        self.banner.show_error(error, together=together)

    # --- start and end --------------------------------------------------------------------------

    def after_first_paint(self) -> None:
        """Load what the first paint did not need."""
        from maskstudio.window.diary import Diary, open_log

        open_log()
        self.diary = Diary(self)
        for error in self._unwritten:
            self.diary.wrong(error)
        for view in self.views:
            if view.document is not None:
                self.diary.follow_document(view.document)
        self.tools.start()
        self.engines.start()
        self.opening.offer_recovery()
        self.garbage.settle()

    def closeEvent(self, event: QCloseEvent) -> None:
        from maskstudio.documents.saving import wait_for_saves

        if not self.saving.may_quit():
            event.ignore()
            return
        self._save_geometry()
        self.tools.close()
        self.scenes.turntables.close()
        self.engines.close()
        self.models.close()
        for view in self.views:
            self.remove_view(view)
        wait_for_saves()
        self.background.close()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.opening.open_paths(
            Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()
        )
        event.acceptProposedAction()
