"""What an engine is, what it is asked and what it answers.

A mask is a question: what is visible is given, what is masked is asked. An engine answers by
sampling ``p(masked | visible)`` more than once. Everything that crosses between the studio and an
engine is named here, and nothing here imports Qt, torch or pydantic.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from maskengines.errors import BadInput, Cancelled, EngineFault, NotReady, StudioError

if TYPE_CHECKING:
    from maskengines.params import Params
    from maskengines.subjects.base import Subject

__all__ = [
    "BadInput", "Box", "Cancelled", "Candidate", "Changes", "Engine", "EngineFault", "EngineInfo",
    "ImagePatch", "NotReady", "Provenance", "Request", "RunContext", "StudioError",
]  # fmt: skip

MaskArray = np.ndarray[Any, np.dtype[np.uint8]]
ResultKind = Literal["image", "map", "table", "curve", "joints", "hypotheses", "scene"]


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open rectangle of elements: columns ``x .. x+width``, rows ``y .. y+height``."""

    x: int
    y: int
    width: int
    height: int

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices, to index an ``(H, W, ...)`` array."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def union(self, other: Box) -> Box:
        """The smallest box that holds both; an empty one adds nothing."""
        if self.empty:
            return other
        if other.empty:
            return self
        x, y = min(self.x, other.x), min(self.y, other.y)
        right = max(self.x + self.width, other.x + other.width)
        bottom = max(self.y + self.height, other.y + other.height)
        return Box(x, y, right - x, bottom - y)

    def intersection(self, other: Box) -> Box:
        """The part that both share; maybe empty."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Box(x, y, max(0, right - x), max(0, bottom - y))

    def clipped(self, width: int, height: int) -> Box:
        """The part of the box inside ``0 .. width`` by ``0 .. height``; maybe empty."""
        x, y = max(0, self.x), max(0, self.y)
        right, bottom = min(width, self.x + self.width), min(height, self.y + self.height)
        return Box(x, y, max(0, right - x), max(0, bottom - y))

    def grown(self, margin: int) -> Box:
        """The box with ``margin`` elements added on every side (not clipped)."""
        return Box(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    def moved(self, x: int, y: int) -> Box:
        """The box so much further right and down."""
        return Box(self.x + x, self.y + y, self.width, self.height)

    @classmethod
    def of_mask(cls, mask: MaskArray) -> Box:
        """Bounding box of the elements of an ``(H, W)`` mask that are above 0; empty if none is."""
        rows = np.flatnonzero(mask.any(axis=1))
        if not len(rows):
            return cls(0, 0, 0, 0)
        columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
        return cls(
            int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)
        )


@dataclass(frozen=True, slots=True, eq=False)
class ImagePatch:
    """Result of kind ``image``: the pixels of a rectangle, at the subject's depth and channel count.

    ``pixels`` is ``(height, width, 1 or 3)``, uint8 or uint16. An engine returns a patch that covers
    at least the bounding box of its mask; the runtime composites it, so what leaves a worker equals
    the subject bit for bit where the mask is 0.
    """

    x: int
    y: int
    pixels: np.ndarray[Any, Any]

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.pixels.shape[1], self.pixels.shape[0])


@dataclass(frozen=True)
class EngineInfo:
    """All that the studio knows of an engine before it runs; holds no code.

    Attributes:
        id: short lower-case name used on the command line, ``[a-z0-9-]+``.
        summary: one line, shown under the engine's name.
        params: pydantic model; its JSON schema is the form and the command line.
        implementation: ``"package.module:Class"``, imported in the worker only. The class takes no
            constructor arguments.
        live: ``sample`` goes on listening to ``context.changes()`` until the job is closed.
        weight: one heavy job runs at a time; light and live jobs may overtake it.
        all_cores: its answers take long enough that, beside a window, it also works on the core which others
            leave to that, with less right of way than they have.
        needs_mask: a request without a mask is bad input.
        needs_visible: a request with everything masked is bad input.
        live_companion: id of the live engine that answers while the user paints towards this one; it is
            given those of this engine's parameters that it knows by name. Empty for none.
        fields: ``"package.module:function"``, for parameters that only some models or methods have. Given
            what the form shows, ``Mapping[str, Any]`` by name and not validated, the function returns the
            names of those that apply; the others are neither shown nor sent. It is called outside the
            worker, in a thread, whenever a value changes, so its module loads nothing heavy and it only
            looks. Empty: all of them always apply.
    """

    id: str
    title: str
    summary: str
    version: str
    params: type[Params]
    implementation: str
    subject_kinds: tuple[str, ...] = ("image",)
    spaces: tuple[str, ...] = ("pixels",)
    result_kinds: tuple[ResultKind, ...] = ("image",)
    live: bool = False
    weight: Literal["light", "heavy"] = "heavy"
    all_cores: bool = False
    needs_mask: bool = True
    needs_visible: bool = True
    default_count: int = 4
    needs: tuple[str, ...] = ()
    live_companion: str = ""
    fields: str = ""

    @property
    def follows(self) -> bool:
        """Live and light: it follows the hand beside what the user works on. A live engine that is heavy is
        run like any other, and may be told of changes while it works."""
        return self.live and self.weight == "light"

    def schema(self) -> dict[str, Any]:
        """JSON schema of the parameters."""
        return self.params.model_json_schema()


@dataclass(frozen=True)
class Request:
    """One question: a subject, soft masks (uint8, 0 = given, 255 = asked) by space, and how to answer.

    Candidate ``i`` is sampled with ``candidate_seed(i)``, so that asking again for that seed with
    ``count=1`` gives the same answer again.
    """

    subject: Subject
    masks: Mapping[str, MaskArray]
    params: Params
    count: int = 1
    seed: int = 0

    def candidate_seed(self, index: int) -> int:
        return self.seed + index


@dataclass(frozen=True)
class Provenance:
    """Enough to run the job again, saved with the project."""

    engine: str
    version: str
    params: Mapping[str, Any]
    seed: int
    weights: str | None = None
    subject: str = ""
    mask: str = ""


@dataclass(frozen=True, eq=False)
class Candidate:
    """One answer. Engines set ``kind``, ``result``, ``seed`` and may add a label, a score (higher is
    better), ``metrics`` (numbers shown beside it and printed by ``--json``) and the ``seconds`` it took;
    the runtime adds ``provenance`` and, where the engine gives none, the seconds since its last answer.

    ``result`` is an `ImagePatch` for kind ``image``; for ``map`` a ``(H, W)`` array over the photo or what
    `maskengines.results.maps.MapResult.to_plain` gives; for ``table`` what
    `maskengines.results.tables.TableResult.to_plain` gives; for ``curve`` a mapping with ``x`` and
    ``y`` or what `maskengines.results.curves.CurveResult.to_plain` gives; for ``hypotheses`` what
    `maskengines.results.hypotheses.Hypotheses.to_plain` gives, and all of them are one answer; for
    ``joints`` what `maskengines.results.joints.Joints.to_plain` gives; for ``scene`` what
    `maskengines.results.scenes.SceneResult.to_plain` gives."""

    kind: ResultKind
    result: Any
    seed: int
    label: str = ""
    score: float | None = None
    metrics: Mapping[str, float | int | str] = field(default_factory=dict)
    provenance: Provenance | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Changes:
    """What changed since the last call of ``context.changes()``: the newest value per key, stale ones
    dropped. Keys of ``values`` are free (``"camera"``, ``"pins"``); masks and params have their own."""

    masks: Mapping[str, MaskArray] = field(default_factory=dict)
    params: Params | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


class RunContext(Protocol):
    """All that reaches an engine: no globals, no Qt."""

    device: str
    log: logging.Logger

    def progress(self, done: float, total: float, text: str = "") -> None:
        """Report progress; cheap, may be called often (the runtime thins it out)."""

    def preview(self, result: ImagePatch | np.ndarray[Any, Any] | Mapping[str, Any]) -> None:
        """Show an intermediate result, a picture or a map; the newest wins, older ones may never be seen."""

    def checkpoint(self) -> None:
        """Raise `Cancelled` if the job was asked to stop. Call at least every 0.2 s of work."""

    def changes(self, wait: float | None = None) -> Changes | None:
        """Newest changes since the last call, or ``None`` once the job is closed (end ``sample``).

        With ``wait=None`` blocks until something changes; otherwise waits at most that many seconds
        and then returns empty `Changes`. Raises `Cancelled`.
        """

    def ask(self, engine_id: str, request: Request) -> Sequence[Candidate]:
        """Run another engine under this job's slot and return its candidates."""

    def generator(self, seed: int) -> np.random.Generator:
        """A seeded generator: the same seed gives the same numbers on every machine."""


@runtime_checkable
class Engine(Protocol):
    """What a worker loads. ``info`` must equal the one registered."""

    info: EngineInfo

    def prepare(self, context: RunContext) -> None:
        """Load weights, compile kernels. Called once per worker, before the first job or while the
        user still paints."""

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield candidates one by one as they are ready."""
