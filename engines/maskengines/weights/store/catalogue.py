"""A few well-known models to begin with; nothing of them comes with the studio."""

from __future__ import annotations

import json
from dataclasses import dataclass

from maskengines.assets import asset


@dataclass(frozen=True)
class Suggestion:
    """A model that somebody may want.

    Attributes:
        id: ``owner/name`` on the hub.
        use: what it is good for, in a few words.
        gated: its authors want everybody to agree to their terms on the hub first.
        bytes: about what a pull fetches.
        gpu_gb: graphics memory that is comfortable; 0 where a processor will do.
    """

    id: str
    title: str
    use: str
    licence: str
    gated: bool
    bytes: int
    gpu_gb: int


def suggestions() -> list[Suggestion]:
    """The list in ``assets/models/catalogue.json``."""
    told = json.loads(asset("models/catalogue.json").read_text(encoding="utf-8"))
    return [Suggestion(**entry) for entry in told["models"]]
