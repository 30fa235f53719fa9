"""Imports that threads may do side by side."""

from __future__ import annotations

import builtins


def import_plainly() -> None:
    """Take Qt's hook off the ``import`` statement; call it in the window's thread before others import.

    The hook reads the source of every module for ``from __feature__ import``, which nothing here uses. While
    it reads it takes itself off, for all threads, so what one thread imports depends on what another one
    imports just then. Pydantic does not bear that: asked for an attribute that it lacks, as the hook asks,
    it imports a part of itself, which the hook reads again. Then there were no engines until a restart.
    """
    plain = getattr(builtins, "__orig_import__", None)
    if plain is not None and builtins.__import__ is getattr(builtins, "__feature_import__", None):
        builtins.__import__ = plain
