"""A real desktop for journeys: Xvfb, a window manager, and hands that only use mouse and keyboard."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ImageGrab

TOOLS = ("Xvfb", "xdotool", "openbox")


def missing_tools() -> list[str]:
    """Programs that a journey needs and this machine lacks."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def wait_until(condition: Callable[[], object], what: str, seconds: float = 120.0) -> object:
    """Poll until ``condition()`` is true; fail with ``what`` was awaited."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


class Desktop:
    """A virtual screen with a window manager.

    Without a manager keys reach nobody, so one that dies (openbox may crash) is started again.
    """

    def __init__(self, display: str) -> None:
        self.display = display
        self.manager: subprocess.Popen[bytes] | None = None
        self.environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        for name in ("WAYLAND_DISPLAY", "XAUTHORITY"):
            self.environment.pop(name, None)

    def manage(self) -> None:
        """See to it that a window manager runs."""
        if self.manager is not None:
            if self.manager.poll() is None:
                return
            warnings.warn(f"the window manager ended with {self.manager.returncode}", stacklevel=2)
        self.manager = subprocess.Popen(
            ["openbox"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(0.3)  # what a dead manager told of itself is still on the screen
        wait_until(self._is_managed, "the window manager", 20)

    def _is_managed(self) -> bool:
        asked = subprocess.run(
            ["xdotool", "get_num_desktops"],  # only a manager knows
            env=self.environment, capture_output=True, timeout=30, check=False,
        )  # fmt: skip
        return asked.returncode == 0

    def xdotool(self, *arguments: object) -> str:
        self.manage()
        done = subprocess.run(
            ["xdotool", *map(str, arguments)],
            env=self.environment, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        return done.stdout.strip()

    def screenshot(self) -> np.ndarray:
        """The whole screen, ``(H, W, 3)`` uint8."""
        return np.asarray(ImageGrab.grab(xdisplay=self.display).convert("RGB"))

    def windows(self, title: str) -> list[str]:
        return self.xdotool("search", "--onlyvisible", "--name", title).split()


@contextmanager
def desktop(width: int = 1280, height: int = 720) -> Iterator[Desktop]:
    """Start Xvfb on a free display and a window manager on it; both end with the block."""
    read, write = os.pipe()
    server = subprocess.Popen(
        # Else the server resets, and refuses clients meanwhile, whenever its last client leaves.
        ["Xvfb", "-noreset", "-displayfd", str(write), "-screen", "0", f"{width}x{height}x24",
         "-nolisten", "tcp"], pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    screen = Desktop(f":{number}")
    try:
        screen.manage()
        yield screen
    finally:
        for process in (screen.manager, server):
            if process is not None:
                process.terminate()
                process.wait(10)


class Studio:
    """A running studio, driven as a person would."""

    def __init__(self, screen: Desktop, home: Path, arguments: Sequence[object] = ()) -> None:
        self.screen = screen
        self.home = home
        self.output = home / "output.txt"
        home.mkdir(parents=True, exist_ok=True)
        environment = {**screen.environment, "MASKSTUDIO_HOME": str(home)}
        with self.output.open("ab") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "maskstudio", *map(str, arguments)],
                env=environment, stdout=sink, stderr=sink, start_new_session=True,
            )  # fmt: skip
        self.window = str(wait_until(self._find_window, "the studio's window"))
        self.screen.xdotool("windowactivate", "--sync", self.window)
        self.screen.xdotool("windowmove", self.window, 0, 0)
        self.screen.xdotool("key", "--window", self.window, "super")
        time.sleep(0.3)

    def _find_window(self) -> str | None:
        if self.process.poll() is not None:
            raise AssertionError(f"the studio ended early:\n{self.output.read_text()}")
        found = self.screen.windows("MaskStudio")
        return found[-1] if found else None

    # what a person does

    def key(self, *keys: str) -> None:
        self.screen.xdotool("key", "--delay", 30, *keys)
        time.sleep(0.15)

    def write(self, text: str) -> None:
        self.screen.xdotool("type", "--delay", 12, text)
        time.sleep(0.15)

    def click(self, x: int, y: int, button: int = 1) -> None:
        self.screen.xdotool("mousemove", x, y, "click", button)
        time.sleep(0.15)

    def stroke(self, points: Sequence[tuple[int, int]], button: int = 1) -> None:
        """Drag through ``points`` (screen pixels), in steps as a hand would."""
        (x, y), *rest = points
        self.screen.xdotool("mousemove", x, y, "mousedown", button)
        for nx, ny in rest:
            for step in range(1, 9):
                self.screen.xdotool("mousemove", x + (nx - x) * step // 8, y + (ny - y) * step // 8)
            x, y = nx, ny
        self.screen.xdotool("mouseup", button)
        time.sleep(0.2)

    # what a person sees

    @property
    def title(self) -> str:
        return self.screen.xdotool("getwindowname", self.window)

    def log(self) -> str:
        """The studio's log file and whatever it printed."""
        files = sorted(self.home.rglob("*.log"))
        return "\n".join(file.read_text(errors="replace") for file in [*files, self.output])

    def wait_for_log(self, pattern: str, seconds: float = 120.0, times: int = 1) -> None:
        try:
            wait_until(
                lambda: len(re.findall(pattern, self.log())) >= times,
                f"/{pattern}/ x{times} in the log",
                seconds,
            )
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- log\n{self.log()[-3000:]}") from None

    def wait_for_title(self, pattern: str, seconds: float = 120.0) -> None:
        try:
            wait_until(lambda: re.search(pattern, self.title), f"/{pattern}/ in the title", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}; it reads {self.title!r}\n{self.log()[-2000:]}") from None

    # how it ends

    def workers(self) -> list[int]:
        """Process ids of the studio's engine workers."""
        import psutil

        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        found = []
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile, or is a zombie
                if "spawn_main" in " ".join(child.cmdline()):
                    found.append(child.pid)
        return found

    def kill(self) -> None:
        """`kill -9`: what a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
