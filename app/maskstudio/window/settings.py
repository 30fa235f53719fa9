"""What the window remembers between runs: a small JSON file, and QSettings for its geometry."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from maskengines.runtime.paths import config_folder
from PySide6.QtCore import QSettings

RECENT_FILES = 12


@dataclass
class WindowSettings:
    """Choices of the user. Unknown or mistyped keys of the file are left out, never an error."""

    theme: str = "dark"
    overlay_colour: str = "#ff3b3b"
    overlay_opacity: float = 0.5
    brush: list[float] = field(default_factory=lambda: [40.0, 0.8, 1.0])
    """Size in pixels, hardness and opacity."""
    use_graphics_card: bool = True
    recent: list[str] = field(default_factory=list)
    folder: str = ""
    """Where the last file was opened or saved."""

    @classmethod
    def path(cls) -> Path:
        """The file they live in."""
        return config_folder() / "window.json"

    @classmethod
    def load(cls) -> WindowSettings:
        """Read the file; the defaults for whatever it does not hold."""
        settings = cls()
        try:
            values = json.loads(cls.path().read_text("utf-8"))
        except (OSError, ValueError):
            return settings
        if not isinstance(values, dict):
            return settings
        for each in fields(cls):
            value = values.get(each.name)
            if isinstance(value, type(getattr(settings, each.name))):
                setattr(settings, each.name, value)
        numbers = len(settings.brush) == 3 and all(isinstance(each, int | float) for each in settings.brush)
        if not numbers:
            settings.brush = cls().brush
        settings.recent = [name for name in settings.recent if isinstance(name, str)]
        return settings

    def save(self) -> None:
        """Write the file. A settings folder that cannot be written costs the memory, not the work."""
        from maskengines.errors import StudioError
        from maskengines.files import atomic_write

        with contextlib.suppress(OSError, StudioError):
            self.path().parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self.path()) as handle:
                handle.write(json.dumps(asdict(self), indent=1, ensure_ascii=False).encode())

    def remember(self, path: Path) -> None:
        """Put a file at the head of the recent ones."""
        name = str(path.resolve())
        self.recent = [name, *(other for other in self.recent if other != name)][:RECENT_FILES]
        self.folder = str(path.resolve().parent)
        self.save()

    def recent_files(self) -> list[Path]:
        """Recent files and folders of scenes that still exist, newest first."""
        return [path for path in map(Path, self.recent) if path.exists()]


def geometry_store() -> QSettings:
    """Where window size and splitter positions are kept."""
    return QSettings(str(config_folder() / "geometry.ini"), QSettings.Format.IniFormat)
