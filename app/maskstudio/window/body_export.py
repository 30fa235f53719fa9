"""Writing bodies to files: asks which kind of file, and what one skeleton for many costs is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.hypothesis_files import ALL_AS_FRAMES, FORMS, form_for, motion_error, save_form
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_skeleton import COUNT

if TYPE_CHECKING:
    from maskstudio.documents.document import Document
    from maskstudio.documents.pose_document import PoseDocument
    from maskstudio.window.main_window import MainWindow

TOLD_FROM = 0.05
"""Millimetres from which on it is told how far off the joints of a file are."""


def export_bodies(
    window: MainWindow, document: Document, held: Hypotheses, chosen: int, proposal: Path
) -> None:
    """Ask for a file and write hypotheses about the pose of ``document``, off the GUI thread."""
    from maskstudio.window import dialogs

    subject, _ = document.question()
    if not isinstance(subject, PoseSubject):
        return
    kinds = [(form.title, form.suffix) for form in FORMS]
    answer = dialogs.ask_kind(window, "Export bodies", proposal, kinds)
    if answer is None:
        return
    path, number = answer

    def write() -> str:
        form = form_for(path, FORMS[number])
        save_form(held, subject, path, form, chosen)
        return _off(held) if form is ALL_AS_FRAMES else ""

    window.background.do(
        write, lambda off: window.banner.tell(f"Exported “{path.name}”.{off}"), window.show_error
    )


def kept_body(document: PoseDocument) -> tuple[Hypotheses, int] | None:
    """The body that was kept among the hypotheses it came with, and its number; alone when those are gone,
    and then nobody knows where it is in the photo."""
    body = document.body
    if body is None:
        return None
    for candidate in reversed(document.candidates):
        if candidate.kind == "hypotheses":
            held = Hypotheses.read(candidate.result)
            same = np.flatnonzero((held.poses == body).all(axis=(1, 2)))
            if len(same):
                return held, int(same[0])
    nowhere = np.full((1, COUNT, 2), np.nan, np.float32)
    return Hypotheses(body[None], np.ones(1, np.float32), nowhere), 0


def _off(held: Hypotheses) -> str:
    mean, most = motion_error(held)
    if most < TOLD_FROM:
        return ""
    return (
        f" One skeleton of mean bones stands for all: joints are {mean:.0f} mm off on average, {most:.0f} mm "
        "at most. “BVH, this body” and .npz are exact."
    )
