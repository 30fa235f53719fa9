"""What the Mask menu does to the mask of the document in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from maskstudio.window import dialogs

if TYPE_CHECKING:
    from maskstudio.window.main_window import MainWindow


class MaskFlow:
    """Each method is one undo step; big masks are worked on off the GUI thread."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._amounts = {"grow": 8, "shrink": 8, "feather": 12, "border": 8, "threshold": 128}

    def select_all(self) -> None:
        """Ask for everything."""
        import numpy as np

        document = self._window.document
        if document is not None:
            document.replace_mask(np.full(document.mask.shape, 255, np.uint8), "Select all")

    def clear(self) -> None:
        """Ask for nothing."""
        import numpy as np

        document = self._window.document
        if document is not None:
            document.replace_mask(np.zeros(document.mask.shape, np.uint8), "Clear mask")

    def invert(self) -> None:
        """Ask for what was given and the other way round."""
        from maskengines.masks.morphology import invert

        self._apply("Invert mask", invert)

    def fill_holes(self) -> None:
        """Mask what the mask surrounds."""
        from maskengines.masks.morphology import fill_holes

        self._apply("Fill holes", fill_holes)

    def grow(self) -> None:
        """Widen the mask by a number of pixels."""
        from maskengines.masks.morphology import grow

        self._ask("grow", "Grow", "Grow by", 1, 200, "px", lambda mask, amount: grow(mask, amount))

    def shrink(self) -> None:
        """Narrow the mask by a number of pixels."""
        from maskengines.masks.morphology import shrink

        self._ask("shrink", "Shrink", "Shrink by", 1, 200, "px", lambda mask, amount: shrink(mask, amount))

    def feather(self) -> None:
        """Soften the edge."""
        from maskengines.masks.morphology import feather

        self._ask(
            "feather", "Feather", "Feather by", 1, 200, "px", lambda mask, amount: feather(mask, amount)
        )

    def border(self) -> None:
        """Keep only a band along the edge."""
        from maskengines.masks.morphology import border

        self._ask("border", "Border", "Width", 1, 200, "px", lambda mask, amount: border(mask, amount))

    def threshold(self) -> None:
        """Make a soft mask hard."""
        from maskengines.masks.morphology import threshold

        self._ask("threshold", "Threshold", "From", 1, 255, "", lambda mask, level: threshold(mask, level))

    def _ask(
        self,
        key: str,
        title: str,
        label: str,
        low: int,
        high: int,
        unit: str,
        change: Callable[[Any, int], Any],
    ) -> None:
        value = dialogs.ask_amount(
            self._window, title, label, value=self._amounts[key], low=low, high=high, unit=unit
        )
        if value is not None:
            self._amounts[key] = value
            self._apply(f"{title} mask", lambda mask: change(mask, value))

    def _apply(self, label: str, change: Callable[[Any], Any]) -> None:
        """Change a snapshot in the background; a mask painted on meanwhile is not overwritten."""
        window, document = self._window, self._window.document
        if document is None:
            return
        before, revision = document.mask.snapshot(), document.mask.revision

        def done(array: Any) -> None:
            if document.mask.revision == revision and not document.mask.editing:
                document.replace_mask(array, label)
            else:
                window.banner.tell(f"“{label}” was dropped because the mask changed meanwhile. Try it again.")

        window.background.do(lambda: change(before), done, window.show_error)
