"""Why an engine cannot be run on a document just now, in one sentence that says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskengines.runtime.registry import RegisteredEngine

    from maskstudio.documents.document import Document


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an engine could run at all.

    Attributes:
        reason: why it could not, in a sentence; None if it could.
        needs_trust: it is a plugin that only waits for the user's word.
    """

    reason: str | None = None
    needs_trust: bool = False


def standing(engine: RegisteredEngine) -> Standing:
    """Look closely: reads and hashes a plugin's folder, so not for the event loop."""
    reason = engine.readiness()
    if reason is None or engine.origin != "plugin":
        return Standing(reason)
    from maskengines.errors import BadInput
    from maskengines.runtime import plugins

    try:
        plugin = plugins.find(engine.plugin)
    except BadInput as gone:
        return Standing(gone.message)
    return Standing(reason, needs_trust=not plugin.problem and plugin.status != "trusted")


def run_disabled_reason(
    document: Document | None, engine: RegisteredEngine | None, known: Standing | None = None
) -> str | None:
    """One sentence without its full stop, or None when `Asker.run` would be accepted.

    ``known`` is the engine's standing if it was looked up before. A plugin that waits for the user's
    trust can be run: the question is asked then.
    """
    if document is None:
        return "Open a picture first: Ctrl+O"
    if engine is None:
        return "Choose an engine first"
    info = engine.info
    known = known or standing(engine)
    if known.reason is not None and not known.needs_trust:
        return known.reason.rstrip(".")
    kind = document.kind
    if kind not in info.subject_kinds:
        kinds = " and ".join(info.subject_kinds)
        return f"{info.title} works on {kinds}, this is {kind}: choose another engine"
    return document.cannot_ask(info)
