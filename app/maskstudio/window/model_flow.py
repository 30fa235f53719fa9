"""The models of this machine, from the Tools menu."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskengines.errors import StudioError

    from maskstudio.window.main_window import MainWindow
    from maskstudio.window.model_errand import ModelErrand
    from maskstudio.window.models_dialog import ModelsDialog


class ModelFlow:
    """Keeps the dialog, and an errand that goes on while it is closed."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    @cached_property
    def errand(self) -> ModelErrand:
        """Made when models are first looked at."""
        from maskstudio.window.model_errand import ModelErrand

        errand = ModelErrand(self._window)
        errand.succeeded.connect(self._succeeded)
        errand.failed.connect(self._failed)
        return errand

    @cached_property
    def dialog(self) -> ModelsDialog:
        """The one dialog; it is only hidden when it is closed."""
        from maskstudio.window.models_dialog import ModelsDialog

        return ModelsDialog(self.errand, self._window.background, self._window)

    def show(self) -> ModelsDialog:
        """Open the dialog beside the work."""
        self.dialog.refresh()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
        return self.dialog

    def close(self) -> None:
        """Stop what is under way; the window closes."""
        if "dialog" in self.__dict__:
            self.dialog.close()
        if "errand" in self.__dict__:
            self.errand.close()

    def _succeeded(self, answer: object) -> None:
        from maskengines.weights.store import Installed

        self._window.actions_changed()
        panel = self._window.engines.engine_panel
        if panel is not None:
            panel.look_what_applies()
        if isinstance(answer, Installed) and not self.dialog.isVisible():
            self._window.banner.tell(f"“{answer.id}” is on this machine now.")

    def _failed(self, error: StudioError) -> None:
        if not self.dialog.isVisible():
            self._window.banner.show_error(error)
