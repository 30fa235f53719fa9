"""Lines over an axis that share a plot: an answer of its own, where maps only have some beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskengines.errors import BadInput
from maskengines.results.maps import Curve


@dataclass(frozen=True, eq=False)
class CurveResult:
    """Result of kind ``curve``: at least one line, all values finite."""

    curves: tuple[Curve, ...]
    title: str = ""

    def to_plain(self) -> dict[str, Any]:
        """As it crosses between processes and into projects; inverse of `read`."""
        return {"title": self.title, "curves": [curve.to_plain() for curve in self.curves]}

    @classmethod
    def read(cls, result: Any) -> CurveResult:
        """What an engine gave: ``{"x": ..., "y": ...}`` with what else a `Curve` has, or several of them as
        ``{"curves": [...], "title": ...}``.

        Raises:
            BadInput: it is neither; says what is wrong.
        """
        if not isinstance(result, Mapping) or not ("curves" in result or {"x", "y"} <= set(result)):
            raise BadInput("This curve has no x and y.")
        try:
            curves = tuple(Curve.read(each) for each in result.get("curves", [result]))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise BadInput(f"This curve is malformed: {error}.") from error
        if not curves or not all(len(curve.x) for curve in curves):
            raise BadInput("This curve has no points.")
        if not all(np.isfinite(values).all() for curve in curves for values in (curve.x, curve.y)):
            raise BadInput("This curve has values that are not numbers.")
        return cls(curves, str(result.get("title", "")))
