"""The answers of the engines, as they come in: look at one in place, keep it, see where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maskengines.contract import Candidate, EngineInfo
from maskengines.results.curves import CurveResult
from maskengines.results.maps import MapResult
from maskengines.results.tables import TableResult
from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from maskstudio.panels.controls import QuietButton
from maskstudio.panels.curve_plot import CurvePlot
from maskstudio.panels.gallery import Gallery
from maskstudio.panels.heat_bar import HeatBar
from maskstudio.panels.hypotheses_card import HypothesesCard
from maskstudio.panels.map_card import MapCard
from maskstudio.panels.style import MARGIN, STEP, Note
from maskstudio.panels.table_card import TableCard
from maskstudio.window.icons import icon

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.jobs.asking import Asker
    from maskstudio.jobs.service import JobService


class CandidatesPanel(QWidget):
    """The gallery of one document and what can be done with it.

    Signals:
        candidate_shown: the `Candidate` now shown in place, or None.
        keep_requested: the user wants this `Candidate`; whoever listens keeps it.
        heat_toggled: the `Heat` to lay over the canvas, or None.
        compare_held: the compare button is down; show the picture as it was.
        export_requested: the user wants this `Candidate`, which is no picture, in a file, and which of its
            hypotheses is chosen or None.
        body_shown: the `Candidate` of kind ``hypotheses`` whose bodies show, and the number of the chosen
            one or None; None and None once none shows.
        body_kept: the user wants this body, a `Candidate` and the number of the hypothesis; whoever listens
            keeps it.
        hand_body_kept: the user wants the body that follows the hand; whoever listens keeps it.
    """

    candidate_shown = Signal(object)
    keep_requested = Signal(object)
    heat_toggled = Signal(object)
    compare_held = Signal(bool)
    export_requested = Signal(object, object)
    body_shown = Signal(object, object)
    body_kept = Signal(object, int)
    hand_body_kept = Signal()

    def __init__(self, service: JobService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._document: Document | None = None
        self._asker: Asker | None = None
        self._engine: EngineInfo | None = None
        self._shown: Candidate | None = None
        self._part: int | None = None
        self._map_shown = False
        self.hand_body = False
        """A body follows the hand, and can be kept while no candidate is shown."""
        self._links: list[Any] = []
        self._build()
        self._follow()

    # --- what the window calls ------------------------------------------------------------------

    def set_document(self, document: Document | None) -> None:
        """Show another document's candidates, or none."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._links = []
        self.set_heat(False)
        self.gallery.pick(-1)
        self._document = document
        self._asker = self._service.asker(document) if document is not None else None
        self.gallery.gallery.set_document(document)
        if document is not None and self._asker is not None:
            self._link(document.candidates_changed, self._follow)
            self._link(self._asker.running_changed, self._follow_job)
            self._link(self._asker.moved, self._follow_progress)
            self._link(self._asker.showing.changed, self._showing_changed)
            self._link(self._asker.put_aside, self._put_aside)
            self._link(self._asker.map_preview, self._map_preview)
        self._note.say("")
        self._follow()

    def set_engine(self, info: EngineInfo | None) -> None:
        """This is the engine that Run would ask; it tells what will come."""
        if info is not self._engine:
            self._engine = info
            self._hint.setText(self._what_to_do())

    def shown(self) -> Candidate | None:
        """The candidate shown in place, if any."""
        return self._shown

    def chosen_body(self) -> int | None:
        """The number of the hypothesis that is chosen, in the candidate shown."""
        return self._part

    def choose_body(self, candidate: Candidate, index: int) -> None:
        """Pick the body that stands for a hypothesis; nothing happens if the gallery does not show it."""
        from maskstudio.panels.hypotheses_view import fan_of

        row = self.gallery.gallery.row_of(candidate)
        if row >= 0:
            medoid = fan_of(candidate).standing_for(index)
            self.gallery.pick(self.gallery.gallery.row_of(candidate, medoid.index))

    def show_next(self) -> None:
        """Show the next candidate in place, around the end."""
        self.gallery.step(1)

    def show_previous(self) -> None:
        """Show the previous candidate in place, around the end."""
        self.gallery.step(-1)

    def set_hand_body(self, there: bool) -> None:
        """A body follows the hand, or none does any more."""
        self.hand_body = there
        self._follow_job()

    def keep_shown(self) -> None:
        """Ask to keep the candidate that is shown, else the body that follows the hand."""
        if self.cannot_keep() is not None:
            return
        if self._shown is None:
            self.hand_body_kept.emit()
        elif self._part is not None:
            self.body_kept.emit(self._shown, self._part)
        else:
            self.keep_requested.emit(self._shown)

    def cannot_keep(self) -> str | None:
        """Why there is nothing to keep, or the candidate shown cannot become part of the picture."""
        if self._shown is None:
            return None if self.hand_body else self.tr("Choose a candidate first: click one")
        if self._shown.kind == "map":
            return self.tr("A map cannot be kept in the picture: make it the mask, or write it to a file")
        if self._shown.kind == "scene":
            return None
        if self._document is not None and self._document.kind == "scene":
            return self.tr("A picture of a scene cannot be kept in it: export it")
        if self._shown.kind not in ("image", "joints") and self._part is None:
            return self.tr("Only a picture can be kept in the picture: write this one to a file")
        return None

    def can_disagree(self) -> bool:
        """There are two candidates or more to compare."""
        from maskengines.disagreement import can_disagree

        return self._document is not None and can_disagree(self._document.candidates)

    @property
    def heat_on(self) -> bool:
        return self.heat_button.isChecked()

    def set_heat(self, on: bool) -> None:
        """Show or hide where the candidates differ."""
        self.heat_button.setChecked(on and self.can_disagree())

    def heat_to_mask(self) -> None:
        """Make the mask of what differs more than the threshold."""
        self.heat_bar.make_mask()

    # --- making ---------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, STEP, MARGIN, MARGIN)
        column.setSpacing(2 * STEP)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty_page())
        self.gallery = Gallery()
        self.gallery.picked.connect(self._picked)
        self.gallery.keep.connect(lambda _: self.keep_shown())
        self.gallery.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.gallery.customContextMenuRequested.connect(self._menu)
        self._stack.addWidget(self.gallery)
        column.addWidget(self._stack, 1)
        self._note = Note()
        self._note.hide()
        column.addWidget(self._note)
        self.heat_bar = HeatBar()
        self.heat_bar.hide()
        self.heat_bar.shown.connect(self.heat_toggled)
        self.heat_bar.mask_made.connect(lambda: self.set_heat(False))
        column.addWidget(self.heat_bar)
        self.map_card = MapCard(self)
        self.map_card.hide()
        self.map_card.shown.connect(self.heat_toggled)
        self.map_card.export_wanted.connect(lambda candidate: self.export_requested.emit(candidate, None))
        self.card = TableCard()
        self.card.hide()
        column.addWidget(self.card)
        self.curve_plot = CurvePlot()
        column.addWidget(self.curve_plot)
        self.bodies_card = HypothesesCard()
        self.bodies_card.hide()
        self.bodies_card.export_wanted.connect(self._export_bodies)
        column.addWidget(self.bodies_card)
        self.keep_button = QPushButton(self.tr("Keep"))
        self.keep_button.setIcon(icon("keep"))
        self.keep_button.clicked.connect(self.keep_shown)
        self.compare_button = QuietButton("compare", self.tr("Hold to compare with the picture as it was"))
        self.compare_button.pressed.connect(lambda: self.compare_held.emit(True))
        self.compare_button.released.connect(lambda: self.compare_held.emit(False))
        self.heat_button = QuietButton("heat", self.tr("Show where the candidates differ"))
        self.heat_button.setCheckable(True)
        self.heat_button.toggled.connect(self._heat_toggled)
        self.clear_button = QuietButton("trash", self.tr("Throw these candidates away"))
        self.clear_button.clicked.connect(self._clear)
        self._foot = QWidget()
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(STEP)
        foot.addWidget(self.keep_button, 1)
        for button in (self.compare_button, self.heat_button, self.clear_button):
            button.setFixedSize(28, 28)
            foot.addWidget(button)
        column.addWidget(self._foot)

    def _empty_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(2 * STEP, 4 * STEP, 2 * STEP, 4 * STEP)
        column.setSpacing(2 * STEP)
        column.addStretch(1)
        sign = QLabel()
        sign.setPixmap(icon("sample", "faint").pixmap(QSize(28, 28)))
        sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(sign)
        self._hint = Note()
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self._hint)
        column.addStretch(2)
        return page

    # --- following ------------------------------------------------------------------------------

    def _link(self, signal: Any, slot: Any) -> None:
        signal.connect(slot)
        self._links.append((signal, slot))

    def _follow(self) -> None:
        before = len(self.gallery.gallery.candidates)
        self.gallery.gallery.follow()
        self._pick_arrived(before)
        candidates = self._document.candidates if self._document is not None else []
        if self._shown is not None and self._shown not in candidates:
            self._pick_gone(candidates)
        if self.heat_on:
            if self._document is not None and self.can_disagree():
                self.heat_bar.begin(self._document)
            else:
                self.set_heat(False)
        self._follow_job()

    def _pick_gone(self, candidates: list[Candidate]) -> None:
        """The one that shows went; where a job came farther with it, what it is now shows."""
        running = self._asker is not None and self._asker.running
        if running and candidates and self._shown is not None and self._shown.kind == "scene":
            self.gallery.pick(self.gallery.gallery.row_of(candidates[-1]))
        else:
            self.gallery.pick(-1)
            self._picked(None, None)

    def _pick_arrived(self, before: int) -> None:
        """What is no picture changes nothing in place, so the first one that comes can show at once."""
        candidates = self._document.candidates if self._document is not None else []
        running = self._asker is not None and self._asker.running
        if running and len(candidates) > before and self._shown is None and candidates[-1].kind != "image":
            self.gallery.pick(self.gallery.gallery.row_of(candidates[-1]))

    def _follow_progress(self) -> None:
        asker = self._asker
        pending = asker.pending if asker is not None else 0
        job = asker.job if asker is not None else None
        self.gallery.gallery.set_pending(pending, job.fraction if job is not None else None)

    def _follow_job(self) -> None:
        self._follow_progress()
        rows = self.gallery.gallery.rowCount()
        self._stack.setCurrentIndex(1 if rows else 0)
        self._foot.setVisible(rows > 0 or self.hand_body)
        self._hint.setText(self._what_to_do())
        some = bool(self._document and self._document.candidates)
        reason = self.cannot_keep()
        self.keep_button.setEnabled(reason is None)
        self.keep_button.setToolTip(reason or self._what_keep_does())
        self.compare_button.setEnabled(some)
        self.clear_button.setEnabled(some)
        self.heat_button.setEnabled(self.can_disagree())

    def _what_keep_does(self) -> str:
        if self._shown is None:
            return self.tr("Keep the body that follows the hand (Enter)")
        if self._shown is not None and self._shown.kind == "joints":
            return self.tr("Open a pose with these joints (Enter)")
        if self._shown is not None and self._shown.kind == "scene":
            return self.tr("Make it the scene (Enter)")
        if self._part is not None:
            return self.tr("Keep this body (Enter)")
        return self.tr("Make it part of the picture (Enter)")

    def _what_to_do(self) -> str:
        if self._document is None:
            return self.tr("Open a picture to ask about it.")
        if self._document.kind == "pose":
            return self.tr("Paint over joints that are uncertain, then Run. Bodies that fit appear here.")
        if self._document.kind == "scene":
            return self._what_to_do_with_scene()
        return self.tr("Paint over what should change, then Run. Answers appear here one by one.")

    def _what_to_do_with_scene(self) -> str:
        info = self._engine
        if info is None or "scene" not in info.result_kinds:
            return self.tr("Run asks the engine. Its answers appear here.")
        if "photo" in info.spaces:
            return self.tr("Run trains a scene from the photos. It appears in the viewport and here.")
        return self.tr("Delete what should go, then Run. What could be in its place appears here.")

    def _picked(self, candidate: Candidate | None, part: int | None) -> None:
        if candidate is self._shown and part == self._part:
            return
        another = candidate is not self._shown
        had_body = self._part is not None
        self._shown, self._part = candidate, part
        if another:
            if self._asker is not None:
                self._asker.show(candidate)
            self._show_beside(candidate)
            self.candidate_shown.emit(candidate)
        self.bodies_card.choose(part)
        if part is not None or had_body:
            self.body_shown.emit(candidate if part is not None else None, part)
        self._follow_job()

    def _show_beside(self, candidate: Candidate | None) -> None:
        """What is no picture shows under the gallery; a map lies over the picture too."""
        kind = candidate.kind if candidate is not None else ""
        if self._map_shown and kind != "map":
            self.map_card.end()
        self._map_shown = kind == "map"
        self.map_card.setVisible(self._map_shown)
        self.card.setVisible(kind == "table")
        self.curve_plot.show_curves(
            CurveResult.read(candidate.result).curves if candidate is not None and kind == "curve" else ()
        )
        self.bodies_card.setVisible(kind == "hypotheses")
        if candidate is not None and self._document is not None and kind == "map":
            self.set_heat(False)
            self.map_card.begin(self._document, candidate)
        elif candidate is not None and kind == "table":
            self.card.show_table(TableResult.read(candidate.result))
        elif candidate is not None and self._document is not None and kind == "hypotheses":
            self.bodies_card.begin(self._document, candidate)

    def _map_preview(self, at: MapResult | None) -> None:
        """The running job has a map that it goes on refining."""
        if self._shown is not None or self._document is None:
            return
        if at is not None:
            self._map_shown = True
            self.map_card.show()
            self.map_card.preview(self._document, at)
        elif self._map_shown:
            self._show_beside(None)

    def _showing_changed(self, _: object) -> None:
        asker = self._asker
        if self._shown is not None and asker is not None and asker.shown is not self._shown:
            # Painting or another picture took the candidate off the canvas.
            self.gallery.pick(-1)
            self._picked(None, None)

    def _put_aside(self, count: int) -> None:
        if count:
            self._note.say(
                self.tr("%n answer(s) were made for an earlier picture. Undo brings them back.", "", count)
            )
        else:
            self._note.say("")

    def _heat_toggled(self, on: bool) -> None:
        self.heat_bar.setVisible(on)
        if on and self._map_shown:
            self.gallery.pick(-1)
        if on and self._document is not None:
            self.heat_bar.begin(self._document)
        else:
            self.heat_bar.end()

    def _export_bodies(self) -> None:
        if self._shown is not None:
            self.export_requested.emit(self._shown, self._part)

    def _clear(self) -> None:
        if self._document is not None:
            self._document.clear_candidates()

    def _menu(self, at: QPoint) -> None:
        held = self.gallery.gallery.row(self.gallery.indexAt(at).row())
        asker = self._asker
        if held is None or asker is None:
            return
        candidate, part = held.candidate, held.part.index
        menu = QMenu(self)
        if candidate.kind in ("image", "joints", "scene"):
            menu.addAction(icon("keep"), self.tr("Keep"), lambda: self.keep_requested.emit(candidate))
        if part is not None:
            menu.addAction(icon("keep"), self.tr("Keep"), lambda: self.body_kept.emit(candidate, part))
        if candidate.kind != "image":
            menu.addAction(
                icon("export"), self.tr("Export…"), lambda: self.export_requested.emit(candidate, part)
            )
        again = menu.addAction(
            icon("seed"), self.tr("Run again with seed {0}").format(candidate.seed),
            lambda: asker.run_again(candidate),
        )  # fmt: skip
        again.setEnabled(candidate.provenance is not None and not asker.running)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.gallery.viewport().mapToGlobal(at))
