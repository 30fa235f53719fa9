"""``--install-desktop``: a menu entry, icons and file associations for this user, after the
freedesktop.org Desktop Entry, Icon Theme and Shared MIME-info specifications.

What is written goes under ``XDG_DATA_HOME`` and is listed there in a file of our own, so that
``--uninstall-desktop`` removes exactly that and nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from maskengines.assets import assets_folder
from maskengines.errors import BadInput, NotReady

from maskstudio.desktop_entry import APP_ID, ENTRY, OPENRASTER_XML
from maskstudio.output import say

LISTING = Path("maskstudio") / "desktop-files.json"
PNG_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
# Written by the tools that index what we wrote: ours to remove when we brought their folder to life.
INDEX_FILES = ("applications/mimeinfo.cache", "icons/hicolor/icon-theme.cache")


def install() -> int:
    """Write the menu entry, the icons and the associations; returns 0 and says where.

    Raises:
        NotReady: not a Linux desktop.
        BadInput: the folder cannot be written.
    """
    if not sys.platform.startswith("linux"):
        raise NotReady("A menu entry can be installed on Linux desktops only.")
    home = data_home()
    made = _Made(home)
    try:
        _remove_listed(home)
        made.file(f"applications/{APP_ID}.desktop", ENTRY.format(exec=exec_line(_command())).encode())
        _write_icons(made)
        if not _knows_openraster(home):
            made.file(f"mime/packages/{APP_ID}.xml", OPENRASTER_XML.encode())
        made.finish(LISTING)
    except OSError as error:
        made.undo()
        raise BadInput(f"The menu entry cannot be written to {home}: {error.strerror}.") from None
    _refresh(home)
    say(str(home / "applications" / f"{APP_ID}.desktop"))
    return 0


def uninstall() -> int:
    """Remove exactly what `install` wrote; removing nothing is fine as well.

    Raises:
        BadInput: a file cannot be removed.
    """
    home = data_home()
    try:
        removed = _remove_listed(home)
    except OSError as error:
        raise BadInput(f"The menu entry cannot be removed from {home}: {error.strerror}.") from None
    if removed:
        say(f"MaskStudio was taken out of the menu ({home}).")
    else:
        say(f"There was no menu entry of MaskStudio in {home}.")
    return 0


def data_home() -> Path:
    """``XDG_DATA_HOME``, by default ``~/.local/share``; a relative value is ignored, as the spec asks."""
    chosen = os.environ.get("XDG_DATA_HOME", "")
    return Path(chosen) if Path(chosen).is_absolute() else Path.home() / ".local" / "share"


def exec_line(command: Sequence[str]) -> str:
    """Value of ``Exec=`` for a command, with ``%F`` for the files (Desktop Entry spec, "The Exec key").

    Every argument is quoted; inside quotes ``"``, backtick, ``$`` and backslash take a backslash, the
    file's own escaping doubles each backslash, and ``%`` is written twice.
    """
    quoted = []
    for word in command:
        inner = "".join(f"\\{letter}" if letter in '"`$\\' else letter for letter in word)
        quoted.append('"' + inner.replace("\\", "\\\\").replace("%", "%%") + '"')
    return " ".join([*quoted, "%F"])


def _command() -> list[str]:
    script = Path(sys.executable).with_name("maskstudio")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "maskstudio"]


def _write_icons(made: _Made) -> None:
    icons = assets_folder() / "icons"
    for size in PNG_SIZES:
        source = icons / f"maskstudio-{size}.png"
        if source.is_file():
            made.file(f"icons/hicolor/{size}x{size}/apps/{APP_ID}.png", source.read_bytes())
    source = icons / "maskstudio.svg"
    if source.is_file():
        made.file(f"icons/hicolor/scalable/apps/{APP_ID}.svg", source.read_bytes())


def _knows_openraster(home: Path) -> bool:
    system = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    folders = [home, *(Path(folder) for folder in system.split(":") if folder)]
    return any((folder / "mime" / "image" / "openraster.xml").exists() for folder in folders)


class _Made:
    """Writes files and folders and remembers which of them were not there before."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._files: list[str] = []
        self._folders: list[str] = []

    def file(self, name: str, content: bytes) -> None:
        path = self._home / name
        self._folder(path.parent)
        path.write_bytes(content)
        self._files.append(name)

    def finish(self, listing: Path) -> None:
        """Write down what was made, the listing itself included."""
        self._folder((self._home / listing).parent)
        self._files.append(str(listing))
        indexes = [name for name in INDEX_FILES if not (self._home / name).exists()]
        made_mime = not (self._home / "mime" / "mime.cache").exists()
        record = {"files": self._files, "folders": self._folders, "indexes": indexes, "mime": made_mime}
        (self._home / listing).write_text(json.dumps(record, indent=1), encoding="utf-8")

    def undo(self) -> None:
        _remove(self._home, self._files, self._folders)

    def _folder(self, folder: Path) -> None:
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for path in reversed(missing):
            path.mkdir()
            self._folders.append(os.path.relpath(path, self._home))


def _remove_listed(home: Path) -> bool:
    try:
        record = json.loads((home / LISTING).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    had_mime_type = any(name.startswith("mime/") for name in record["files"])
    _remove(home, record["files"], [])
    _refresh(home)
    if not any((home / "applications").glob("*.desktop")):
        _remove(home, [name for name in record["indexes"] if name.startswith("applications")], [])
    if had_mime_type and record["mime"] and not any((home / "mime" / "packages").glob("*.xml")):
        # update-mime-database made all of it out of our one package.
        shutil.rmtree(home / "mime", ignore_errors=True)
    _remove(home, [], record["folders"])
    return True


def _remove(home: Path, files: Sequence[str], folders: Sequence[str]) -> None:
    for name in files:
        (home / name).unlink(missing_ok=True)
    for name in reversed(folders):
        try:
            (home / name).rmdir()
        except OSError:
            continue  # something else moved in, or it is gone already


def _refresh(home: Path) -> None:
    """Let the desktop see the change at once, where its tools are installed."""
    if (home / "mime" / "packages").is_dir():
        _call("update-mime-database", home / "mime")
    if (home / "applications").is_dir():
        _call("update-desktop-database", home / "applications")
    if (home / "icons" / "hicolor").is_dir():
        os.utime(home / "icons" / "hicolor")


def _call(tool: str, folder: Path) -> None:
    program = shutil.which(tool)
    if program:
        subprocess.run([program, str(folder)], capture_output=True, timeout=60, check=False)
