"""What the Mask menu does to the mask of the document in front."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow


@dataclass
class Amount:
    """A whole number to ask for: ``low`` to ``high``, with its unit."""

    title: str
    label: str
    value: int
    low: int = 1
    high: int = 200
    unit: str = "px"


class MaskFlow:
    """Each method is one undo step; big masks are worked on off the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        # What was asked for last is proposed next time.
        self._amounts = {
            "grow": Amount("Grow", "Grow by", 8),
            "shrink": Amount("Shrink", "Shrink by", 8),
            "feather": Amount("Feather", "Feather by", 12),
            "border": Amount("Border", "Width", 8),
            "threshold": Amount("Threshold", "From", 128, high=255, unit=""),
        }

    @property
    def _on_render(self) -> bool:
        """A scene is in front without a photo over it: paint there selects Gaussians."""
        return self._window.scenes.front is not None and self._window.scenes.sheet is None

    def select_all(self) -> None:
        """Ask for everything."""
        import numpy as np

        if self._on_render:
            self._window.scenes.selection.all()
            return
        sheet = self._window.sheet
        if sheet is not None:
            sheet.replace_mask(np.full(sheet.mask.shape, 255, np.uint8), "Select all")

    def clear(self) -> None:
        """Ask for nothing."""
        if self._on_render:
            self._window.scenes.selection.none()
            return
        sheet = self._window.sheet
        if sheet is not None:
            sheet.clear_mask("Clear mask")

    def invert(self) -> None:
        """Ask for what was given and the other way round."""
        from maskengines.masks.morphology import invert

        if self._on_render:
            self._window.scenes.selection.invert()
            return
        self.apply("Invert mask", invert)

    def fill_holes(self) -> None:
        """Mask what the mask surrounds."""
        from maskengines.masks.morphology import fill_holes

        self.apply("Fill holes", fill_holes)

    def grow(self) -> None:
        """Widen the mask by a number of pixels."""
        from maskengines.masks.morphology import grow

        if self._on_render:
            self._window.scenes.selection.grow()
            return
        self._ask(self._amounts["grow"], grow)

    def shrink(self) -> None:
        """Narrow the mask by a number of pixels."""
        from maskengines.masks.morphology import shrink

        if self._on_render:
            self._window.scenes.selection.shrink()
            return
        self._ask(self._amounts["shrink"], shrink)

    def feather(self) -> None:
        """Soften the edge."""
        from maskengines.masks.morphology import feather

        self._ask(self._amounts["feather"], feather)

    def border(self) -> None:
        """Keep only a band along the edge."""
        from maskengines.masks.morphology import border

        self._ask(self._amounts["border"], border)

    def threshold(self) -> None:
        """Make a soft mask hard."""
        from maskengines.masks.morphology import threshold

        self._ask(self._amounts["threshold"], threshold)

    def _ask(self, amount: Amount, change: Callable[[Any, int], Any]) -> None:
        from maskstudio.window import dialogs

        value = dialogs.ask_amount(self._window, amount)
        if value is not None:
            amount.value = value
            self.apply(f"{amount.title} mask", lambda mask: change(mask, value))

    def apply(self, label: str, change: Callable[[Any], Any]) -> None:
        """Change a snapshot in the background; a mask painted on meanwhile is not overwritten."""
        window, sheet = self._window, self._window.sheet
        if sheet is None:
            return
        before, revision = sheet.mask.snapshot(), sheet.mask.revision

        def done(array: Any) -> None:
            if sheet.mask.revision == revision and not sheet.mask.editing:
                sheet.replace_mask(array, label)
            else:
                window.banner.tell(f"“{label}” was dropped because the mask changed meanwhile. Try it again.")

        window.background.do(lambda: change(before), done, window.show_error)
