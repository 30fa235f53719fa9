"""``maskstudio render``: pictures of a scene, from the cameras of a file or from once around it."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from maskengines.contract import Candidate
from maskengines.errors import BadInput, EngineFault
from maskengines.files import check_target
from maskengines.runtime.events import JobEvent
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime
from maskengines.subjects.cameras import Camera, read_cameras
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import save_image
from maskengines.subjects.scene import need_gaussians

from maskstudio.batch import follow
from maskstudio.batch_subjects import open_scene
from maskstudio.picture_sequences import FILM, Film
from maskstudio.settings_words import read_settings
from maskstudio.stopping import uninterrupted
from maskstudio.turntables import Turntable

if TYPE_CHECKING:
    from maskstudio.output import Output

ENGINE = "render-scene"
NAMED_LIKE_FILES = frozenset(
    (FILM, *[".avi", ".gif", ".jpeg", ".jpg", ".mkv", ".mov", ".png", ".tif", ".tiff", ".webm", ".webp"])
)


@dataclass(frozen=True)
class Shoot:
    """The words of one ``render`` command; ``settings`` are ``key=value`` words.

    Attributes:
        cameras: a file of cameras, or how to go around.
        out: a folder, or an ``.mp4`` where the pictures go around.
    """

    scene: Path
    cameras: Path | Turntable
    out: Path
    settings: Sequence[str] = ()


def render(shoot: Shoot, output: Output) -> int:
    """Write a PNG for each camera into a folder, which is made if it is not there, or a film; returns 0.

    Pictures are named like their cameras where each has a name of its own that can be a file's, else
    ``0001.png`` and so on. All that can be wrong with the words is found before any work starts; pictures
    that were written stay when a later one fails.

    Raises:
        BadInput, NotReady, EngineFault: as their messages say.
        KeyboardInterrupt: the user stopped it; the worker is gone and no partial file is left.
    """
    registry = EngineRegistry.default()
    engine = registry.get(ENGINE)
    words = [word for word in shoot.settings if not word.startswith("cameras=")]
    if len(words) < len(shoot.settings):
        raise BadInput("Cameras come from the file that --camera names; leave them out of --set.")
    params = read_settings(engine.info.params, words)
    cameras = read_cameras(shoot.cameras) if isinstance(shoot.cameras, Path) else None
    scene, _ = open_scene(engine.info, shoot.scene, None, output)
    need_gaussians(scene)
    if isinstance(shoot.cameras, Turntable):
        cameras = shoot.cameras.cameras(scene)
    assert cameras is not None
    records = [camera.to_record() for camera in cameras]
    with _place(shoot, cameras, output) as save, Runtime(registry, interactive=False) as runtime:
        events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        runtime.submit(
            ENGINE, scene, {}, {**params.model_dump(), "cameras": records},
            count=len(cameras), seed=0, listener=events.put,
        )  # fmt: skip
        output.progress(0, len(cameras), "Starting the renderer")
        follow(events, save, output)
        output.close()
        if save.saved < len(cameras):
            raise EngineFault(f"'{ENGINE}' gave {save.saved} of {len(cameras)} pictures and no reason why.")
        save.finish()
    return 0


def picture_names(cameras: Sequence[Camera]) -> list[str]:
    """File names for the pictures of cameras, in their order."""
    names = [camera.name for camera in cameras]
    # Names are told apart as a file system may that does not know small letters from capitals.
    usable = all(name and name[0] != "." and not set(name) & set('/\\\0:*?"<>|') for name in names)
    if usable and len({name.lower() for name in names}) == len(names):
        return [f"{name}.png" for name in names]
    digits = max(4, len(str(len(names))))
    return [f"{number:0{digits}}.png" for number in range(1, len(names) + 1)]


class _Saver(Protocol):
    saved: int

    def __call__(self, candidate: Candidate) -> None:
        """A picture came."""

    def finish(self) -> None:
        """All came."""


class _PictureSaver:
    def __init__(self, paths: Sequence[Path], output: Output) -> None:
        self._paths = paths
        self._output = output
        self.saved = 0

    def __call__(self, candidate: Candidate) -> None:
        path = self._paths[self.saved]
        with uninterrupted():  # a file that is there has been told
            save_image(ImageSubject(candidate.result.pixels), path)
            self.saved += 1
            self._output.candidate(path, candidate.seed, candidate.seconds, candidate.metrics)

    def finish(self) -> None:
        """Each is in its place already."""


class _FilmSaver:
    def __init__(self, film: Film, output: Output) -> None:
        self._film = film
        self._output = output
        self._seconds = 0.0
        self.saved = 0

    def __call__(self, candidate: Candidate) -> None:
        self._film.add(candidate.result.pixels)
        self._seconds += candidate.seconds
        self.saved += 1

    def finish(self) -> None:
        """Put the film in its place and tell of it."""
        with uninterrupted():
            (path,) = self._film.finish()
            self._output.candidate(path, 0, self._seconds, {"frames": self.saved})


@contextlib.contextmanager
def _place(shoot: Shoot, cameras: Sequence[Camera], output: Output) -> Iterator[_Saver]:
    """Where the pictures go; gone again if nothing came of it.

    Raises:
        BadInput: they cannot go there.
    """
    if shoot.out.suffix.lower() == FILM and isinstance(shoot.cameras, Turntable):
        film = Film(Path.cwd() / shoot.out, shoot.cameras.width, shoot.cameras.height)
        try:
            yield _FilmSaver(film, output)
        finally:
            film.drop()
        return
    with _folder(shoot.out) as folder:
        paths = [folder / name for name in picture_names(cameras)]
        for path in paths:
            check_target(path)
        yield _PictureSaver(paths, output)


@contextlib.contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """The folder, made where it is not there; gone again if nothing came of it.

    Raises:
        BadInput: it cannot be made, is a file, or is named like one.
    """
    if out.suffix.lower() in NAMED_LIKE_FILES:
        raise BadInput(
            f"--out '{out}' is named like a file. Name a folder for PNG pictures, or with --turntable a film "
            f"that ends in {FILM}."
        )
    folder = Path.cwd() / out
    made = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise BadInput(f"--out '{out}' is a file. Name a folder for the pictures.") from None
    except OSError as error:
        raise BadInput(f"Cannot make the folder '{out}': {error.strerror}. Choose another place.") from error
    try:
        yield folder
    finally:
        if made:
            with contextlib.suppress(OSError):  # it is kept where there is something in it
                folder.rmdir()
