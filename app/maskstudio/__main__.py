"""``python -m maskstudio`` does what ``maskstudio`` does."""

from __future__ import annotations

import sys

from maskstudio.cli import main

if __name__ == "__main__":
    sys.exit(main())
