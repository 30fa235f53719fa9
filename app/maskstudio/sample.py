"""``make run``: the sample photo with its mask painted, in the window or, without a display, headless."""

from __future__ import annotations

import sys
from pathlib import Path

from maskengines.assets import asset
from maskengines.errors import StudioError

from maskstudio.cli import main
from maskstudio.launch import launch, screen
from maskstudio.output import TextOutput

PHOTO = "samples/sample.jpg"
MASK = "samples/sample-mask.png"


def show(folder: Path) -> int:
    """Open the sample in the window; with no display, fill it into ``folder`` and print the result's path.

    Returns:
        The exit code; errors have been reported.
    """
    try:
        if screen() != "none":
            return launch([asset(PHOTO)], mask=asset(MASK))
    except StudioError as error:
        TextOutput().error(error)
        return error.exit_code
    folder.mkdir(parents=True, exist_ok=True)
    print("There is no display here, so the sample photo is filled without a window:", flush=True)
    return main(
        [
            "run", "exemplar", "--input", str(asset(PHOTO)), "--mask", str(asset(MASK)),
            "--out", str(folder.resolve() / "sample-filled.png"),
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(show(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("out")))
