"""Keeps a form to the fields that apply, such as those that the chosen model has."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from maskstudio.jobs.background import Background

if TYPE_CHECKING:
    from maskengines.runtime.registry import RegisteredEngine

    from maskstudio.panels.form import SchemaForm


class ApplyingFields(QObject):
    """Asks an engine in a thread, as it reads folders, and shows the fields that it names.

    ``applied`` is emitted after the fields of a form became others, and with them its values.
    """

    applied = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = Background(self._came, self)
        self._form: SchemaForm | None = None

    def ask(self, engine: RegisteredEngine, form: SchemaForm) -> None:
        """Have ``form`` show what applies with the values that it holds; a newer question overtakes."""
        self._work.forget()
        self._form = form
        if not engine.info.fields:
            return
        values = form.held()

        def look() -> frozenset[str]:
            from maskengines.runtime.applying import fields_that_apply

            return fields_that_apply(engine, values)

        self._work.start(look)

    def _came(self, names: Collection[str]) -> None:
        if self._form is not None and isValid(self._form) and self._form.apply(names):
            self.applied.emit()
