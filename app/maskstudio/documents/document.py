"""A document: the picture, its mask, the candidates and the undo stack. Lives in the GUI thread."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from maskengines.contract import BadInput, Box, Candidate, EngineInfo, ImagePatch
from maskengines.masks.bag import Bag
from maskengines.masks.mask import Asked, Mask, MaskArray, MaskDelta
from maskengines.projects.patching import with_patch
from maskengines.projects.state import KeptLayer, ProjectState
from maskengines.runtime.paths import data_folder
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from maskstudio.documents.mask_session import MaskEditSession
from maskstudio.documents.spare import SparePixels
from maskstudio.documents.undo import Answers, KeepCommand, MaskCommand, StudioCommand
from maskstudio.documents.undo_weight import UndoWeight

if TYPE_CHECKING:
    from maskengines.projects.autosave import Autosave
    from maskengines.subjects.base import Subject
    from maskengines.subjects.image import ImageSubject

PIXELS = "pixels"
ASKED = "asked"
"""In a project, the mask that its candidates answer."""


class OpenEdit(Protocol):
    """A change in the making, of the mask or of what lies over the picture."""

    @property
    def active(self) -> bool: ...

    def abort(self) -> None: ...


class Document(QObject):
    """What one tab shows.

    Attributes:
        kind: what kind of subject engines are asked about.
        asked: the mask that the candidates answer; None where that is not known.

    Signals:
        mask_changed: a `Box` of the mask was written (also during a stroke).
        image_changed: a `Box` of the picture was written.
        candidates_changed: the list of candidates is another one.
        state_changed: title, path, modified or the undo position may have changed.
    """

    kind: ClassVar[str] = "image"

    mask_changed = Signal(object)
    image_changed = Signal(object)
    candidates_changed = Signal()
    state_changed = Signal()

    def __init__(
        self,
        subject: ImageSubject,
        *,
        source_path: Path | None = None,
        path: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.original: ImageSubject = subject
        self.subject: ImageSubject = subject
        self.layers: tuple[KeptLayer, ...] = ()
        self.mask = Mask((subject.height, subject.width))
        self.candidates: list[Candidate] = []
        self.asked: Asked | None = None
        self.settings: dict[str, Any] = {}
        self.source_path = source_path
        self.path = path
        self.name = ""
        self.undo_stack = QUndoStack(self)
        self.undo_weight = UndoWeight(data_folder() / "undo")
        self.autosave: Autosave | None = None
        self._spare = SparePixels()
        self._added_weight = 0
        self._session: OpenEdit | None = None
        self._saved_at: StudioCommand | None = None
        self._unsaved_origin = False
        self.undo_stack.indexChanged.connect(self._on_index_changed)
        self.mask_changed.connect(self._journal_mask)
        self.candidates_changed.connect(self._journal_work)
        self.state_changed.connect(self._journal_work)

    @classmethod
    def from_state(
        cls, state: ProjectState, *, path: Path | None = None, source_path: Path | None = None
    ) -> Self:
        """A document as a project describes it, with an empty undo stack."""
        source = source_path or (Path(state.source) if state.source else None)
        document = cls._begun(state, path, source)
        document.subject = state.subject
        document.layers = tuple(state.layers)
        document.candidates = list(state.candidates)
        document.settings = dict(state.settings)
        if PIXELS in state.masks:
            document.mask.replace(state.masks[PIXELS])
        asked = state.masks.get(ASKED)
        if asked is not None and asked.shape == document.mask.shape:
            document.asked = Asked.read(asked)
        return document

    @classmethod
    def _begun(cls, state: ProjectState, path: Path | None, source_path: Path | None) -> Self:
        """One that shows the picture a project began with."""
        return cls(state.original, path=path, source_path=source_path)

    def state(self) -> ProjectState:
        """A snapshot that any thread may save while the user goes on."""
        masks = {PIXELS: self.mask.snapshot()}
        if self.kind == "image" and self.candidates and self.asked is not None:
            masks[ASKED] = self.asked.inside(Box(0, 0, self.subject.width, self.subject.height))
        return ProjectState(
            original=self.original,
            layers=self.layers,
            masks=masks,
            candidates=tuple(self.candidates),
            settings=dict(self.settings),
            source=str(self.source_path) if self.source_path else None,
        )

    @property
    def title(self) -> str:
        """The file's name, without the folder; without a file `name`."""
        path = self.path or self.source_path
        return path.name if path else self.name or self.tr("Untitled")

    @property
    def modified(self) -> bool:
        """Whether closing would lose work. Candidates that were not kept do not count."""
        return self._unsaved_origin or self._position() is not self._saved_at

    # --- the question ---------------------------------------------------------------------------

    def question(self) -> tuple[Subject, dict[str, MaskArray]]:
        """What engines are asked about, and masks by space: copies that nobody writes to."""
        return self.subject, {PIXELS: self.mask.snapshot()}

    def question_for(self, info: EngineInfo) -> tuple[Subject, dict[str, MaskArray]]:
        """The question as one engine takes it."""
        return self.question()

    def cannot_ask(self, info: EngineInfo) -> str | None:
        """Why there is nothing to ask an engine yet, in one sentence without its full stop."""
        mask = self.mask
        if info.needs_mask and not mask.editing and mask.selected_count == 0:
            return "Paint a mask first: B"
        if info.needs_visible and mask.selected_count == mask.data.size:
            return "Everything is masked: leave something to go by (eraser: E)"
        return None

    def params(self) -> dict[str, Any]:
        """Parameters by name that the document itself gives to every engine that knows them."""
        return {}

    def question_mark(self) -> Hashable:
        """A token for the question as it is; answers to equal ones belong beside each other."""
        return self.mask.revision

    # --- what the status bar says ---------------------------------------------------------------

    def size_told(self) -> str:
        """Size, mode and depth in words."""
        subject = self.subject
        return f"{subject.width} × {subject.height}   {subject.mode} {subject.depth}-bit"  # noqa: RUF001

    def asked_told(self) -> str:
        """How much is asked for, in words."""
        share = 100 * self.mask.selected_fraction()
        digits = 1 if share >= 0.1 or share == 0 else 2
        return f"mask {share:.{digits}f} %"

    # --- the mask -------------------------------------------------------------------------------

    def begin_mask_edit(self, label: str) -> MaskEditSession:
        """Start a change of the mask that becomes one undo step called ``label``.

        A session that was left open is put back first.
        """
        self.drop_open_edit()
        session = MaskEditSession(self, label)
        self._session = session
        return session

    def replace_mask(self, array: MaskArray, label: str) -> None:
        """Take over a whole mask, ``(H, W)`` uint8, as one undo step."""
        self.drop_open_edit()
        delta = self.mask.replace(array)
        if delta is not None:
            self.push_mask_delta(delta, label)
            self.mask_changed.emit(delta.box)

    def clear_mask(self, label: str) -> None:
        """Deselect everything, as one undo step; nothing happens if nothing is selected."""
        self.drop_open_edit()
        delta = self.mask.clear()
        if delta is not None:
            self.push_mask_delta(delta, label)
            self.mask_changed.emit(delta.box)

    def push_mask_delta(self, delta: MaskDelta, label: str) -> None:
        """Make a change that the mask already shows undoable."""
        self._push(MaskCommand(self, label, delta))

    @property
    def editing(self) -> bool:
        """Something is being changed and is no undo step yet: a stroke, a joint that is dragged."""
        return self._session is not None and self._session.active

    def hold_edit(self, edit: OpenEdit) -> None:
        """An edit was opened; undo and keep will put it back if it is still open then."""
        self._session = edit

    def push(self, command: StudioCommand) -> None:
        """Make a change undoable that was made already."""
        self._push(command)

    def drop_open_edit(self) -> None:
        """Put back an edit that is still open: undo and keep need a settled document."""
        if self._session is not None and self._session.active:
            self._session.abort()
        self._session = None

    # --- candidates and the picture -------------------------------------------------------------

    def add_candidate(self, candidate: Candidate) -> None:
        """Put an answer at the end of the list."""
        self.candidates.append(candidate)
        if isinstance(candidate.result, ImagePatch):
            self._spare.prepare(self.subject)
        self.candidates_changed.emit()

    def replace_candidate(self, before: Candidate, after: Candidate) -> bool:
        """Put an answer in the place of one that is in the list; False if it is not there any more."""
        if before not in self.candidates:
            return False
        self.candidates[self.candidates.index(before)] = after
        self.candidates_changed.emit()
        return True

    def clear_candidates(self) -> None:
        if self.candidates:
            self.candidates = []
            self.candidates_changed.emit()

    def keep(self, candidate: Candidate) -> None:
        """Make a candidate part of the picture, clear the mask that was asked about, but not what was painted
        since, and clear the candidates: one undo step.

        Raises:
            BadInput: the candidate is no image, or does not fit this picture.
        """
        patch = self._fitting_patch(candidate)
        self.drop_open_edit()
        layer = KeptLayer(patch, candidate.label, candidate.provenance)
        # Of answers that a crash left nobody knows what was asked beyond where they are.
        asked = self.asked or Asked.of(self.mask).within(patch.box)
        cleared = self.mask.clear_asked(asked)
        label = self.tr("Keep {0}").format(candidate.label) if candidate.label else self.tr("Keep fill")
        command = KeepCommand(self, label, layer, cleared, (tuple(self.candidates), self.asked))
        self.show_patch(patch)
        self.layers = (*self.layers, layer)
        self.candidates = []
        self._push(command)
        self.image_changed.emit(patch.box)
        if cleared is not None:
            self.mask_changed.emit(cleared.box)
        self.candidates_changed.emit()

    def disagreement(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Where the candidates differ: ``(H, W)`` float32 in 0..1."""
        from maskengines.disagreement import disagreement

        return disagreement(self.candidates, (self.subject.height, self.subject.width))

    def show_patch(self, patch: ImagePatch) -> None:
        """Put pixels into the picture; for undo commands."""
        self.subject = with_patch(self.subject, patch, self._spare.take(self.subject))
        self._spare.prepare(self.subject)

    def set_layers(self, layers: tuple[KeptLayer, ...]) -> None:
        """Replace the kept layers; for undo commands."""
        self.layers = layers

    def exchange_candidates(self, answers: Answers) -> Answers:
        """Show other candidates and return those shown so far, with what was asked; for undo commands."""
        previous = tuple(self.candidates), self.asked
        self.candidates, self.asked = list(answers[0]), answers[1]
        return previous

    # --- undo, saving ---------------------------------------------------------------------------

    def undo(self) -> None:
        """One step back; ignored while a stroke is being made."""
        if not self.editing:
            self.undo_stack.undo()

    def redo(self) -> None:
        """One step forward; ignored while a stroke is being made."""
        if not self.editing:
            self.undo_stack.redo()

    def change_settings(self, values: Mapping[str, Any]) -> None:
        """Remember JSON-able settings (``"engine"``, ``"view"``) with the project; not undoable."""
        if any(self.settings.get(key) != value for key, value in values.items()):
            self.settings.update(values)
            self._journal_work()

    def undo_position(self) -> object:
        """A token for the present place in the history, to hand to `mark_saved` later."""
        return self._position()

    def mark_saved(self, path: Path, position: object, state: ProjectState) -> None:
        """The project at ``path`` holds ``state``, which was the document's at ``position``."""
        self.path = path
        self._saved_at = position if isinstance(position, StudioCommand) else None
        self._unsaved_origin = False
        if not self.modified:
            self.undo_stack.setClean()
        self.state_changed.emit()
        unchanged = tuple(self.candidates) == state.candidates and not self.modified
        if self.autosave is not None and unchanged:
            from maskengines.projects.autosave import Start
            from maskengines.projects.journal import Origin

            self.autosave.saved(Start(state, Origin.of(path)))

    def mark_unsaved(self) -> None:
        """The document was recovered, or made from nothing on disk: it counts as modified."""
        self._unsaved_origin = True
        self.state_changed.emit()

    def close(self) -> None:
        """Let go of threads, scratch files and the journal. The document is not used afterwards."""
        autosave, self.autosave = self.autosave, None
        if autosave is not None:
            autosave.close()
        self.undo_stack.clear()
        self.undo_weight.close()
        self._spare.close()

    def _position(self) -> StudioCommand | None:
        index = self.undo_stack.index()
        command = self.undo_stack.command(index - 1) if index else None
        return command if isinstance(command, StudioCommand) else None

    def _push(self, command: StudioCommand) -> None:
        self._session = None
        self.undo_stack.push(command)
        self._added_weight += sum(bag.nbytes for bag in command.bags)
        if self._added_weight > self.undo_weight.budget // 4:
            self._added_weight = 0
            self.undo_weight.balance(self._bags_farthest_first())

    def _bags_farthest_first(self) -> list[Bag]:
        present = self.undo_stack.index()
        commands = [self.undo_stack.command(index) for index in range(self.undo_stack.count())]
        order = sorted(range(len(commands)), key=lambda index: -abs(index + 0.5 - present))
        bags: list[Bag] = []
        for index in order:
            command = commands[index]
            if isinstance(command, StudioCommand):
                bags.extend(command.bags)
        return bags

    def _on_index_changed(self) -> None:
        self.state_changed.emit()

    def _journal_mask(self, box: Box) -> None:
        if self.autosave is not None:
            self.autosave.mask_changed(box)

    def _journal_work(self) -> None:
        if self.autosave is not None:
            self.autosave.work_changed(self._work())

    def _work(self) -> Any:
        from maskengines.projects.journal import Work

        return Work(self.layers, tuple(self.candidates), dict(self.settings), self.modified)

    def _fitting_patch(self, candidate: Candidate) -> ImagePatch:
        patch = candidate.result
        subject = self.subject
        if not isinstance(patch, ImagePatch):
            raise BadInput("Only an image can be kept in an image. Choose another candidate.")
        inside = patch.box.clipped(subject.width, subject.height) == patch.box
        same_kind = patch.pixels.ndim == 3 and patch.pixels.shape[2] == subject.pixels.shape[2]
        if not inside or not same_kind or patch.pixels.dtype != subject.pixels.dtype:
            raise BadInput("This candidate was made for another picture. Run the engine again.")
        return patch
