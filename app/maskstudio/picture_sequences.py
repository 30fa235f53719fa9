"""Where pictures that belong together are written, a folder of PNGs or a film: all at once, or none."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from maskengines.errors import BadInput
from maskengines.files import check_target
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import save_image

Array = np.ndarray[Any, Any]

FILM = ".mp4"
FRAMES_A_SECOND = 24

_PREFIX = ".maskstudio-"


class Sequence(Protocol):
    """Takes pictures one by one; for one thread at a time. Every method may raise `BadInput`."""

    def add(self, pixels: Array) -> None:
        """The next picture, ``(h, w, 3)`` uint8 sRGB."""

    def finish(self) -> list[Path]:
        """All were added: put them into their place; returns what was written."""

    def drop(self) -> None:
        """Leave nothing behind."""


class PictureFolder:
    """``NAME-0001.png`` and so on in a folder, which is made if it is not there.

    Raises:
        BadInput: it cannot be made, or holds pictures of these names already.
    """

    def __init__(self, folder: Path, count: int, name: str = "turn") -> None:
        self._folder = folder.absolute()
        digits = max(4, len(str(count)))
        self._names = [f"{name}-{number:0{digits}}.png" for number in range(1, count + 1)]
        self._made = not self._folder.exists()
        self._added = 0
        try:
            self._folder.mkdir(exist_ok=True)
            if any((self._folder / each).exists() for each in self._names):
                raise BadInput(f"'{self._folder}' holds such pictures already. Choose another folder.")
            check_target(self._folder / self._names[0])
            self._aside = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._folder))
        except FileExistsError:
            raise BadInput(f"'{self._folder}' is a file. Choose a folder for the pictures.") from None
        except OSError as error:
            raise BadInput(
                f"Cannot make the folder '{self._folder}': {error.strerror}. Choose another place."
            ) from error

    def add(self, pixels: Array) -> None:
        save_image(ImageSubject(pixels), self._aside / self._names[self._added])
        self._added += 1

    def finish(self) -> list[Path]:
        written = []
        for name in self._names[: self._added]:
            (self._aside / name).replace(self._folder / name)
            written.append(self._folder / name)
        self.drop()
        return written

    def drop(self) -> None:
        shutil.rmtree(self._aside, ignore_errors=True)
        if self._made:
            with contextlib.suppress(OSError):  # it stays where there is something in it
                self._folder.rmdir()


class Film:
    """An MP4 (MPEG-4 part 2, through OpenCV). A side of an odd number of pixels loses one.

    Raises:
        BadInput: the place cannot be written, or OpenCV was built without the means.
    """

    def __init__(self, path: Path, width: int, height: int, frames_a_second: float = FRAMES_A_SECOND) -> None:
        import cv2

        self._path = check_target(path.absolute())
        self._size = width - width % 2, height - height % 2
        self._added = 0
        try:
            self._aside = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._path.parent))
        except OSError as error:
            raise BadInput(f"Cannot write '{self._path}': {error.strerror}. Choose another place.") from error
        self._film = self._aside / f"film{FILM}"
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(self._film), code, frames_a_second, self._size)
        if not self._writer.isOpened():
            self.drop()
            raise BadInput("This OpenCV cannot write films. Choose PNG pictures instead.")

    def add(self, pixels: Array) -> None:
        width, height = self._size
        self._writer.write(np.ascontiguousarray(pixels[:height, :width, ::-1]))
        self._added += 1

    def finish(self) -> list[Path]:
        import cv2

        self._writer.release()
        # OpenCV does not say when a write fails, as on a full disk: look at what is there.
        held = cv2.VideoCapture(str(self._film))
        frames = int(held.get(cv2.CAP_PROP_FRAME_COUNT)) if held.isOpened() else 0
        held.release()
        if frames != self._added:
            self.drop()
            raise BadInput(
                f"'{self._path.name}' could not be written whole; the disk may be full. Free some space or "
                "choose another folder."
            )
        self._film.replace(self._path)
        self.drop()
        return [self._path]

    def drop(self) -> None:
        self._writer.release()
        shutil.rmtree(self._aside, ignore_errors=True)


def open_sequence(target: Path, count: int, width: int, height: int) -> Sequence:
    """A film where the target ends in ``.mp4``, else a folder of pictures."""
    if target.suffix.lower() == FILM:
        return Film(target, width, height)
    return PictureFolder(target, count)
