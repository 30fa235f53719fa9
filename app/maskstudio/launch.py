"""Opens the window, or says in one sentence why this machine cannot show one.

Qt itself would abort the process with a page of text, so what usually misses is looked at first.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from maskengines.errors import BadInput, NotReady

from maskstudio.qt_libraries import apt_line, missing_libraries, missing_xcb
from maskstudio.stopping import window_stopped_by_signals


def launch(files: Sequence[Path], mask: Path | None = None) -> int:
    """Open the window with ``files`` in it, ``mask`` painted on the first, and stay until it is closed.

    Raises:
        BadInput: a file does not exist.
        NotReady: no display, or Qt's system libraries are missing.
    """
    for file in files:
        _require(file)
    reached = screen()
    if reached == "none":
        raise NotReady(
            "There is no display here, so the window cannot open; 'maskstudio run' does the work without one."
        )
    if reached == "xcb" and (missing := missing_xcb()):
        raise NotReady(
            f"The window needs {missing[0].soname}, which is missing; "
            f"install it and what else is needed with: {apt_line(missing_libraries())}"
        )
    try:
        from maskstudio.window.app import run_app
    except ImportError as error:
        if "cannot open shared object" not in str(error):
            raise
        missing = missing_libraries()
        cure = f"install what is missing with: {apt_line(missing)}" if missing else "see 'maskstudio doctor'"
        raise NotReady(f"Qt cannot start: {error}; {cure}") from None
    with window_stopped_by_signals():
        return run_app(list(files), mask)


def screen() -> str:
    """Which way Qt will reach the screen: ``xcb``, ``wayland``, the name of another Qt platform that the
    user chose, ``native`` elsewhere than on Linux, or ``none`` where there is no display that answers."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0].partition(";")[0]
    if chosen or not sys.platform.startswith("linux"):
        return chosen or "native"
    if os.environ.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "xcb" if os.environ.get("DISPLAY") and _x_server_answers() else "none"


def _x_server_answers() -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # a missing library is another message than a missing display
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    for name in (xcb.xcb_connection_has_error, xcb.xcb_disconnect):
        name.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    refused = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not refused


def _require(file: Path) -> None:
    try:
        found = os.path.lexists(file)
    except ValueError:  # an embedded null
        found = False
    if not found:
        raise BadInput(
            f"There is no file '{file}', and it is no command either (engines, run, plugins, doctor)."
            if file.parent == Path()
            else f"There is no file '{file}'."
        )
