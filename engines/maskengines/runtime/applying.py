"""Which parameters of an engine apply, given the values that it has now."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from typing import Any

from maskengines.runtime.registry import RegisteredEngine

_log = logging.getLogger(__name__)


def fields_that_apply(engine: RegisteredEngine, values: Mapping[str, Any]) -> frozenset[str]:
    """Names of the parameters of ``engine`` that apply; takes up to a second the first time, so not for the
    thread of a window.

    Those that must be given always do, and all of them where the engine's ``info.fields`` is empty, fails or
    names what it does not have: nothing is hidden by mistake. A plugin is not asked, as none of its code
    runs outside its worker.

    Args:
        values: what a form shows, by name; not validated.
    """
    everything = frozenset(engine.info.params.model_fields)
    if not engine.info.fields or engine.plugin_folder is not None:
        return everything
    module, _, name = engine.info.fields.partition(":")
    try:
        found = frozenset(getattr(importlib.import_module(module), name)(values))
    except (Exception, SystemExit):
        _log.exception("%s cannot say which of its fields apply", engine.info.title)
        return everything
    if not found <= everything:
        _log.error("%s has no %s", engine.info.title, ", ".join(map(str, found - everything)))
        return everything
    return found | {name for name, field in engine.info.params.model_fields.items() if field.is_required()}
