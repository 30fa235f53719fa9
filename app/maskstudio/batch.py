"""``maskstudio run``: one question asked without a window, each answer saved as it comes."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from maskengines.contract import Candidate, EngineInfo, ImagePatch, MaskArray
from maskengines.errors import BadInput, EngineFault, NotReady
from maskengines.masks.files import load_mask
from maskengines.results.files import check_result_target, save_result, takes
from maskengines.results.tables import TableResult
from maskengines.runtime.events import CandidateReady, Failed, Finished, JobEvent, Progress
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import check_holds, load_image, save_image
from maskengines.subjects.pose import PoseSubject
from maskengines.subjects.pose_files import load_pose
from maskengines.subjects.scene import SceneSubject

from maskstudio.batch_cameras import with_cameras
from maskstudio.batch_subjects import open_scene, subject_kind, with_mask
from maskstudio.settings_words import read_settings
from maskstudio.stopping import uninterrupted

if TYPE_CHECKING:
    from maskstudio.output import Output

MAX_COUNT = 9999
MAX_SEED = 2**63 - 1 - MAX_COUNT
LONG_SUFFIXES = (".compressed.ply",)
"""Which say more than their last part."""


@dataclass(frozen=True)
class Ask:
    """The words of one ``run`` command; ``settings`` are ``key=value`` words, ``person`` counts from 1."""

    engine: str
    input: Path
    mask: Path | None
    out: Path | None
    count: int = 1
    seed: int = 0
    settings: Sequence[str] = ()
    person: int | None = None


def run(ask: Ask, output: Output) -> int:
    """Answer ``ask``, writing one file per candidate; returns 0. All hypotheses are one candidate, and
    so are the joints of a person.

    All that can be wrong with the words is found before any work starts. A candidate that was saved
    stays when a later one fails.

    Raises:
        BadInput, NotReady, EngineFault: as their messages say.
        KeyboardInterrupt: the user stopped it; the worker is gone and no partial file is left.
    """
    registry = EngineRegistry.default()
    engine = registry.get(ask.engine)
    _require_known_kinds(engine.info)
    paths = _paths(engine.info, ask)
    if not 0 <= ask.seed <= MAX_SEED:
        raise BadInput(f"--seed takes a whole number from 0 to {MAX_SEED}, not {ask.seed}.")
    _require_ready(ask.engine, engine.readiness())
    params = read_settings(engine.info.params, ask.settings)
    if engine.info.live and ask.count > 1:
        raise BadInput(f"'{ask.engine}' follows the brush and has one answer; leave --count at 1.")
    for path in filter(None, paths):
        check_result_target(engine.info.result_kinds, path)
        _refuse_overwriting(path, ask)
    subject, masks = _question(engine.info, ask, output)
    save = _Saver(engine.info, subject, paths, output)
    if (
        isinstance(subject, ImageSubject)
        and engine.info.needs_mask
        and not any(mask.any() for mask in masks.values())
    ):
        # Nothing is asked for, so the answer is the picture itself.
        for index in range(len(paths)):
            save(Candidate("image", None, ask.seed + index))
        return 0
    with Runtime(registry, interactive=False) as runtime:
        if isinstance(subject, SceneSubject):
            subject, masks = with_cameras(subject, masks, engine.info, runtime=runtime, output=output)
        events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        job = runtime.submit(
            ask.engine,
            subject,
            masks,
            params.model_dump(),
            count=ask.count,
            seed=ask.seed,
            listener=events.put,
        )
        if engine.info.live:
            job.finish()  # nothing will change any more: the first answer is the answer
        output.progress(0, len(paths), f"Starting {ask.engine}")
        follow(events, save, output)
    output.close()
    if save.saved < len(paths):
        raise EngineFault(f"'{ask.engine}' gave {save.saved} of {len(paths)} answers and no reason why.")
    return 0


def result_paths(out: Path, count: int) -> list[Path]:
    """Absolute paths of the results: ``out`` itself, or with ``-1 .. -N`` before the suffix.

    Raises:
        BadInput: ``count`` is below 1 or absurdly high, or the current folder is gone.
    """
    if not 1 <= count <= MAX_COUNT:
        raise BadInput(f"--count takes a whole number from 1 to {MAX_COUNT}, not {count}.")
    try:
        target = Path.cwd() / out
    except FileNotFoundError:
        raise BadInput(
            f"Cannot write '{out}': the folder you are in was deleted. Change to another."
        ) from None
    if count == 1:
        return [target]
    name = target.name
    suffix = next((one for one in LONG_SUFFIXES if name.lower().endswith(one)), target.suffix)
    cut = len(name) - len(suffix)
    return [target.with_name(f"{name[:cut]}-{number}{name[cut:]}") for number in range(1, count + 1)]


class _Saver:
    """Writes candidates in the order they come, and says so."""

    def __init__(
        self,
        info: EngineInfo,
        subject: ImageSubject | PoseSubject | SceneSubject,
        paths: Sequence[Path | None],
        output: Output,
    ) -> None:
        self._info = info
        self._subject = subject
        self._paths = paths
        self._output = output
        self.saved = 0

    def __call__(self, candidate: Candidate) -> None:
        if self.saved == len(self._paths):
            return  # an engine that gives more than it was asked for
        path = self._paths[self.saved]
        metrics: dict[str, Any] = dict(candidate.metrics)
        if candidate.score is not None:
            metrics.setdefault("score", candidate.score)
        if candidate.label:
            metrics.setdefault("label", candidate.label)
        with uninterrupted():  # a file that is there has been told
            if path is not None:
                self._write(candidate, path)
            self.saved += 1
            if candidate.kind == "table":
                self._output.table(TableResult.read(candidate.result))
            if path is not None:
                self._output.candidate(path, candidate.seed, candidate.seconds, metrics)

    def _write(self, candidate: Candidate, path: Path) -> None:
        result = candidate.result
        if candidate.kind == "image" and isinstance(self._subject, ImageSubject):
            answer = self._subject.with_patch(result) if isinstance(result, ImagePatch) else self._subject
            save_image(answer, path)
        elif candidate.kind == "image" and isinstance(result, ImagePatch):
            # A picture of something that is none itself.
            save_image(ImageSubject(result.pixels), path)
        elif candidate.kind not in self._info.result_kinds and not takes(candidate.kind, path):
            # Another suffix would have been refused before the work began.
            raise EngineFault(
                f"'{self._info.id}' gave a {candidate.kind}, which '{path.name}' cannot hold and its "
                "'result_kinds' do not name; add it there."
            )
        else:
            save_result(candidate, self._subject, path)


def follow(events: queue.SimpleQueue[JobEvent], save: Callable[[Candidate], None], output: Output) -> None:
    """Tell of a job until it ends, and give its candidates to ``save``.

    Raises:
        StudioError: what the job failed of.
    """
    while True:
        event = events.get()
        if isinstance(event, Progress):
            output.progress(event.done, event.total, event.text)
        elif isinstance(event, CandidateReady):
            save(event.candidate)
        elif isinstance(event, Failed):
            raise event.error
        elif isinstance(event, Finished):
            return


def _require_ready(engine: str, reason: str | None) -> None:
    if reason is not None:
        raise NotReady(reason if engine in reason else f"'{engine}' is not ready: {reason}")


def _require_known_kinds(info: EngineInfo) -> None:
    known = ("image", "map", "table", "curve", "joints", "hypotheses", "scene")
    taken = {"image", "pose", "scene"}
    if not set(info.subject_kinds) & taken or not set(info.result_kinds) & set(known):
        kinds = f"{', '.join(info.subject_kinds)} and gives {', '.join(info.result_kinds)}"
        raise BadInput(
            f"'{info.id}' works on {kinds}; 'run' takes images, poses and scenes and writes "
            f"{', '.join(known)}."
        )


def _question(
    info: EngineInfo, ask: Ask, output: Output
) -> tuple[ImageSubject | PoseSubject | SceneSubject, dict[str, MaskArray]]:
    """What is edited and the masks over it by space; of a pose the mask speaks of joints."""
    kind = subject_kind(info, ask.input)
    if kind == "pose":
        opened = load_pose(ask.input, person=None if ask.person is None else ask.person - 1)
        for warning in opened.warnings:
            output.warning(warning)
        if ask.mask is None:
            return opened.subject, {}
        pose, joints = with_mask(opened.subject, ask.mask)
        return pose, {"joints": joints}
    if ask.person is not None:
        raise BadInput("--person chooses one of several people in a file of keypoints; leave it out here.")
    if kind == "scene":
        return open_scene(info, ask.input, ask.mask, output)
    subject = load_image(ask.input)
    if ask.out is not None and info.result_kinds == ("image",):
        check_holds(subject, ask.out)
    mask = _mask(info, ask, subject)
    return subject, {} if mask is None else {"pixels": mask}


def _paths(info: EngineInfo, ask: Ask) -> Sequence[Path | None]:
    """Where the answers go; tables are printed and need no file."""
    if ask.out is not None:
        paths = result_paths(ask.out, ask.count)
        # All hypotheses are one answer, so one file holds them; so are the joints of one person.
        return result_paths(ask.out, 1) if info.result_kinds in (("hypotheses",), ("joints",)) else paths
    if "table" not in info.result_kinds:
        raise BadInput(f"'{info.id}' needs a file to write to: add --out PATH, its suffix is the format.")
    return [None] * ask.count


def _refuse_overwriting(path: Path, ask: Ask) -> None:
    sources: Mapping[str, Path | None] = {"input": ask.input, "mask": ask.mask}
    for word, source in sources.items():
        if source is not None and path.exists() and source.exists() and path.samefile(source):
            raise BadInput(f"--out would overwrite the --{word} file '{source}'; choose another name.")


def _mask(info: EngineInfo, ask: Ask, subject: ImageSubject) -> MaskArray | None:
    if ask.mask is None:
        if info.needs_mask:
            raise BadInput(f"'{info.id}' needs a mask: add --mask FILE, white where it shall answer.")
        return None
    mask: MaskArray = np.ascontiguousarray(load_mask(ask.mask, (subject.height, subject.width)))
    if info.needs_visible and mask.size and int(mask.min()) > 0:
        raise BadInput(
            f"The mask '{ask.mask}' asks for all, so '{info.id}' has nothing to go by; leave some black."
        )
    return mask
