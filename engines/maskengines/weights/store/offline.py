"""The offline switch: once it is on, nothing here touches the network."""

from __future__ import annotations

import os

from maskengines.errors import NotReady
from maskengines.weights.store.settings import ModelSettings

VARIABLES = ("MASKSTUDIO_OFFLINE", "HF_HUB_OFFLINE")
"""Either keeps the studio offline, whatever its own switch says."""


def offline_variable() -> str | None:
    """The variable of the environment that keeps the studio offline."""
    return next((name for name in VARIABLES if _on(os.environ.get(name))), None)


def is_offline() -> bool:
    """Whether the network may not be touched."""
    return offline_variable() is not None or ModelSettings.load().offline


def require_online(what: str) -> None:
    """Ask before anything goes out.

    Args:
        what: what would be done, for example ``"'owner/name' is not fetched"``.

    Raises:
        NotReady: the studio is offline; says what keeps it so.
    """
    variable = offline_variable()
    if variable is not None:
        raise NotReady(f"The studio is offline, so {what}. The variable {variable} keeps it so: unset it.")
    if ModelSettings.load().offline:
        raise NotReady(
            f"The studio is offline, so {what}. Type 'maskstudio models online', or switch it in the window "
            "under Tools, Models."
        )


def _on(value: str | None) -> bool:
    return (value or "").strip().lower() not in ("", "0", "false", "no", "off")
