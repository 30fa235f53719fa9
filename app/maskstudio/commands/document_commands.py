"""Commands about files and about the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskstudio.commands.registry import Command

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow


def file_commands(window: MainWindow) -> list[Command]:
    """The File menu. *Open recent* is a submenu that the window adds itself."""
    opening, saving, document = window.opening, window.saving, window.needs_document
    flat = window.needs_sheet
    return [
        Command("file.open", "Open", opening.ask_open, "File", "open", ("Ctrl+O",), "open", asks=True,
                words="load photo project image"),
        Command("file.open-folder", "Open scene folder", window.scenes.ask_open_folder, "File", "open",
                ("Ctrl+Shift+O",), "folder", asks=True, words="load photos scene 3d gaussians colmap",
                hint="A folder of photos, with or without their cameras, or a scene folder."),
        Command("file.sample", "Open the sample", opening.open_sample, "File", "open", icon="sample",
                words="example demo", hint="A photo with its mask painted, to try things on."),
        Command("file.shapes", "Open the shapes sample", opening.open_shapes, "File", "open", icon="sample",
                words="classifier network attribution explain",
                hint="Shapes that the built-in network knows, to see what a classifier goes by."),
        Command("file.save", "Save", saving.save, "File", "save", ("Ctrl+S",), "save", document,
                words="project ora",
                hint="Saves the project with photo, mask, candidates and what was kept."),
        Command("file.save-as", "Save as", saving.save_as, "File", "save", ("Ctrl+Shift+S",), "save",
                document,
                asks=True, words="project ora openraster"),
        Command("file.export-image", "Export image", saving.export_image, "File", "export", ("Ctrl+E",),
                "export",
                document, asks=True, words="png jpeg tiff webp result write"),
        Command("file.export-mask", "Export mask", saving.export_mask, "File", "export", ("Ctrl+Shift+E",),
                "export",
                flat, asks=True, words="png"),
        Command("file.export-scene", "Export scene", window.scenes.export, "File", "export",
                ("Ctrl+Alt+S",), "export", window.scenes.needs_gaussians, asks=True,
                words="ply splat spz gaussians write save",
                hint="Writes the Gaussians that are not deleted; the suffix decides the format."),
        Command("file.export-turntable", "Export turntable", window.scenes.turntables.ask, "File", "export",
                (), "film", window.scenes.turntables.needed, asks=True,
                words="video mp4 film animation pictures orbit spin render scene",
                hint="Pictures from once around the scene, as PNGs or as a film."),
        Command("file.import-mask", "Import mask", saving.import_mask, "File", "export", (), "import",
                flat, asks=True, words="load png",
                hint="White is asked for; it must have the photo's size."),
        Command("file.close", "Close tab", saving.close_current, "File", "end", ("Ctrl+W",), "close",
                window.needs_tab),
        Command("file.quit", "Quit", window.close, "File", "end", ("Ctrl+Q",), "quit", words="exit"),
    ]  # fmt: skip


def edit_commands(window: MainWindow) -> list[Command]:
    """The Edit menu."""
    return [
        Command("edit.undo", "Undo", window.undo, "Edit", "history", ("Ctrl+Z",), "undo", window.cannot_undo),
        Command("edit.redo", "Redo", window.redo, "Edit", "history", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo",
                window.cannot_redo),
        Command("edit.settings", "Settings", window.help.ask_settings, "Edit", "settings", ("Ctrl+,",),
                "settings",
                asks=True, words="preferences options theme overlay colour"),
    ]  # fmt: skip
