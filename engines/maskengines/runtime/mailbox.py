"""What a worker said to a job, waiting to be handled."""

from __future__ import annotations

import threading
from collections import deque

from maskengines.runtime.messages import Message, ProgressMade


class Mailbox:
    """Filled by a worker's reader, emptied by the job's thread. Only the newest progress waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._messages: deque[Message] = deque()
        self._progress: ProgressMade | None = None
        self._poked = False
        self._gone = False

    def put(self, message: Message) -> None:
        with self._changed:
            if isinstance(message, ProgressMade):
                self._progress = message
            else:
                if self._progress is not None:
                    self._messages.append(self._progress)
                    self._progress = None
                self._messages.append(message)
            self._changed.notify_all()

    def poke(self) -> None:
        """Let `get` return, for something else than a message."""
        with self._changed:
            self._poked = True
            self._changed.notify_all()

    def hang_up(self) -> None:
        """The worker is gone; what it said before can still be read."""
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def has(self, kind: type[Message]) -> bool:
        """Whether a message of this kind waits."""
        with self._changed:
            return any(isinstance(message, kind) for message in self._messages)

    def get(self) -> Message | None:
        """The next message, or ``None`` after a poke.

        Raises:
            EOFError: the worker is gone and has said nothing more.
        """
        with self._changed:
            while True:
                if self._poked:
                    self._poked = False
                    return None
                if self._messages:
                    return self._messages.popleft()
                if self._progress is not None:
                    progress, self._progress = self._progress, None
                    return progress
                if self._gone:
                    raise EOFError
                self._changed.wait()
