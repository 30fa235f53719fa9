"""One explanation from start to end: regions, questions, a map that sharpens, curves, an answer."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, cast

import numpy as np

from maskengines.attribution.asking import ask, ask_all
from maskengines.attribution.curves import Curve, both_curves
from maskengines.attribution.estimates import Estimate, Explanation
from maskengines.attribution.lime import Lime
from maskengines.attribution.occlusion import Occlusion
from maskengines.attribution.regions import LEAST_CHANCE, Found, necessary, sufficient
from maskengines.attribution.rise import Rise
from maskengines.attribution.sampling import RegionSubsets, Sampler, ShiftedGrids, SlidingWindows
from maskengines.attribution.scoring import Scorer, probabilities
from maskengines.attribution.segments import segments
from maskengines.attribution.targets import Measure, Target, choose
from maskengines.contract import Candidate, RunContext
from maskengines.errors import BadInput, Cancelled

Array = np.ndarray[Any, Any]

PREVIEW_EVERY = 0.25
PREVIEW_PAUSE = 12.0
"""Pause after a preview, in times of what it cost."""
TOP = 5

_SAME = 1e-3
"""Relative difference up to which two answers come from the same network."""


class Wanted(Protocol):
    """What `explain` reads of an engine's parameters. ``measure`` (``probability`` or ``logit``) may be
    missing and is then the probability."""

    @property
    def method(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def contrast(self) -> str: ...
    @property
    def segments(self) -> str: ...
    @property
    def regions(self) -> int: ...
    @property
    def samples(self) -> int: ...
    @property
    def keep_probability(self) -> float: ...
    @property
    def batch(self) -> int: ...


def explain(
    scorer: Scorer,
    params: Wanted,
    context: RunContext,
    seed: int,
    *,
    painted: Array | None = None,
    state: Mapping[str, Any] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Iterator[Candidate]:
    """Yield one candidate of kind ``map``.

    Its result is plain data in the frame of the network's input: ``values`` and ``band`` (``(H, W)`` float32,
    see `Explanation`), ``labels`` (int32), ``coefficients`` and ``errors`` (by region), ``signed``,
    ``target`` (index, label, measure, other, and what the whole photo scores), ``top`` (five classes),
    ``photo``, ``curves`` (deletion and insertion), ``proposals`` (masks of `sufficient` and `necessary`
    regions, where there are any), ``settings``, and ``state``, with which the same question
    goes on, to more samples or for another class, without asking anything twice. The score is insertion less
    deletion area.

    Args:
        painted: ``(H, W)``, above 0 where the user painted, for regions of their own.
        state: that of an earlier answer; one that belongs to another question is passed over.
        stopped: whether to make do with the samples there are; asked between batches. A job that is cancelled
            yields what it has, too, without curves, before `Cancelled` goes on its way.

    Raises:
        BadInput: no such class or method, too few samples, a photo or paint that gives no regions.
        Cancelled: the job was cancelled.
    """
    begun = time.perf_counter()
    labels = segments(scorer.photo, params.segments, params.regions, painted)
    sampler = _sampler(scorer, params, labels, seed)
    context.checkpoint()
    whole = ask(scorer, np.ones((1, *scorer.shape), bool))
    measure = cast(Measure, getattr(params, "measure", "probability"))
    target = choose(scorer.labels, whole[0], params.target, params.contrast, measure)
    key = _key(scorer, params, labels, sampler, seed)
    known = _known(scorer, sampler, state, key, whole)
    run = _Run(scorer, sampler, target, _estimate(params.method, sampler, labels, target, whole), whole)
    cancelled: Cancelled | None = None
    curves: tuple[Curve, ...] = ()
    proposals: dict[str, Found] = {}
    try:
        run.sample(known, params.batch, context, stopped or (lambda: False))
        by_region = labels if params.method == "lime" else None
        curves = both_curves(
            scorer, target, run.estimate.values(), labels=by_region, batch=params.batch,
            checkpoint=context.checkpoint,
        )  # fmt: skip
        if getattr(params, "proposals", False):
            proposals = _proposals(scorer, target, run.estimate.values(), labels, context)
    except Cancelled as error:
        cancelled = error
    if run.done:
        explanation = run.estimate.explanation()
        result = {
            **_result(scorer, explanation, labels, target, whole),
            "curves": {one.kind: one.plain() for one in curves},
            "proposals": {name: found.area for name, found in proposals.items()},
            "settings": _settings(params, run.done, seed),
            "state": {"key": key, "logits": np.concatenate(run.logits)},
        }
        yield Candidate(
            kind="map",
            result=result,
            seed=seed,
            label=target.label,
            score=curves[1].area - curves[0].area if curves else None,
            metrics=_metrics(
                explanation, target, whole, curves, done=run.done, seconds=time.perf_counter() - begun
            )
            | {f"{name}_share": round(found.share, 4) for name, found in proposals.items()},
        )
    if cancelled is not None:
        raise cancelled


def _proposals(
    scorer: Scorer, target: Target, values: Array, labels: Array, context: RunContext
) -> dict[str, Found]:
    """The least that is enough and the least that decides; a photo may have neither."""
    found: dict[str, Found] = {}
    context.progress(0, 0, "Looking for the least that is enough")
    whole = ask(scorer, np.ones((1, *scorer.shape), bool))
    least = min(LEAST_CHANCE, 0.9 * float(target.chances(whole)[0]))
    with contextlib.suppress(BadInput):
        found["sufficient"] = sufficient(
            scorer, target, values, labels, least=least, checkpoint=context.checkpoint
        )
    with contextlib.suppress(BadInput):
        found["necessary"] = necessary(scorer, target, values, labels, checkpoint=context.checkpoint)
    return found


class _Run:
    """Samples on their way into an estimate.

    Attributes:
        done: how many samples went in.
        logits: of the whole photo, then of every sample, in parts.
    """

    def __init__(
        self, scorer: Scorer, sampler: Sampler, target: Target, estimate: Estimate, whole: Array
    ) -> None:
        self._scorer, self._sampler, self._target = scorer, sampler, target
        self.estimate = estimate
        self.logits = [whole]
        self.done = 0
        self._next_preview = 0.0

    def sample(self, known: Array, batch: int, context: RunContext, stopped: Callable[[], bool]) -> None:
        """Take in the ``known`` logits of the first samples, then ask for the rest."""
        total = self._sampler.count
        for start in range(0, len(known), batch):
            context.checkpoint()
            self._take(start, known[start : start + batch])
        if self.done:
            self._preview(context)
        visible = self._sampler.visible
        for start, logits in ask_all(
            self._scorer, visible, self.done, total, batch=batch, checkpoint=context.checkpoint
        ):
            self._take(start, logits)
            context.progress(self.done, total, f"Asking the network: {self.done} of {total}")
            self._preview(context)
            if stopped():
                return

    def _take(self, start: int, logits: Array) -> None:
        self.estimate.add(start, self._target.values(logits))
        self.logits.append(logits)
        self.done = start + len(logits)

    def _preview(self, context: RunContext) -> None:
        began = time.monotonic()
        if began < self._next_preview:
            return
        context.preview(self.estimate.values())
        ended = time.monotonic()
        self._next_preview = ended + max(PREVIEW_EVERY, PREVIEW_PAUSE * (ended - began))


def _sampler(scorer: Scorer, params: Wanted, labels: Array, seed: int) -> Sampler:
    count = params.samples
    if params.method == "lime":
        regions = int(labels.max()) + 1
        if count < regions:
            raise BadInput(
                f"{count} samples cannot tell {regions} regions apart. Use at least {regions} samples, "
                f"better {4 * regions}, or fewer regions."
            )
        return RegionSubsets(labels, count, params.keep_probability, seed)
    height, width = scorer.shape
    if params.method == "occlusion":
        side = round(float(np.sqrt(height * width / max(params.regions, 1))))
        return SlidingWindows((height, width), count, side, seed)
    if params.method == "rise":
        cells = round(float(np.sqrt(params.regions)))
        return ShiftedGrids((height, width), count, cells, params.keep_probability, seed)
    raise BadInput(f"Unknown method '{params.method}'. Use lime, occlusion or rise.")


def _estimate(method: str, sampler: Any, labels: Array, target: Target, whole: Array) -> Estimate:
    value = float(target.values(whole)[0])
    if method == "lime":
        return Lime(sampler, value)
    return Occlusion(sampler, labels, value) if method == "occlusion" else Rise(sampler, labels, value)


def _key(scorer: Scorer, params: Wanted, labels: Array, sampler: Sampler, seed: int) -> str:
    """Names the sequence of questions; the class asked about and the number of samples are no part of it,
    but for windows, whose places follow from their number."""
    digest = hashlib.blake2b(digest_size=16)
    count = sampler.count if params.method == "occlusion" else 0
    words = (params.method, params.regions, params.keep_probability, seed, count, list(scorer.labels))
    digest.update(repr(words).encode())
    digest.update(np.ascontiguousarray(labels).data)
    digest.update(np.ascontiguousarray(scorer.photo).data)
    return digest.hexdigest()


def _known(
    scorer: Scorer, sampler: Sampler, state: Mapping[str, Any] | None, key: str, whole: Array
) -> Array:
    """Logits of the samples that need not be asked again; none if the photo's or the first sample's differ,
    for then the network or the way of hiding is another."""
    none: Array = np.empty((0, whole.shape[1]), np.float32)
    if state is None or state.get("key") != key:
        return none
    logits = np.asarray(state.get("logits"), np.float32)
    if logits.ndim != 2 or len(logits) < 2 or logits.shape[1] != whole.shape[1]:
        return none
    again = np.concatenate([whole, ask(scorer, sampler.visible(0, 1))])
    scale = float(np.abs(again).max())
    if np.abs(again - logits[:2]).max() > _SAME * scale:
        return none
    return logits[1 : 1 + sampler.count]


def _result(
    scorer: Scorer, explanation: Explanation, labels: Array, target: Target, whole: Array
) -> dict[str, Any]:
    chances = probabilities(whole[0])
    order = np.argsort(-chances, kind="stable")[:TOP]
    top = [{"label": str(scorer.labels[i]), "index": int(i), "p": float(chances[i])} for i in order]
    return {
        "values": explanation.values,
        "band": explanation.band,
        "labels": labels,
        "coefficients": explanation.coefficients,
        "errors": explanation.errors,
        "signed": True,
        "target": {
            "index": target.index,
            "label": target.label,
            "measure": target.name,
            "other": target.other,
            "value": float(target.values(whole)[0]),
            "p": float(chances[target.index]),
        },
        "top": top,
        "photo": np.ascontiguousarray(scorer.photo, np.uint8),
    }


def _settings(params: Wanted, done: int, seed: int) -> dict[str, Any]:
    return {
        "method": params.method,
        "segments": params.segments,
        "regions": params.regions,
        "samples": params.samples,
        "asked": done,
        "keep_probability": params.keep_probability,
        "seed": seed,
    }


def _metrics(
    explanation: Explanation,
    target: Target,
    whole: Array,
    curves: tuple[Curve, ...],
    *,
    done: int,
    seconds: float,
) -> dict[str, float | int | str]:
    metrics: dict[str, float | int | str] = {
        "target": target.label,
        "p": round(float(probabilities(whole[0])[target.index]), 6),
    }
    if explanation.fit is not None:
        metrics["r2"] = round(explanation.fit, 4)
    metrics["stability"] = round(explanation.stability, 4)
    for one in curves:
        metrics[one.kind] = round(one.area, 4)
    return {**metrics, "samples": done, "seconds": round(seconds, 2)}
