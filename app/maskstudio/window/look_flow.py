"""How the document in front shows: zoom, overlay, compare, panels, theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QColorDialog

from maskstudio.window import theme

if TYPE_CHECKING:
    from maskstudio.canvas.image_canvas import ImageCanvas
    from maskstudio.window.document_view import DocumentView
    from maskstudio.window.main_window import MainWindow


class LookFlow:
    """What the View menu does, and how a new canvas is set up."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.overlay_shown = True
        self.panels_shown = True
        self._save = QTimer(window, singleShot=True, interval=300)
        self._save.timeout.connect(window.settings.save)

    # --- canvases -------------------------------------------------------------------------------

    @property
    def canvas(self) -> ImageCanvas | None:
        """The canvas in front."""
        view = self._window.view
        return view.canvas if view is not None else None

    def make_canvas(self, view: DocumentView) -> ImageCanvas:
        """A canvas for a tab, looking as the user chose."""
        from maskstudio.canvas.image_canvas import ImageCanvas

        window = self._window
        canvas = ImageCanvas(view)
        canvas.zoom_changed.connect(lambda scale: self._if_front(view, window.status.show_zoom, scale))
        canvas.cursor_moved.connect(lambda point: self._if_front(view, window.status.show_cursor, point))
        canvas.files_dropped.connect(window.opening.open_paths)
        self._dress(canvas)
        return canvas

    def follow(self, view: DocumentView | None) -> None:
        """Another tab came to the front."""
        if view is not None and view.canvas is not None:
            self._dress(view.canvas)
            self._window.status.show_zoom(view.canvas.zoom)

    def _if_front(self, view: DocumentView, show: object, value: object) -> None:
        if view is self._window.view and callable(show):
            show(value)

    def _dress(self, canvas: ImageCanvas) -> None:
        settings = self._window.settings
        canvas.set_overlay(QColor(settings.overlay_colour), settings.overlay_opacity)
        canvas.set_overlay_visible(self.overlay_shown)
        canvas.set_surround(theme.current().canvas)

    def dress_scenes(self) -> None:
        """Paint on scenes looks as the user chose."""
        settings = self._window.settings
        self._window.scenes.dress(QColor(settings.overlay_colour), settings.overlay_opacity)

    # --- zoom -----------------------------------------------------------------------------------

    def zoom_fit(self) -> None:
        """The whole picture."""
        scene = self._window.scenes.front
        if scene is not None:
            scene.view.eye.frame()
        elif self.canvas is not None:
            self.canvas.fit()

    def zoom_actual(self) -> None:
        """One image pixel per screen pixel."""
        if self.canvas is not None:
            self.canvas.actual_size()

    def zoom_in(self) -> None:
        """One step closer."""
        scene = self._window.scenes.front
        if scene is not None:
            scene.view.eye.nearer()
        elif self.canvas is not None:
            self.canvas.zoom_in()

    def zoom_out(self) -> None:
        """One step back."""
        scene = self._window.scenes.front
        if scene is not None:
            scene.view.eye.farther()
        elif self.canvas is not None:
            self.canvas.zoom_out()

    # --- overlay and compare --------------------------------------------------------------------

    def toggle_overlay(self) -> None:
        """Show or hide the mask; it is still there."""
        self.overlay_shown = not self.overlay_shown
        self._redress()

    def set_overlay(self, colour: QColor, opacity: float) -> None:
        """Colour and opacity (0..1) of the mask, for all documents, remembered."""
        settings = self._window.settings
        settings.overlay_colour, settings.overlay_opacity = colour.name(), opacity
        # A slider asks for this at every step; the file is written once it rests.
        self._save.start()
        self._redress()

    def ask_overlay_colour(self) -> None:
        """Choose another colour for the mask."""
        settings = self._window.settings
        colour = QColorDialog.getColor(QColor(settings.overlay_colour), self._window, "Mask colour")
        if colour.isValid():
            self.set_overlay(colour, settings.overlay_opacity)

    def hold_compare(self, held: bool) -> None:
        """Show the photo as it was for as long as it is held."""
        if self.canvas is not None:
            self.canvas.set_compare(held)

    def _redress(self) -> None:
        if self.canvas is not None:
            self._dress(self.canvas)
        self.dress_scenes()
        self._window.actions_changed()

    # --- window ---------------------------------------------------------------------------------

    def toggle_panels(self) -> None:
        """Hide everything but the picture and the top row, or bring it back."""
        self.panels_shown = not self.panels_shown
        window = self._window
        for part in (window.side, window.tool_strip, window.status):
            part.setVisible(self.panels_shown)
        if not self.panels_shown and self.canvas is not None:
            self.canvas.setFocus()
        window.tools.show_options()
        window.actions_changed()

    def toggle_theme(self) -> None:
        """Dark or light, remembered."""
        self.set_theme("light" if self._window.settings.theme == "dark" else "dark")

    def set_theme(self, name: str) -> None:
        """Use a theme from now on."""
        settings = self._window.settings
        settings.theme = name
        settings.save()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, name)
        self._redress()

    def toggle_fullscreen(self) -> None:
        """The whole screen, or a window again."""
        window = self._window
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()
        window.actions_changed()
