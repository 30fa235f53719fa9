"""Asks what mask to generate for the document in front, and lays it over the one that is there."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow

MAX_SEED = 999_999
CELLS_ACROSS = 96
"""Cells along the longer side that noise starts with."""


@dataclass(frozen=True)
class Wish:
    """What the dialog is opened with and answers with.

    Attributes:
        kind, ratio, seed, cell: as in ``maskengines.masks.samplers.generating.Recipe``.
        mode: what becomes of the mask that is there: ``replace``, ``add`` or ``subtract``.
    """

    kind: str
    ratio: float
    seed: int
    cell: int
    mode: str


class GenerateFlow:
    """A mask generated is one undo step; share and mode are proposed again, the seed is a new one."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._ratio, self._mode = 0.25, "replace"

    def asker(self, kind: str) -> Callable[[], None]:
        """What a command of that kind of mask does."""
        return lambda: self.ask(kind)

    def ask(self, kind: str) -> None:
        """Ask for the rest, then generate."""
        from maskengines.masks.samplers.generating import COMBINE, Recipe, generate, smallest_cell

        from maskstudio.window import dialogs

        window, document = self._window, self._window.document
        if document is None:
            return
        height, width = document.mask.shape
        cell = max(smallest_cell(height, width), round(max(height, width) / CELLS_ACROSS))
        start = Wish(kind, self._ratio, secrets.randbelow(MAX_SEED + 1), cell, self._mode)
        wish = dialogs.ask_mask(window, start)
        if wish is None:
            return
        self._ratio, self._mode = wish.ratio, wish.mode
        recipe, combine = Recipe(wish.kind, wish.ratio, wish.seed, wish.cell), COMBINE[wish.mode]
        window.masks.apply("Generate mask", lambda mask: combine(mask, generate(recipe, height, width)))
