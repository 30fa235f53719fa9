"""Photos alone become a scene with cameras before an engine that needs them begins."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from maskengines.contract import Candidate, EngineInfo, MaskArray
from maskengines.errors import EngineFault
from maskengines.results.tables import TableResult
from maskengines.runtime.events import CandidateReady, Failed, Finished, JobEvent, Progress
from maskengines.subjects.scene import SceneSubject
from maskengines.subjects.scene_files import load_scene

if TYPE_CHECKING:
    from maskengines.runtime.session import Runtime

    from maskstudio.output import Output

ENGINE = "find-cameras"
Masks = dict[str, MaskArray]


def with_cameras(
    subject: SceneSubject, masks: Masks, info: EngineInfo, *, runtime: Runtime, output: Output
) -> tuple[SceneSubject, Masks]:
    """The scene that an engine can work on: the subject itself unless the engine works on photos, there are
    some, and the cameras of none are known. Masks of photos are fitted to the straightened ones. Tells of
    photos whose cameras were not found.

    Raises:
        StudioError: they cannot be found; says why.
        KeyboardInterrupt: the user stopped it.
    """
    if info.id == ENGINE or "photo" not in info.spaces or not subject.photos or subject.cameras:
        return subject, masks
    events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
    runtime.submit(ENGINE, subject, {}, {}, count=1, seed=0, listener=events.put)
    found: list[Candidate] = []
    while not isinstance(event := events.get(), Finished):
        if isinstance(event, Progress):
            output.progress(event.done, event.total, event.text)
        elif isinstance(event, CandidateReady):
            found.append(event.candidate)
        elif isinstance(event, Failed):
            raise event.error
    if not found:
        raise EngineFault(f"'{ENGINE}' gave no answer and no reason why.")
    table = TableResult.read(found[0].result)
    for note in table.notes:
        if note.role == "warning":
            output.warning(note.text)
    placed = load_scene(Path(str(table.facts["folder"]))).subject
    return placed, _fitted(masks, placed)


def _fitted(masks: Masks, scene: SceneSubject) -> Masks:
    sizes = {photo.space: (photo.width, photo.height) for photo in scene.photos}
    return {
        space: np.asarray(cv2.resize(mask, sizes[space], interpolation=cv2.INTER_AREA), np.uint8)
        for space, mask in masks.items()
        if space in sizes
    }
