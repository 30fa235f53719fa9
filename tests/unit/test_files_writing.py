"""A file is all new or all old, whatever happens while it is written."""

from __future__ import annotations

import errno
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.files import atomic_write, check_target
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import save_image


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _write_half(target: Path, error: type[BaseException]) -> None:
    with atomic_write(target) as stream:
        stream.write(b"half")
        raise error


@contextmanager
def small_disk() -> Iterator[None]:
    """No file may grow beyond 4 kB, so that writing fails half-way as on a full disk. Only around what
    is tested: the test runner's own output may go to a file, too."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, old)


def test_a_new_file_takes_the_place_of_the_old_one_and_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "日本 notes.txt"
    target.write_text("old")
    target.chmod(0o640)
    with atomic_write(target) as stream:
        stream.write(b"new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert _names(tmp_path) == [target.name]


def test_a_new_file_has_the_permissions_that_any_new_file_gets(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    with atomic_write(tmp_path / "ours"):
        pass
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_goes_on_pointing_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with atomic_write(tmp_path / "link") as stream:
        stream.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_disk_that_fills_up_leaves_the_old_picture_and_no_partial_file(tmp_path: Path) -> None:
    target = tmp_path / "picture.png"
    target.write_bytes(b"the old one")
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3)).astype(np.uint8)
    with small_disk(), pytest.raises(BadInput, match=r"picture\.png"):
        save_image(ImageSubject(noise), target)
    assert target.read_bytes() == b"the old one"
    assert _names(tmp_path) == ["picture.png"]


def test_a_full_disk_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"disk is full\. Free some space"), atomic_write(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert _names(tmp_path) == []


def test_an_error_or_a_ctrl_c_while_writing_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            _write_half(target, error)
    assert target.read_text() == "old"
    assert _names(tmp_path) == ["a.txt"]


def test_places_that_cannot_be_written_are_refused_with_a_sentence(tmp_path: Path) -> None:
    locked = tmp_path / "locked.txt"
    locked.write_text("old")
    locked.chmod(0o444)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    for target, words in (
        (tmp_path / "nowhere" / "a.txt", "folder does not exist"),
        (tmp_path, "is a folder"),
        (locked, "read-only"),
        (closed / "a.txt", "may not write"),
        (locked / "a.txt", "folder does not exist"),
    ):
        with pytest.raises(BadInput, match=words):
            check_target(target)
        with pytest.raises(BadInput, match=words), atomic_write(target):
            pass
    assert locked.read_text() == "old"
    with pytest.raises(BadInput, match="name is too long"), atomic_write(tmp_path / ("x" * 300)):
        pass
