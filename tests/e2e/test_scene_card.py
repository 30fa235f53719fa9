"""A graphics card draws what the studio's own rasteriser draws; here the CPU pretends to be one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from desktop_driver import desktop, missing_tools

pytestmark = pytest.mark.journey
SCRIPT = Path(__file__).parents[1] / "support" / "card_drawing.py"


def test_a_card_draws_what_the_rasteriser_draws(tmp_path: Path) -> None:
    if missing := missing_tools():
        message = f"this needs {', '.join(missing)}; 'make setup' installs them"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with desktop(640, 480) as screen:
        done = subprocess.run(
            [sys.executable, str(SCRIPT)], capture_output=True, text=True, timeout=300, check=False,
            env={**screen.environment, "MASKSTUDIO_HOME": str(tmp_path), "MASKSTUDIO_GRAPHICS": "any"},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    if found is None:
        pytest.skip("there is no OpenGL 3.3 here, not even one on the CPU")
    for each in found:
        assert each["drawn"] > 20, "there is something to compare"
        # Colours are blended in half precision; few pixels see two splats in the other order.
        assert each["worst"] <= 4
        assert each["mean"] < 1
        assert each["depth"] < 0.01
