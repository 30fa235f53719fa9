"""The job service of a window, ready for questions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from maskstudio.jobs.service import JobService


@contextmanager
def started_service(app: Any) -> Iterator[JobService]:
    """Load the engines and wait for them; ends the workers with the block."""
    made = JobService()
    made.start()
    end = time.monotonic() + 120
    while not made.ready and time.monotonic() < end:
        app.processEvents()
        time.sleep(0.01)
    assert made.ready
    yield made
    made.close()
