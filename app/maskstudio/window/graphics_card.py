"""Which card the studio draws scenes with: looked for once, and left alone if it brought the studio down."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from maskengines.runtime.paths import config_folder

from maskstudio.canvas.gl.graphics import Graphics, open_graphics

log = logging.getLogger(__name__)

VARIABLE = "MASKSTUDIO_GRAPHICS"
"""`cpu` leaves the card alone; `any` takes OpenGL even where the CPU does its work."""


class Card:
    """The card, opened when it is first needed.

    Drivers can end the process. A file says that one is being tried, so that a studio that finds it draws on
    the CPU; it is deleted once a frame was drawn.
    """

    def __init__(self, *, allowed: bool = True) -> None:
        self._allowed = allowed and os.environ.get(VARIABLE, "") != "cpu"
        self._graphics: Graphics | None = None
        self._looked = False

    def graphics(self) -> Graphics | None:
        """None where there is no card, it is not to be used, or it failed before."""
        if not self._looked:
            self._looked = True
            self._graphics = self._opened() if self._allowed else None
        return self._graphics

    def proved(self) -> None:
        """A frame was drawn."""
        with contextlib.suppress(OSError):
            trial_file().unlink(missing_ok=True)

    def give_up(self, why: object) -> None:
        """It failed: draw on the CPU from now on."""
        log.warning("scenes are drawn on the CPU from now on: %s", why)
        self._graphics = None
        self.proved()

    def _opened(self) -> Graphics | None:
        trial = trial_file()
        if trial.exists():
            log.warning("the graphics card is not used, as the studio ended while it was tried: %s", trial)
            return None
        try:
            trial.parent.mkdir(parents=True, exist_ok=True)
            trial.touch()
        except OSError:
            return None
        found = open_graphics()
        if found is None or (found.software and os.environ.get(VARIABLE, "") != "any"):
            self.proved()
            return None
        return found


def trial_file() -> Path:
    """Is there while a card is tried; delete it to try again."""
    return config_folder() / "graphics-trial"
