"""Licences of models: what a card says, and which ones the user has accepted."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from maskengines.weights.store.settings import ModelSettings


@dataclass(frozen=True)
class Licence:
    """Under which terms a model may be used.

    Attributes:
        name: ``apache-2.0``, ``creativeml-openrail-m``, ...; empty where the authors say nothing.
        link: where the text is; may be empty.
        text: the text itself where the model brings it along.
    """

    name: str = ""
    link: str = ""
    text: str = ""

    def fingerprint(self, model_id: str) -> str:
        """The same for models under the same words. Terms that nobody can read here, and terms that are
        not stated, are those of one model only."""
        told = self.text or (self.name if self.name and self.name != "other" else f"{model_id} {self.link}")
        return hashlib.sha256(told.encode()).hexdigest()

    def words(self) -> str:
        """One line: the name, or that none is stated."""
        return self.name or "no licence stated"


def is_accepted(licence: Licence, model_id: str) -> bool:
    """Whether the user has agreed to these words before."""
    return licence.fingerprint(model_id) in ModelSettings.load().accepted


def accept(licence: Licence, model_id: str) -> None:
    """Write down that the user agrees; raises as `ModelSettings.save`."""
    settings = ModelSettings.load()
    known = {**settings.accepted, licence.fingerprint(model_id): f"{model_id}: {licence.words()}"}
    replace(settings, accepted=known).save()


def licence_of_card(folder: Path) -> tuple[str, str]:
    """Name and link of the licence in the front matter of a model card ``README.md``; empty where there is
    none."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    matter = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
    told: dict[str, str] = {}
    if matter is not None:
        told.update(re.findall(r"^(license(?:_name|_link)?):[ \t]*[\"']?([^\s\"']+)", matter[1], re.M))
    name, link = told.get("license", ""), told.get("license_link", "")
    return (told.get("license_name", name) if name in ("", "other") else name), link
