"""The main window, its theme, palette and empty states."""
