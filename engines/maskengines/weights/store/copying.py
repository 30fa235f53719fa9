"""Copies the files of a model into the store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from maskengines.errors import BadInput, Cancelled
from maskengines.weights.store.space import check_room, unwritable

Progress = Callable[[int, int, str], object]
"""Told of bytes done, bytes in all, and the file at hand."""
Stopped = Callable[[], bool]
"""Whether the user wants to stop."""

_BLOCK = 4 << 20


def copy_files(
    source: Path, files: Mapping[str, str], tree: Path, progress: Progress, stopped: Stopped
) -> None:
    """Copy what links point to, not links, so that the copy stands alone.

    Args:
        files: path below ``tree`` by path below ``source``.
        tree: a folder that is deleted first, and again when copying ends early.

    Raises:
        BadInput: a file cannot be read.
        NotReady: there is no room, or the store cannot be written.
        Cancelled: the user stopped it.
    """
    total = sum((source / name).stat().st_size for name in files)
    shutil.rmtree(tree, ignore_errors=True)
    check_room(tree.parent, total)
    done = 0
    try:
        for name, target in files.items():
            (tree / target).parent.mkdir(parents=True, exist_ok=True)
            with (tree / target).open("wb") as writing:
                for block in _blocks(source / name):
                    if stopped():
                        raise Cancelled()
                    writing.write(block)
                    done += len(block)
                    progress(done, total, target)
    except OSError as error:
        shutil.rmtree(tree, ignore_errors=True)
        raise unwritable(tree, error) from error
    except BaseException:
        shutil.rmtree(tree, ignore_errors=True)
        raise


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as reading:
            while block := reading.read(_BLOCK):
                yield block
    except OSError as error:
        raise BadInput(f"'{path}' cannot be read: {error.strerror}.") from error
