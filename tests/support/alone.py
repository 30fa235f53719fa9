"""One at a time on this machine, also where test files run side by side."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone_with(resource: str) -> Iterator[None]:
    """Hold what the whole machine has once, such as its list of shared memory; others wait for it."""
    with (Path(tempfile.gettempdir()) / f"maskstudio-tests-{resource}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
