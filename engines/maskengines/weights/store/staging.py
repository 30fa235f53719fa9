"""Where a model is put together, out of sight until it is whole."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from maskengines.errors import NotReady
from maskengines.weights.store.space import unwritable

HIDDEN = ".partial"


def folder_name(model_id: str) -> str:
    """Name of the folder that holds a model."""
    return model_id.replace("/", "--")


@contextlib.contextmanager
def workshop(models: Path, model_id: str) -> Iterator[Path]:
    """A hidden folder for what belongs to one model, held by this process alone; what is left in it stays
    for the next time, and if nothing is, it goes.

    Raises:
        NotReady: another process is at the same model, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    place = models / HIDDEN / folder_name(model_id)
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.with_name(f"{place.name}.lock"))
        lock.acquire(timeout=0)
    except Timeout:
        raise NotReady(
            f"'{model_id}' is being fetched, imported or removed by another window or command. Wait for it."
        ) from None
    except OSError as error:
        raise unwritable(models, error) from error
    try:
        place.mkdir(parents=True, exist_ok=True)
        yield place
    finally:
        with contextlib.suppress(OSError):
            place.rmdir()
        lock.release()


def publish(tree: Path, target: Path, work: Path) -> None:
    """Give a whole model its place in one step; what was there before is deleted.

    Args:
        work: the workshop that ``tree`` was made in.
    """
    try:
        if target.exists():
            put_away(target, work)
        tree.replace(target)
    except OSError as error:
        raise unwritable(target.parent, error) from error


def put_away(folder: Path, work: Path) -> None:
    """Delete a model: first it loses its place in one step, then its files."""
    old = work / f"old-{uuid.uuid4().hex}"
    folder.replace(old)
    shutil.rmtree(old, ignore_errors=True)
