"""What a tab with a pose has beside its canvas: the 3D view, the pose drawn over the photo, and what ties
both to the document and to its engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.contract import Candidate
from maskengines.errors import BadInput
from maskengines.results.hypotheses import Hypotheses
from PySide6.QtCore import QObject

from maskstudio.canvas.fan_view import FanView
from maskstudio.canvas.pose_answers import PoseAnswers
from maskstudio.canvas.pose_overlay import PoseOverlay

if TYPE_CHECKING:
    from maskstudio.canvas.image_canvas import ImageCanvas
    from maskstudio.documents.pose_document import PoseDocument
    from maskstudio.documents.pose_edit import PoseEdit
    from maskstudio.jobs.asking import Asker

Array = np.ndarray[Any, Any]
Place = tuple[float, float, float]


class PoseView(QObject):
    """Shows a body picked in the gallery with all it came with; else what follows the hand.

    What follows the hand keeps showing one and the same of its bodies solid: all its answers begin with the
    same noise, so that one moves as the joints do.
    """

    def __init__(self, document: PoseDocument, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self.document = document
        self.fan = FanView()
        self.overlay = PoseOverlay(document, self)
        self.answers = PoseAnswers(self)
        self.joint: str | None = None
        """The joint that was touched last."""
        self.person: int | None = None
        """The number, from 0, of the one chosen last of the file that the pose began with."""
        self._asker: Asker | None = None
        self._picked: tuple[Candidate, int | None] | None = None
        self._live: Hypotheses | None = None
        self._followed: int | None = None
        self._edit: PoseEdit | None = None
        canvas.set_decorations(self.answers, self.overlay)
        document.pose_changed.connect(self._work_changed)
        fan = self.fan
        fan.pin_wanted.connect(self._pin)
        fan.joint_dragged.connect(self._drag)
        fan.drag_finished.connect(self._drop)
        fan.drag_cancelled.connect(self._drag_back)
        fan.joint_selected.connect(self._touched)
        self._work_changed()

    # --- what the window calls ------------------------------------------------------------------

    def tie(self, asker: Asker) -> None:
        """Follow a document's engines; once."""
        self._asker = asker
        asker.live.readout.connect(self._live_came)
        self._live_came(asker.live.newest)

    def pick(self, candidate: Candidate | None, index: int | None) -> None:
        """A body was picked in the gallery, the hypothesis of that number; or none is picked any more."""
        self._picked = None if candidate is None else (candidate, index)
        if self._picked is None and self._live is not None and self._followed is None:
            self._followed = self._nearest(self._live)
        self._show()

    @property
    def picking(self) -> bool:
        """A body that was picked in the gallery shows."""
        return self._picked is not None

    @property
    def shown_body(self) -> Array | None:
        """``(17, 3)``: the body that follows the hand, while none is picked; None without one."""
        if self._picked is None and self._live is not None and self._followed is not None:
            body: Array = self._live.poses[self._followed]
            return body
        return None

    # --- showing --------------------------------------------------------------------------------

    def _live_came(self, candidate: Candidate | None) -> None:
        held = None
        if candidate is not None and candidate.kind == "hypotheses":
            try:
                held = Hypotheses.read(candidate.result)
            except BadInput:
                held = None  # an engine's own fault, told where it is asked in earnest
        if held is not None and (self._followed is None or self._followed >= len(held.poses)):
            self._followed = self._nearest(held)
        self._live = held
        if held is None:
            self._followed = None
        if self._picked is None:
            self._show()

    def _nearest(self, held: Hypotheses) -> int:
        """The one most like the body shown so far, else the likeliest."""
        body = self.fan.strong
        if body is None:
            return held.best
        return int(np.linalg.norm(held.poses - body, axis=-1).mean(axis=1).argmin())

    def _show(self) -> None:
        if self._picked is not None:
            candidate, index = self._picked
            self._show_picked(candidate, index)
            return
        live = self._live
        self.fan.follow(live, self._followed)
        seen = None if live is None or self._followed is None else live.joints_2d[self._followed]
        self.answers.follow(live, seen)

    def _show_picked(self, candidate: Candidate, index: int | None) -> None:
        from maskstudio.panels.hypotheses_view import fan_of

        held = fan_of(candidate)
        self.fan.set_hypotheses(held.hypotheses)
        self.fan.set_medoids(held.medoids)
        self.fan.choose(index)
        self._followed = None
        self.answers.show(held.hypotheses, None if index is None else held.hypotheses.joints_2d[index])

    def _work_changed(self) -> None:
        self.fan.set_pins(self.document.pins)
        self.fan.set_body(self.document.body)

    # --- pins -----------------------------------------------------------------------------------

    def _touched(self, joint: str) -> None:
        self.joint = joint

    def _pin(self, joint: str, place: Place | None) -> None:
        pins = dict(self.document.pins)
        if place is None:
            pins.pop(joint, None)
            self.document.change_pins(pins, self.tr("Unpin {0}").format(joint))
        else:
            pins[joint] = place
            self.document.change_pins(pins, self.tr("Pin {0}").format(joint))

    def _drag(self, joint: str, place: Place) -> None:
        if self._edit is None or not self._edit.active:
            self._edit = self.document.begin_pose_edit(self.tr("Drag {0} in 3D").format(joint))
        self._edit.show_pins({**self.document.pins, joint: place})

    def _drop(self, joint: str, place: Place) -> None:
        self._drag(joint, place)
        edit, self._edit = self._edit, None
        if edit is not None:
            edit.commit()

    def _drag_back(self, _: str) -> None:
        edit, self._edit = self._edit, None
        if edit is not None:
            edit.abort()
