"""The models on this machine: what is here, where, and how one comes and goes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from maskengines.errors import BadInput, NotReady
from maskengines.places import models_folder
from maskengines.weights.files import PICKLED, refuse_pickled
from maskengines.weights.store.choosing import Precision
from maskengines.weights.store.copying import Progress, Stopped, copy_files
from maskengines.weights.store.hub_cache import cached_snapshot
from maskengines.weights.store.licences import licence_of_card
from maskengines.weights.store.records import Installed, Record, read_installed, write_record
from maskengines.weights.store.space import unwritable
from maskengines.weights.store.staging import HIDDEN, folder_name, publish, put_away, workshop
from maskengines.weights.store.wholeness import examine, names_below

if TYPE_CHECKING:
    from maskengines.weights.store.pulling import Agree, Offer

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def _quiet(done: int, total: int, file: str) -> None:
    """Nobody watches."""


def _never() -> bool:
    return False


class ModelStore:
    """Models in one folder, each in a folder of its own that appears whole or not at all.

    Args:
        folder: by default the user's, which ``MASKSTUDIO_MODELS`` may move.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or models_folder()

    def installed(self) -> list[Installed]:
        """Every model here, by id."""
        try:
            places = [place for place in self.folder.iterdir() if not place.name.startswith(".")]
        except OSError:
            return []
        found = [model for model in map(read_installed, places) if model is not None]
        return sorted(found, key=lambda model: model.id.casefold())

    def find(self, model_id: str) -> Installed | None:
        """The model of an id; capitals do not matter where they leave one model only."""
        models = self.installed()
        wanted = model_id.strip()
        same = [model for model in models if model.id == wanted]
        same = same or [model for model in models if model.id.casefold() == wanted.casefold()]
        return same[0] if len(same) == 1 else None

    def resolve(self, model: str) -> Path:
        """Where a model's files are. Never touches the network.

        Args:
            model: the id of a model here, a folder, a ``.safetensors`` file, or a hub id whose files
                another program has fetched into the hub's own cache; looked for in this order, so
                ``./name`` is always a folder.

        Raises:
            BadInput: there is no such folder or id, or it holds pickles only.
            NotReady: the model is not on this machine, or no longer whole.
        """
        text = model.strip()
        if not text:
            raise BadInput("No model is named. Give the id of one, or a folder.")
        found = self.find(text)
        if found is not None:
            if found.missing:
                raise NotReady(
                    f"'{found.id}' is no longer whole: '{found.missing[0]}' is missing. "
                    f"{_getting(found.id, found.record.source)}"
                )
            return found.path
        path = Path(text).expanduser()
        if path.is_dir():
            return _checked_folder(path.absolute())
        if path.suffix.lower() in PICKLED:
            raise refuse_pickled(path)
        if path.is_file():
            if path.suffix.lower() == ".safetensors":
                return path.absolute()
            raise BadInput(f"'{path.name}' is no model. Choose its folder, or a .safetensors file.")
        cached = cached_snapshot(text) if HUB_ID.fullmatch(text) else None
        if cached is not None:
            return cached
        if HUB_ID.fullmatch(text):
            raise NotReady(
                f"'{text}' is not on this machine. Get it with 'maskstudio models pull {text}', or import a "
                "folder."
            )
        raise BadInput(
            f"There is no model and no folder '{text}'. 'maskstudio models list' shows what is here; a hub "
            "id has the form owner/name."
        )

    def import_folder(self, path: Path, progress: Progress = _quiet, stopped: Stopped = _never) -> Installed:
        """Copy a model from a folder, or from one ``.safetensors`` file; it is called like the folder.

        Raises:
            BadInput: it is no model, only pickled or not whole, or one of that name is here.
            NotReady: there is no room, or the store cannot be written.
            Cancelled: ``stopped`` said so.
        """
        source = path.expanduser().absolute()
        if not source.exists():
            raise BadInput(f"There is no folder '{path}'.")
        if source.is_file() and source.suffix.lower() in PICKLED:
            raise refuse_pickled(source)
        if source.is_file() and source.suffix.lower() != ".safetensors":
            raise BadInput(f"'{source.name}' is no model. Choose its folder, or a .safetensors file.")
        name = source.stem if source.is_file() else source.name
        # Two dashes stand for the slash of a hub id in the names of folders.
        model_id = re.sub(r"[^\w.]+", "-", name).strip("-.") or "model"
        self._refuse_twice(model_id)
        choice = examine(source, name)
        root = source.parent if source.is_file() else source
        with workshop(self.folder, model_id) as work:
            self._refuse_twice(model_id)
            tree = work / "import"
            copy_files(root, choice.files, tree, progress, stopped)
            name, link = licence_of_card(tree)
            record = Record(
                model_id, model_id, choice.kind, name, link, str(source),
                files={target: (tree / target).stat().st_size for target in choice.files.values()},
            )  # fmt: skip
            write_record(tree, record)
            publish(tree, self.folder / folder_name(model_id), work)
        return self._present(model_id)

    def offer(self, model_id: str, precision: Precision = "half", stopped: Stopped = _never) -> Offer:
        """What a pull of ``owner/name`` would bring: files, bytes, licence; raises as `pull`."""
        from maskengines.weights.store.hub import Hub
        from maskengines.weights.store.pulling import make_offer

        return make_offer(Hub(stopped), _hub_id(model_id), precision)

    def pull(
        self, model_id: str, agree: Agree, progress: Progress = _quiet, stopped: Stopped = _never,
        precision: Precision = "half",
    ) -> Installed:  # fmt: skip
        """Bring a model from the hub, or go on where an earlier pull stopped.

        Args:
            agree: asked for a licence that was not agreed to before.
            precision: which weights are taken where the hub has both.

        Raises:
            BadInput: the hub has no such model, or none in safetensors.
            NotReady: offline, unreachable, gated, not agreed to, no room, or a checksum is wrong.
            Cancelled: ``stopped`` said so; what was fetched is kept for the next time.
        """
        from maskengines.weights.store.hub import Hub
        from maskengines.weights.store.pulling import Pull, make_offer

        hub = Hub(stopped)
        offer = make_offer(hub, _hub_id(model_id), precision)
        return Pull(hub, self.folder, agree, progress, stopped).run(offer)

    def unfinished(self) -> dict[str, int]:
        """Bytes that are here of models whose pull stopped before its end, by id."""
        try:
            places = [place for place in (self.folder / HIDDEN).iterdir() if place.is_dir()]
        except OSError:
            return {}
        return {
            place.name.replace("--", "/", 1): sum(
                path.stat().st_size for path in place.rglob("*") if path.is_file()
            )
            for place in sorted(places)
        }

    def remove(self, model_id: str) -> int:
        """Delete a model's files, and what an unfinished pull left of it. Returns the bytes freed.

        Raises:
            BadInput: there is no model of that id.
            NotReady: it is in use by a pull, or the store cannot be written.
        """
        found = self.find(model_id)
        name = found.id if found is not None else model_id.strip()
        freed = self.unfinished().get(name, 0) + (found.bytes if found is not None else 0)
        if found is None and name not in self.unfinished():
            raise BadInput(
                f"There is no model '{model_id}' here. 'maskstudio models list' shows what there is."
            )
        with workshop(self.folder, name) as work:
            try:
                if found is not None:
                    put_away(found.path, work)
                shutil.rmtree(work)
            except OSError as error:
                raise unwritable(self.folder, error) from error
        return freed

    def _refuse_twice(self, model_id: str) -> None:
        if self.find(model_id) is not None or (self.folder / folder_name(model_id)).exists():
            raise BadInput(
                f"A model '{model_id}' is here already. Remove it first, or give the folder another name."
            )

    def _present(self, model_id: str) -> Installed:
        found = read_installed(self.folder / folder_name(model_id))
        if found is None:
            raise NotReady(f"'{model_id}' was taken away while it was put in place. Get it again.")
        return found


def _hub_id(text: str) -> str:
    """Raises:
    BadInput: no repository can be called that.
    """
    name = text.strip().removeprefix("https://huggingface.co/").strip("/")
    if not HUB_ID.fullmatch(name) or "--" in name or ".." in name:
        raise BadInput(f"'{text}' is no hub id. One has the form owner/name.")
    return name


def _checked_folder(folder: Path) -> Path:
    """A folder that holds safetensors; what it is, the engine that reads it will tell."""
    names = names_below(folder)
    if any(name.endswith(".safetensors") for name in names):
        return folder
    pickled = [name for name in names if Path(name).suffix.lower() in PICKLED]
    if pickled:
        raise refuse_pickled(folder / pickled[0])
    raise BadInput(f"'{folder}' holds no weights as safetensors. Choose the folder of a model.")


def _getting(model_id: str, source: str) -> str:
    if source.startswith("http"):
        return f"Get it again with 'maskstudio models pull {model_id}'."
    return f"Remove it and import it again from {source}."
