"""Choose an engine, set it, run it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from maskengines.errors import StudioError
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from maskstudio.jobs.reasons import run_disabled_reason
from maskstudio.panels.applying import ApplyingFields
from maskstudio.panels.brief_note import BriefNote
from maskstudio.panels.controls import PanelScroll, QuietButton, RunButton, Switch, guard_wheel
from maskstudio.panels.form import LABEL_WIDTH, SchemaForm
from maskstudio.panels.form_fields import NUMBER_SHEET
from maskstudio.panels.remembered import RememberedValues
from maskstudio.panels.style import CONTROL_HEIGHT, MARGIN, STEP, Note
from maskstudio.panels.trust_dialog import ask_to_trust
from maskstudio.panels.words import percent, remaining

if TYPE_CHECKING:
    from maskengines.contract import EngineInfo
    from maskengines.runtime.registry import RegisteredEngine

    from maskstudio.documents.document import Document
    from maskstudio.jobs.asking import Asker
    from maskstudio.jobs.service import JobService

MAX_COUNT = 16
MAX_HYPOTHESES = 999
"""All of them are one answer."""
MAX_SEED = 999_999
REFRESH_MS = 150
FORM_HEIGHT = 176
"""Less of a form than this would be a keyhole."""
SETTLE_MS = 120
"""Pause after an edit of the form before anybody hears of it: a name is typed letter by letter."""


class EnginePanel(QWidget):
    """The engine, its form, how many answers, and Run.

    `run`, `cancel` and `disabled_reason` are what a window's commands call. ``reason_changed`` is
    emitted when `disabled_reason` may be another one.
    """

    reason_changed = Signal()
    live_toggled = Signal(bool)

    def __init__(
        self, service: JobService, parent: QWidget | None = None, *, memory: RememberedValues | None = None
    ) -> None:
        super().__init__(parent)
        self._service = service
        self._memory = memory or RememberedValues()
        self._document: Document | None = None
        self._kind = "image"
        self._asker: Asker | None = None
        self._engine: RegisteredEngine | None = None
        self._form: SchemaForm | None = None
        self._problem: StudioError | None = None
        self._links: list[Any] = []
        service.confirm_trust = lambda engine: ask_to_trust(engine, self.window())
        self._build()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(REFRESH_MS)
        self._later.timeout.connect(self._refresh)
        self._settle_values = QTimer(self)
        self._settle_values.setSingleShot(True)
        self._settle_values.setInterval(SETTLE_MS)
        self._settle_values.timeout.connect(self._follow_live)
        self._settle_values.timeout.connect(self.look_what_applies)
        self._applying = ApplyingFields(self)
        self._applying.applied.connect(self._follow_live)
        self._applying.applied.connect(self._refresh)
        service.engines_changed.connect(self._fill)
        service.start_failed.connect(self._start_failed)
        self._fill()

    # --- what the window calls ------------------------------------------------------------------

    def set_document(self, document: Document | None) -> None:
        """Work on another document, or on none."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links = []
        if self._asker is not None and document is not self._document and isValid(self._asker):
            self._asker.live.set_enabled(False)
        self._document = document
        self._asker = self._service.asker(document) if document is not None else None
        self._problem = None
        self._live_problem.say("")
        if document is not None and document.kind != self._kind:
            self._kind = document.kind
            self._fill()
        if document is not None and self._asker is not None:
            self._link(document.mask_changed, self._soon)
            self._link(document.state_changed, self._soon)
            self._link(document.image_changed, self._soon)
            self._link(self._asker.running_changed, self._show_run)
            self._link(self._asker.moved, self._show_run)
            self._link(self._asker.failed, self._failed)
            self._link(self._asker.live.failed, self._live_failed)
            self._link(self._asker.live.patch, self._live_came)
            wanted = document.settings.get("engine")
            if isinstance(wanted, str):
                self.choose(wanted)
            self._follow_live()
            self._asker.live.set_enabled(self._live.isChecked())
        self._refresh()

    def choose(self, engine_id: str) -> bool:
        """Select an engine; False if it is not offered."""
        at = self._chooser.findData(engine_id)
        if at < 0:
            return False
        self._chooser.setCurrentIndex(at)
        return True

    @property
    def offered(self) -> list[RegisteredEngine]:
        """What can be asked about the subject at hand, as listed."""
        return [
            each
            for each in self._service.engines()
            if not each.info.follows and self._kind in each.info.subject_kinds
        ]

    @property
    def engine(self) -> RegisteredEngine | None:
        """The chosen engine."""
        return self._engine

    @property
    def form(self) -> SchemaForm | None:
        """The chosen engine's form."""
        return self._form

    def disabled_reason(self) -> str | None:
        """Why Run cannot run now, in one sentence; None if it can."""
        if self._asker is not None and self._asker.running:
            return "Already at work: Esc cancels"
        if not self._service.ready:
            return "Engines are loading"
        reason = run_disabled_reason(
            self._document,
            self._engine,
            self._service.standing(self._engine) if self._engine is not None else None,
        )
        if reason is None and self._form is not None:
            reason = (self._form.problem or "").rstrip(".") or None
        return reason

    def run(self, **more: Any) -> None:
        """Ask the chosen engine; with a reason not to, show it.

        Args:
            more: parameters for this run alone, instead of what the form says.
        """
        if self._engine is None or self._asker is None or self._form is None or self._document is None:
            return
        self._problem = None
        if not self._lock.isChecked():
            self._seed.setValue(secrets.randbelow(MAX_SEED + 1))
        values = self._form.values()
        self._memory.put(self._engine.info.id, self._form.held())
        self._document.change_settings({"engine": self._engine.info.id})
        self._asker.run(self._engine.info.id, values | more, self._count.value(), self._seed.value())
        self._refresh()

    def fill_in(self, name: str, value: Any) -> None:
        """Set a parameter of the chosen engine, as if the user had typed it; an unknown one is ignored."""
        if self._form is not None:
            self._form.fill_in(name, value)

    def look_what_applies(self) -> None:
        """Find out again which fields apply, as when models came or went."""
        if self._engine is not None and self._form is not None:
            self._applying.ask(self._engine, self._form)

    def cancel(self) -> None:
        """Stop the document's running job."""
        if self._asker is not None:
            self._asker.cancel()

    def set_live(self, on: bool) -> None:
        """Turn the preview that follows the brush on or off."""
        if on != self._live.isChecked():
            self._live.click()

    @property
    def live(self) -> bool:
        return self._live.isChecked()

    # --- making ---------------------------------------------------------------------------------

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self._scroll = PanelScroll()
        self._scroll.setMinimumHeight(FORM_HEIGHT)
        column = self._scroll.column
        column.setContentsMargins(MARGIN, STEP, MARGIN - STEP, STEP)
        column.setSpacing(STEP)
        outer.addWidget(self._scroll, 1)
        self._chooser = QComboBox()
        self._chooser.setFixedHeight(CONTROL_HEIGHT)
        self._chooser.setAccessibleName(self.tr("Engine"))
        self._chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        guard_wheel(self._chooser)
        self._chooser.currentIndexChanged.connect(self._chosen)
        self._reload = QuietButton("redo", self.tr("Look for new plugins"))
        self._reload.clicked.connect(self._service.refresh_engines)
        top = QHBoxLayout()
        top.setSpacing(STEP)
        top.addWidget(self._chooser, 1)
        top.addWidget(self._reload)
        column.addLayout(top)
        self._summary = Note()
        column.addWidget(self._summary)
        column.addSpacing(STEP)
        self._form_slot = QVBoxLayout()
        column.addLayout(self._form_slot)
        self._count = self._spin(1, MAX_COUNT, self.tr("How many answers to ask for"))
        self._count.setFixedWidth(44)
        self._seed = self._spin(0, MAX_SEED, self.tr("The same seed gives the same answers again"))
        self._seed.setMinimumWidth(52)
        self._lock = QuietButton(
            "lock-simple-open", self.tr("Every run takes a new seed; click to keep this one")
        )
        self._lock.setCheckable(True)
        self._lock.toggled.connect(self._locked)
        self._locked(False)
        asked = QHBoxLayout()
        asked.setSpacing(STEP)
        answers = self._answers = QLabel(self.tr("Answers"))
        answers.setFixedWidth(LABEL_WIDTH)
        answers.setBuddy(self._count)
        seed = QLabel(self.tr("Seed"))
        seed.setBuddy(self._seed)
        asked.addWidget(answers)
        asked.addWidget(self._count)
        asked.addSpacing(STEP)
        asked.addWidget(seed)
        asked.addWidget(self._seed, 1)
        asked.addWidget(self._lock)
        column.addLayout(asked)
        self._live = Switch()
        self._live.setChecked(True)
        self._live.setAccessibleName(self.tr("Preview while painting"))
        self._live.clicked.connect(self._live_clicked)
        self._live_row = QWidget()
        preview = QHBoxLayout(self._live_row)
        preview.setContentsMargins(0, 0, 0, 0)
        preview.setSpacing(STEP)
        preview.addWidget(QLabel(self.tr("Preview while painting")), 1)
        preview.addWidget(self._live)
        preview.addSpacing(24 + STEP)
        column.addWidget(self._live_row)
        self._live_problem = Note("", "error")
        self._live_problem.hide()
        column.addWidget(self._live_problem)
        column.addStretch(1)
        foot = QVBoxLayout()
        foot.setContentsMargins(MARGIN, STEP, MARGIN, MARGIN)
        foot.setSpacing(STEP)
        outer.addLayout(foot)
        self.run_button = RunButton()
        self.run_button.clicked.connect(self._run_clicked)
        foot.addWidget(self.run_button)
        self._reason = BriefNote()
        # One line is kept free for it: Run must not move under the pointer.
        policy = self._reason.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._reason.setSizePolicy(policy)
        foot.addWidget(self._reason)
        self._details = QPushButton(self.tr("Show details"))
        self._details.setProperty("quiet", True)
        self._details.setStyleSheet("QPushButton { padding: 0; }")
        self._details.clicked.connect(self._show_details)
        foot.addWidget(self._details, 0, Qt.AlignmentFlag.AlignLeft)
        self._details.hide()

    def _locked(self, on: bool) -> None:
        self._lock.set_icon("lock-simple" if on else "lock-simple-open")
        self._lock.setToolTip(
            self.tr("This seed is kept; click for a new one every run")
            if on
            else self.tr("Every run takes a new seed; click to keep this one")
        )

    def _spin(self, low: int, high: int, tip: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(low, high)
        spin.setFixedHeight(CONTROL_HEIGHT)
        spin.setStyleSheet(NUMBER_SHEET)
        spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        spin.setToolTip(tip)
        guard_wheel(spin)
        return spin

    # --- following ------------------------------------------------------------------------------

    def _link(self, signal: Any, slot: Any) -> None:
        signal.connect(slot)
        self._links.append((signal, slot))

    def _soon(self, *_: Any) -> None:
        if not self._later.isActive():
            self._later.start()

    def _fill(self) -> None:
        before = self._engine.info.id if self._engine else None
        offered = self.offered
        self._chooser.blockSignals(True)
        self._chooser.clear()
        for each in offered:
            self._chooser.addItem(each.info.title, each.info.id)
        at = self._chooser.findData(before) if before else -1
        self._chooser.setCurrentIndex(max(0, at) if offered else -1)
        self._chooser.blockSignals(False)
        self._chosen()

    def _chosen(self, _: int = 0) -> None:
        engine_id = self._chooser.currentData()
        known = self._engine.info if self._engine is not None else None
        before = known.id if known is not None else None
        self._engine = self._service.engine(engine_id) if engine_id else None
        info = self._engine.info if self._engine is not None else None
        same = known is not None and info is not None and known.id == info.id
        if not same:
            # After a look at the plugin folder it is still the engine that the sentence is about.
            self._problem = None
            self._live_problem.say("")
        if known is None or info is None or not same or known.schema() != info.schema():
            self._take_form_away(before)
            if info is not None:
                self._make_form(info)
        if info is not None and self._engine is not None:
            many = info.result_kinds == ("hypotheses",)
            self._count.setMaximum(MAX_HYPOTHESES if many else MAX_COUNT)
            self._answers.setText(self.tr("Poses") if many else self.tr("Answers"))
            self._count.setToolTip(
                self.tr("How many hypotheses to ask for") if many else self.tr("How many answers to ask for")
            )
            if info.id != before:
                self._count.setValue(info.default_count)
            broken = self._service.standing(self._engine).reason == info.summary
            self._summary.say("" if broken else info.summary)
        else:
            self._summary.say("" if self._service.ready else self.tr("Looking for engines"))
        self.look_what_applies()
        self._follow_live()
        self._refresh()

    def _take_form_away(self, engine_id: str | None) -> None:
        if self._form is None:
            return
        if engine_id is not None and self._form.problem is None:
            self._memory.put(engine_id, self._form.held())
        self._form_slot.removeWidget(self._form)
        self._form.hide()
        self._form.deleteLater()
        self._form = None

    def _make_form(self, info: EngineInfo) -> None:
        self._form = SchemaForm(info.params)
        self._restore(self._form, info.id)
        self._form.changed.connect(self._refresh)
        self._form.changed.connect(self._settle_values.start)
        self._form_slot.addWidget(self._form)

    def _follow_live(self) -> None:
        """Let what follows the brush answer towards this engine, with these values."""
        if self._asker is not None and self._engine is not None and self._form is not None:
            if self._form.problem is None:
                self._asker.live.ask_towards(self._engine, self._form.values())
            self._live_row.setVisible(self._asker.live.possible)

    def _restore(self, form: SchemaForm, engine_id: str) -> None:
        defaults = form.values()
        form.set_values(self._memory.get(engine_id))
        if form.problem is not None:
            form.set_values(defaults)

    def _refresh(self) -> None:
        self._later.stop()
        self._show_run()
        self.reason_changed.emit()

    def _show_run(self) -> None:
        job = self._asker.job if self._asker is not None else None
        if job is not None and job.active:
            words = [self.tr("Cancel")]
            if job.fraction is not None:
                words.append(percent(job.fraction))
            if job.eta is not None and job.elapsed + job.eta > 3:
                words.append(remaining(job.eta))
            self.run_button.set_working(job.fraction, "   ".join(words))
            self.run_button.setEnabled(True)
            waiting = self.tr("Waiting for another job to end") if job.state == "queued" else ""
            self._reason.say(job.text or waiting)
            self._details.hide()
            return
        self.run_button.set_idle()
        reason = self.disabled_reason()
        self.run_button.setEnabled(reason is None)
        self.run_button.setToolTip(reason or self.tr("Ask the engine (Ctrl+Enter)"))
        if self._problem is not None:
            self._reason.say(self._problem.message, "error")
        else:
            self._reason.say(reason or "")
        more = self._problem is not None and (bool(self._problem.log) or self._reason.cut)
        self._details.setVisible(more)

    def _run_clicked(self) -> None:
        if self.run_button.working:
            self.cancel()
        else:
            self.run()

    def _live_clicked(self, on: bool) -> None:
        if self._asker is not None:
            self._live_problem.say("")
            self._asker.live.set_enabled(on)
            self._asker.live.begin()
        self.live_toggled.emit(on)

    def _failed(self, error: StudioError) -> None:
        self._problem = error
        self._refresh()

    def _live_failed(self, error: StudioError) -> None:
        # What answers with numbers has a panel that says it.
        if self._asker is not None and self._asker.live.fills:
            self._live_problem.say(error.message, "error")

    def _live_came(self, patch: object) -> None:
        if patch is not None:
            self._live_problem.say("")

    def _start_failed(self, error: StudioError) -> None:
        self._summary.say(error.message, "error")

    def _show_details(self) -> None:
        from maskstudio.panels.details import show_details

        if self._problem is not None:
            show_details(self._problem, self.window())
