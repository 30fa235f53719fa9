"""Photos alone become a scene with cameras before an engine that needs them begins."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import TYPE_CHECKING

from maskengines.contract import Candidate, EngineInfo
from maskengines.errors import EngineFault
from maskengines.results.tables import TableResult
from maskengines.runtime.events import CandidateReady, Failed, Finished, JobEvent, Progress
from maskengines.subjects.scene import SceneSubject
from maskengines.subjects.scene_files import load_scene

if TYPE_CHECKING:
    from maskengines.runtime.session import Runtime

    from maskstudio.output import Output

ENGINE = "find-cameras"


def with_cameras(subject: SceneSubject, info: EngineInfo, runtime: Runtime, output: Output) -> SceneSubject:
    """The scene that an engine can work on: the subject itself unless the engine works on photos, there are
    some, and the cameras of none are known. Tells of photos whose cameras were not found.

    Raises:
        StudioError: they cannot be found; says why.
        KeyboardInterrupt: the user stopped it.
    """
    if info.id == ENGINE or "photo" not in info.spaces or not subject.photos or subject.cameras:
        return subject
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
    return load_scene(Path(str(table.facts["folder"]))).subject
