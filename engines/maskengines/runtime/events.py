"""What a job tells its listener, in this order: ``Started``, any number of ``Progress``, ``Preview`` and
``CandidateReady``, then exactly one of ``Finished`` or ``Failed``.

The listener is called from a runtime thread, one event of a job at a time. It should return quickly:
while it works, newer progress and previews of that job replace older ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskengines.contract import Candidate, ImagePatch
from maskengines.errors import StudioError
from maskengines.results.frames import SceneFrame
from maskengines.results.hypotheses import Hypotheses
from maskengines.results.maps import MapResult


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Base of all events; ``job_id`` says whose it is."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Started(JobEvent):
    """The job left the queue. A job that is cancelled while it waits never starts."""


@dataclass(frozen=True, slots=True)
class Progress(JobEvent):
    """``done`` of ``total`` units of work; ``total`` is 0 when it is unknown."""

    done: float
    total: float
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Preview(JobEvent):
    """An intermediate result: composited like a candidate if it is an `ImagePatch`, else a map or
    hypotheses."""

    result: ImagePatch | MapResult | Hypotheses | SceneFrame


@dataclass(frozen=True, slots=True, eq=False)
class CandidateReady(JobEvent):
    """One answer, composited, with provenance and seconds."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Finished(JobEvent):
    """The job ended well; all its candidates were delivered before."""


@dataclass(frozen=True, slots=True, eq=False)
class Failed(JobEvent):
    """The job ended without finishing. Its error is `Cancelled` if it was asked to stop."""

    error: StudioError
