"""What the hub tells of a model, through its own library: files, commit, licence, who may read it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maskengines.errors import BadInput
from maskengines.weights.store.copying import Stopped
from maskengines.weights.store.fetching import HubFile
from maskengines.weights.store.hub_errors import told_plainly
from maskengines.weights.store.library import send_no_statistics
from maskengines.weights.store.licences import Licence
from maskengines.weights.store.offline import require_online
from maskengines.weights.store.streaming import Stream, waited

_SMALL = 16 << 20
"""Most bytes of a file that is read into memory."""


@dataclass(frozen=True)
class HubModel:
    """A repository at one commit.

    Attributes:
        files: by their path in the repository.
        gated: its authors let nobody fetch it who has not agreed to their terms on the hub.
    """

    id: str
    commit: str
    files: Mapping[str, HubFile]
    licence: Licence
    gated: bool


class Hub:
    """The hub that ``HF_ENDPOINT`` names, by default huggingface.co, as whoever is logged in there.

    Raises:
        NotReady: the studio is offline.
    """

    def __init__(self, stopped: Stopped) -> None:
        require_online("the hub is not asked")
        self._stopped = stopped
        self.address = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        send_no_statistics()
        from huggingface_hub.utils import build_hf_headers

        self.headers: Mapping[str, str] = build_hf_headers(library_name="maskstudio")

    def describe(self, model_id: str, revision: str | None = None) -> HubModel:
        """Look a model up.

        Raises:
            BadInput: there is no such model.
            NotReady: the hub cannot be reached or refuses.
            Cancelled: the user stopped it.
        """
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self.address)
        with told_plainly(model_id):
            info = waited(
                lambda: api.model_info(model_id, revision=revision, files_metadata=True, timeout=10),
                self._stopped,
            )
            files = [_file(sibling) for sibling in info.siblings or []]
            told = info.card_data.to_dict() if info.card_data is not None else {}
        return HubModel(
            info.id or model_id,
            str(info.sha),
            {file.name: file for file in files},
            _licence(told),
            bool(info.gated),
        )

    def url(self, model: HubModel, name: str) -> str:
        """Where a file of a model is."""
        from huggingface_hub import hf_hub_url

        return hf_hub_url(model.id, name, revision=model.commit, endpoint=self.address)

    def read_text(self, model: HubModel, name: str) -> str:
        """A small file of a model; raises as `describe`."""
        if model.files[name].size > _SMALL:
            raise BadInput(
                f"'{name}' of '{model.id}' is too large for what it says it is. Choose another model."
            )
        require_online("the hub is not asked")
        with told_plainly(model.id):
            stream = Stream(self.url(model, name), self.headers, 0, self._stopped)
            return b"".join(stream).decode("utf-8", "replace")

    def read_json(self, model: HubModel, name: str) -> Mapping[str, Any]:
        """A JSON object of a model; raises as `describe`."""
        try:
            told = json.loads(self.read_text(model, name))
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise BadInput(f"'{name}' of '{model.id}' is damaged on the hub. Choose another model.")
        return told


def _file(sibling: Any) -> HubFile:
    lfs = sibling.lfs
    return HubFile(
        str(sibling.rfilename),
        int((lfs.size if lfs is not None else sibling.size) or 0),
        str(lfs.sha256) if lfs is not None else "",
        str(sibling.blob_id or ""),
    )


def _licence(card: Mapping[str, Any]) -> Licence:
    name = card.get("license") or ""
    name = ", ".join(map(str, name)) if isinstance(name, list) else str(name)
    if name in ("", "other"):
        name = str(card.get("license_name") or name)
    return Licence(name, str(card.get("license_link") or ""))
