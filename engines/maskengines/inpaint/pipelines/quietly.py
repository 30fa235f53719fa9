"""The libraries that read pipelines: kept from the network, and without a word of what they miss."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from maskengines.weights.store.library import library_at_home, send_no_statistics

_ENVIRONMENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
}
"""Read by the libraries when they are imported, so it has to be there before."""

LOCAL: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
"""What every reader of weights is told: no network, no pickles."""


def diffusers() -> Any:
    """The library, imported quietly."""
    os.environ.update(_ENVIRONMENT)
    send_no_statistics()
    from tqdm import tqdm

    # Its own lock is one for several processes, which a worker that is ended would leave behind.
    tqdm.set_lock(threading.RLock())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import diffusers
        import transformers
    for library in (diffusers, transformers):
        library.logging.set_verbosity_error()
        library.logging.disable_progress_bar()
    return diffusers


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, the libraries ask nothing of the network, and nothing that they have to say, such as that
    torchvision is missing, reaches the log."""
    with library_at_home(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
