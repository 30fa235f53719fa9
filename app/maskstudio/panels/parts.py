"""What of an answer has a cell of its own in the gallery."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One thing that can be chosen.

    Attributes:
        index: which one it is in an answer that holds several; None for all of it.
        caption: the line under its picture; empty where the answer's own says enough.
        told: what it is, for the tooltip and for who listens instead of looking.
    """

    index: int | None = None
    caption: str = ""
    told: str = ""


WHOLE = Part()
"""An answer that is one thing, as most are."""
