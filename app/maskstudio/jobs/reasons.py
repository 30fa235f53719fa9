"""Why an engine cannot be run on a document just now, in one sentence that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskengines.runtime.registry import RegisteredEngine

    from maskstudio.documents.document import Document


def needs_trust(engine: RegisteredEngine) -> bool:
    """The engine is a plugin whose present content the user has not trusted yet."""
    if engine.origin != "plugin":
        return False
    from maskengines.runtime import plugins

    status = {each.name: each.status for each in plugins.scan()}
    return status.get(plugin_name(engine), "untrusted") != "trusted"


def plugin_name(engine: RegisteredEngine) -> str:
    """The name that trust is kept under: the plugin's folder."""
    return engine.location.name if engine.location else engine.info.id


def run_disabled_reason(document: Document | None, engine: RegisteredEngine | None) -> str | None:
    """One sentence, or None when `Asker.run` would be accepted.

    A plugin that waits for the user's trust can be run: the question is asked then.
    """
    if document is None:
        return "Open a picture first: Ctrl+O"
    if engine is None:
        return "Choose an engine first"
    info = engine.info
    kind = document.subject.kind
    if kind not in info.subject_kinds:
        return (
            f"{info.title} works on {' and '.join(info.subject_kinds)}, this is {kind}: choose another engine"
        )
    if info.needs_mask and not document.mask.editing and document.mask.selected_count == 0:
        return "Paint a mask first: B"
    full = document.mask.selected_count == document.mask.data.size
    if info.needs_visible and full:
        return "Everything is masked: leave something to go by (erase: E)"
    why = engine.readiness()
    if why is not None and not needs_trust(engine):
        return why
    return None
