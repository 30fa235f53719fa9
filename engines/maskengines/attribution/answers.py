"""What an explanation found, as the map that the studio shows, writes and prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from maskengines.attribution.thresholds import otsu
from maskengines.contract import Box
from maskengines.results.maps import Curve, MapResult

Array = np.ndarray[Any, Any]

METHODS = {"lime": "LIME", "occlusion": "occlusion", "rise": "RISE"}
SEGMENTS = {"slic": "SLIC", "quickshift": "quickshift", "grid": "16 x 16 grid", "painted": "painted"}
MEASURES = {
    "probability": "change of the probability",
    "logit": "change of the logit",
    "log-odds": "change of the log-odds",
}
PROPOSALS = {"sufficient": "The least that is enough", "necessary": "The least that decides"}
OUTSTANDING = "What stands out"
READING = (
    "Red parts speak for the class, blue ones against it. Deletion hides the photo from the most important "
    "part on: the sooner the curve falls, the better the map. Insertion shows it in the same order and "
    "should rise early."
)


def as_map(
    found: Mapping[str, Any],
    metrics: Mapping[str, Any],
    frame: Box,
    facts: Mapping[str, float | int | str],
    warnings: tuple[str, ...] = (),
) -> MapResult:
    """A map for the studio from the result of `explain`.

    Args:
        found, metrics: of its candidate.
        frame: the part of the photo that the network sees.
        facts: what is known of the network and the hiding; told first.
    """
    target, settings = found["target"], found["settings"]
    method = METHODS.get(settings["method"], settings["method"])
    return MapResult(
        values=found["values"],
        frame=frame,
        signed=bool(found["signed"]),
        title=target["label"],
        subtitle=f"What speaks for it and against it, by {method}",
        unit=MEASURES.get(target["measure"], target["measure"]),
        band=found["band"],
        regions=found["labels"],
        region_values=found["coefficients"],
        region_errors=found["errors"],
        ranking=tuple((one["label"], one["p"]) for one in found["top"]),
        proposals=_proposals(found),
        curves=tuple(_curve(name, one) for name, one in found["curves"].items()),
        facts={**facts, **_facts(found, metrics)},
        warnings=warnings,
        reading=READING,
        photo=found["photo"],
    )


def _proposals(found: Mapping[str, Any]) -> dict[str, Array]:
    proposals = {PROPOSALS[name]: np.asarray(area, bool) for name, area in found["proposals"].items()}
    outstanding = otsu(found["values"])
    return proposals if outstanding is None else {**proposals, OUTSTANDING: outstanding}


def _curve(kind: str, held: Mapping[str, Any]) -> Curve:
    what = "share of the photo hidden or shown"
    return Curve(kind.capitalize(), held["shares"], held["chances"], what, "Probability", held["area"])


def _facts(found: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, float | int | str]:
    settings, target = found["settings"], found["target"]
    asked, wanted = settings["asked"], settings["samples"]
    segments = SEGMENTS.get(settings["segments"], settings["segments"])
    facts: dict[str, float | int | str] = {
        "Probability": float(target["p"]),
        "Regions": f"{len(found['coefficients'])} ({segments})",
        "Samples": asked if asked >= wanted else f"{asked} of {wanted} at most",
    }
    if settings["method"] != "occlusion":
        facts["Share given"] = float(settings["keep_probability"])
    facts["Seed"] = settings["seed"]
    facts["Median band, 95 %"] = f"\N{PLUS-MINUS SIGN} {float(np.median(found['band'])):.2g}"
    for key, name in (("r2", "Fit, R squared"), ("stability", "Stability")):
        if key in metrics:
            facts[name] = float(metrics[key])
    return facts
