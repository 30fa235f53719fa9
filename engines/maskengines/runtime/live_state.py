"""The newest masks, parameters and values of a job, as its engine asks for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from maskengines.contract import Changes
from maskengines.params import Params
from maskengines.runtime.messages import Update
from maskengines.runtime.plain import as_rows, unpack, views

_WAKE_SECONDS = 0.5


class LiveState:
    """Written by the receiver, read by the engine's thread.

    Args:
        masks: the masks of the request by space, ``(H, W)`` uint8; never written to.
    """

    def __init__(self, masks: Mapping[str, np.ndarray[Any, Any]], params: type[Params]) -> None:
        self.request_masks = masks
        self._masks: dict[str, np.ndarray[Any, Any]] = {}
        self._params_type = params
        self._changed = threading.Condition()
        self._changed_spaces: set[str] = set()
        self._params: dict[str, Any] | None = None
        self._values: dict[str, Any] = {}
        self._closed = False

    def apply(self, update: Update) -> None:
        """Take in what the studio sent; older news of the same key is replaced."""
        values = unpack(update.values, [array.copy() for array in views(update.layout, update.blob)])
        with self._changed:
            for space, x, y, width, height, offset in update.rectangles:
                if space not in self._masks:
                    begun = self.request_masks.get(space)
                    empty = update.shapes.get(space, [])
                    self._masks[space] = np.zeros(empty, np.uint8) if begun is None else np.array(begun)
                rows = np.frombuffer(update.blob, np.uint8, width * height, offset).reshape(height, width)
                as_rows(self._masks[space])[y : y + height, x : x + width] = rows
                self._changed_spaces.add(space)
            if update.params is not None:
                self._params = update.params
            self._values.update(values or {})
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wake(self) -> None:
        """Let a waiting engine look at its checkpoint."""
        with self._changed:
            self._changed.notify_all()

    def take(self, wait: float | None, checkpoint: Callable[[], None]) -> Changes | None:
        """See `RunContext.changes`. News that came before the job was closed is handed out first."""
        with self._changed:
            if wait is None:
                while not self._something():
                    checkpoint()
                    self._changed.wait(_WAKE_SECONDS)
            elif not self._something():
                self._changed.wait_for(self._something, timeout=wait)
            checkpoint()
            if self._closed and not self._news():
                return None
            masks = {space: self._masks[space].copy() for space in self._changed_spaces}
            params, self._params = self._params, None
            values, self._values = self._values, {}
            self._changed_spaces = set()
        return Changes(masks, None if params is None else self._params_type.read(params), values)

    def _news(self) -> bool:
        return bool(self._changed_spaces or self._values or self._params is not None)

    def _something(self) -> bool:
        return self._closed or self._news()
