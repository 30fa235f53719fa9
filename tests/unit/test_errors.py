"""What an engine raises is a sentence, whatever it puts into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from maskengines.errors import BadInput, Cancelled, EngineFault, NotReady, StudioError, error_from_kind


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BadInput(ValueError("no such tone")), "no such tone"),
        (NotReady(Path("weights.bin")), "weights.bin"),
        (BadInput(5), "5"),
        (EngineFault("A sentence.\n"), "A sentence."),
        (EngineFault(" ", log=7), EngineFault.unsaid),
        (BadInput(""), BadInput.unsaid),
        (NotReady(), NotReady.unsaid),
        (Cancelled(), "Cancelled."),
    ],
)
def test_an_error_has_a_text(error: StudioError, said: str) -> None:
    assert error.message == str(error) == said
    assert isinstance(error.log, str)
    again = error_from_kind(error.kind, error.message, error.log)
    assert (type(again), again.message) == (type(error), said)
