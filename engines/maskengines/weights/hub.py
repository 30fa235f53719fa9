"""Where a network is: a folder that somebody names, or the local copy of one on the hub."""

from __future__ import annotations

import re
from pathlib import Path

from maskengines.errors import BadInput, NotReady
from maskengines.weights.files import PICKLED, refuse_pickled
from maskengines.weights.store import ModelStore
from maskengines.weights.store.library import send_no_statistics
from maskengines.weights.store.offline import require_online

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def network_folder(model: str) -> tuple[Path, str]:
    """The folder of a network, and how people call it.

    Args:
        model: the id of a model in the store, a folder, or a hub id ``owner/name``. The hub is asked only for
            what is neither in the store nor in the local cache.

    Raises:
        BadInput: there is no such folder, and nothing of that name on the hub.
        NotReady: it is not here and the hub cannot be reached, or the studio is offline.
    """
    text = model.strip()
    here = ModelStore().find(text)
    if here is not None:
        return ModelStore().resolve(text), here.id
    path = Path(text).expanduser()
    if path.is_dir():
        return path, path.resolve().name
    if path.suffix.lower() in PICKLED:
        raise refuse_pickled(path)
    if path.is_file():
        raise BadInput(f"'{path.name}' is a file. Choose the folder that holds it and its config.json.")
    if _HUB_ID.fullmatch(text):
        return fetched_from_hub(text), text
    raise BadInput(
        f"There is no folder '{text}'. Give a folder with a network, or a hub id such as owner/name."
    )


def fetched_from_hub(name: str) -> Path:
    """Folder of a network ``owner/name`` in the local cache, fetched if it is not there yet.

    Raises:
        BadInput: the hub knows no such network, or not as safetensors.
        NotReady: it is not here and the hub cannot be reached, or the studio is offline.
    """
    send_no_statistics()
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    wanted = ["config.json", "preprocessor_config.json", "model.safetensors", "model.safetensors.index.json"]
    wanted += ["model-*.safetensors", "labels.*"]
    for local in (True, False):
        if not local:
            require_online(f"'{name}' is not fetched")
        try:
            folder = Path(
                snapshot_download(name, allow_patterns=wanted, local_files_only=local, etag_timeout=5)
            )
        except Exception as error:
            if local:
                continue
            if type(error).__name__ == "RepositoryNotFoundError":
                raise BadInput(f"The hub knows no network '{name}'. Check the spelling.") from None
            raise NotReady(
                f"'{name}' is not on this computer and the hub cannot be reached ({type(error).__name__}). "
                "Connect to the internet, or give a folder."
            ) from None
        if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
            return folder
    raise BadInput(f"'{name}' on the hub has no weights as safetensors. Choose another network.")
