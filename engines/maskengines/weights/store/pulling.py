"""Brings a model from the hub: first what it would be, then, agreed to, its files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from maskengines.errors import BadInput, NotReady
from maskengines.weights.store.choosing import Choice, Precision, choose, is_licence
from maskengines.weights.store.copying import Progress, Stopped
from maskengines.weights.store.fetching import Download, HubFile
from maskengines.weights.store.hub import Hub, HubModel
from maskengines.weights.store.hub_errors import is_from_network, told_plainly
from maskengines.weights.store.licences import Licence, accept, is_accepted
from maskengines.weights.store.records import Installed, Record, read_installed, write_record
from maskengines.weights.store.space import check_room, unwritable
from maskengines.weights.store.staging import folder_name, publish, workshop
from maskengines.weights.store.wholeness import examine

Agree = Callable[["Offer"], bool]
"""Shows a licence; whether the user agrees to it."""


@dataclass(frozen=True)
class Offer:
    """What a pull would bring.

    Attributes:
        hub: address of the hub.
        files: what is fetched, by its path in the store.
        bytes: of all files.
    """

    hub: str
    model: HubModel
    kind: str
    precision: Precision
    files: Mapping[str, HubFile]
    licence: Licence

    @property
    def id(self) -> str:
        return self.model.id

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files.values())


def make_offer(hub: Hub, model_id: str, precision: Precision) -> Offer:
    """Ask the hub what a model is. Fetches nothing but its description and its licence.

    Raises:
        BadInput: there is none, or none in safetensors.
        NotReady: offline, unreachable, or refused.
        Cancelled: the user stopped it.
    """
    model = hub.describe(model_id)
    choice: Choice = choose(list(model.files), lambda name: hub.read_json(model, name), model.id, precision)
    files = {target: model.files[source] for source, target in choice.files.items()}
    if not all(file.key for file in files.values()):
        raise NotReady(f"The hub gives no checksums for '{model.id}', so it is not fetched. Pull it later.")
    licence = model.licence
    text = next((name for name in sorted(files) if is_licence(name)), None)
    if text is not None:
        licence = replace(licence, text=hub.read_text(model, files[text].name))
    return Offer(hub.address, model, choice.kind, precision, files, licence)


@dataclass(frozen=True)
class Pull:
    """One model on its way into the folder ``models``.

    Attributes:
        agree: asked for a licence that was not agreed to before.
        progress: told of bytes done, bytes in all, and the file at hand.
        stopped: whether the user wants to stop.
    """

    hub: Hub
    models: Path
    agree: Agree
    progress: Progress
    stopped: Stopped

    def run(self, offer: Offer) -> Installed:
        """Fetch the files of an offer and put the model in place.

        Raises:
            NotReady: the licence is not agreed to, there is no room, the connection breaks, a checksum is
                wrong.
            BadInput: what the hub has is damaged.
            Cancelled: ``stopped`` said so; what was fetched is kept for the next time.
        """
        target = self.models / folder_name(offer.id)
        here = read_installed(target)
        if here is not None and _same(here, offer):
            return here
        self._agreed(offer)
        with workshop(self.models, offer.id) as work, told_plainly(offer.id):
            try:
                _forget_others(work, offer)
                check_room(work, offer.bytes - _there(work))
                self._fetch(offer, work)
                tree = _assembled(work, offer)
                kind = _examined(tree, offer, work)
                write_record(tree, _record(offer, kind))
            except OSError as error:
                if is_from_network(error):
                    raise
                raise unwritable(self.models, error) from error
            publish(tree, target, work)
        found = read_installed(target)
        if found is None:
            raise NotReady(f"'{offer.id}' was taken away while it was put in place. Pull it again.")
        return found

    def _agreed(self, offer: Offer) -> None:
        if is_accepted(offer.licence, offer.id):
            return
        if not self.agree(offer):
            raise NotReady(
                f"'{offer.id}' is not fetched, as its licence ({offer.licence.words()}) was not agreed to. "
                "Pull it again once you want to agree."
            )
        accept(offer.licence, offer.id)

    def _fetch(self, offer: Offer, work: Path) -> None:
        """Small files first: what is wrong with a model shows early."""
        different = {file.key: file for file in offer.files.values()}
        total = sum(file.size for file in different.values())
        before = 0
        for file in sorted(different.values(), key=lambda file: (file.size, file.name)):

            def arrived(count: int, file: HubFile = file, before: int = before) -> None:
                self.progress(before + count, total, file.name)

            url = self.hub.url(offer.model, file.name)
            Download(file, url, self.hub.headers, work, arrived, self.stopped).run()
            before += file.size


def _same(here: Installed, offer: Offer) -> bool:
    wanted = {name: file.size for name, file in offer.files.items()}
    return not here.missing and here.record.revision == offer.model.commit and here.record.files == wanted


def _examined(tree: Path, offer: Offer, work: Path) -> str:
    try:
        return examine(tree, offer.id).kind
    except BadInput:
        # Every byte is the hub's, so it would be the same the next time.
        shutil.rmtree(work)
        raise


def _assembled(work: Path, offer: Offer) -> Path:
    """A folder with the fetched files under their names; one that has several names is copied."""
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    left = [file.key for file in offer.files.values()]
    for name, file in offer.files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        left.remove(file.key)
        if file.key in left:
            shutil.copyfile(work / file.key, path)
        else:
            (work / file.key).replace(path)
    return tree


def _forget_others(work: Path, offer: Offer) -> None:
    """What an older state of the model left behind is of no use any more."""
    wanted = {file.key for file in offer.files.values()}
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.removesuffix(".part") not in wanted:
            path.unlink()


def _there(work: Path) -> int:
    return sum(path.stat().st_size for path in work.iterdir())


def _record(offer: Offer, kind: str) -> Record:
    return Record(
        id=offer.id,
        title=offer.id.rpartition("/")[2],
        kind=kind,
        licence=offer.licence.name,
        licence_link=offer.licence.link,
        source=f"{offer.hub}/{offer.id}",
        revision=offer.model.commit,
        files={name: file.size for name, file in offer.files.items()},
    )
