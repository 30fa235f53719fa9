"""Manners of the hub's library: it tells nobody who asks, and stays at home while a model is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def send_no_statistics() -> None:
    """Keep the library from asking the hub what kind of program this is, and from telling it."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import constants

    constants.HF_HUB_DISABLE_TELEMETRY = True  # it may have read its environment before


@contextmanager
def library_at_home() -> Iterator[None]:
    """Inside, whatever reads a model through the hub's library (transformers and diffusers do) finds it
    here or not at all, as nothing is asked of the network."""
    send_no_statistics()
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
