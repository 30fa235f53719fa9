"""Numbers as people read them."""

from __future__ import annotations

import math


def seconds(value: float) -> str:
    """``0.42 s``, ``7.5 s``, ``1:05 min``."""
    if value < 1:
        return f"{value:.2f} s"
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}:{rest:02d} min"


def remaining(value: float) -> str:
    """Time left, rounded up: a guess needs no decimals."""
    return f"{seconds(max(10.0, math.ceil(value))) if value > 9 else f'{math.ceil(value)} s'} left"


def percent(fraction: float) -> str:
    """``62 %``; never 100 before the end."""
    return f"{min(99, int(100 * fraction)) if fraction < 1 else 100} %"
