"""Waiting for the network in a thread, so that a stop is heeded at once while a server is silent."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from maskengines.errors import Cancelled
from maskengines.weights.store.copying import Stopped

Answer = TypeVar("Answer")
_GLANCE = 0.05
"""Seconds between two looks at whether to stop."""
_TIMEOUT = 10.0
"""Seconds of silence after which a connection counts as lost."""
_AHEAD = 64
"""Blocks that may wait to be written."""


def waited(call: Callable[[], Answer], stopped: Stopped) -> Answer:
    """``call()`` in a thread.

    Raises:
        Cancelled: ``stopped`` said so; nobody waits for the call any more.
        Exception: what ``call`` raised.
    """
    answers: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()

    def work() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=work, name="hub", daemon=True).start()
    answer, error = _next(answers, stopped)
    if error is not None:
        raise error
    return cast(Answer, answer)


class Stream:
    """The bytes of one address from ``start`` on, as they arrive.

    Attributes:
        start: where the bytes really begin; 0 where the server sends the whole file all the same.
    """

    def __init__(self, url: str, headers: Mapping[str, str], start: int, stopped: Stopped) -> None:
        self._url = url
        self._headers = {**headers, "Accept-Encoding": "identity"}
        if start:
            self._headers["Range"] = f"bytes={start}-"
        self._wanted = start
        self._stopped = stopped
        self._mail: queue.Queue[int | bytes | BaseException | None] = queue.Queue(_AHEAD)
        self._left = threading.Event()
        threading.Thread(target=self._read, name="download", daemon=True).start()
        first = self._take()
        self.start = first if isinstance(first, int) else 0

    def __iter__(self) -> Iterator[bytes]:
        while (block := self._take()) is not None:
            yield block  # type: ignore[misc]

    def close(self) -> None:
        """Nobody reads on; the connection ends with its next block, or after its time is up."""
        self._left.set()

    def _take(self) -> int | bytes | None:
        try:
            mail = _next(self._mail, self._stopped)
        except BaseException:
            self.close()
            raise
        if isinstance(mail, BaseException):
            raise mail
        return mail

    def _read(self) -> None:
        from huggingface_hub.utils import get_session, hf_raise_for_status

        try:
            client = get_session()
            with client.stream("GET", self._url, headers=self._headers, timeout=_TIMEOUT) as response:
                hf_raise_for_status(response)
                self._put(self._begin(response.status_code, response.headers.get("Content-Range", "")))
                for block in response.iter_bytes():
                    if not self._put(block):
                        return
            self._put(None)
        except BaseException as error:
            self._put(error)

    def _begin(self, status: int, told: str) -> int:
        if status != 206:
            return 0
        match = re.match(r"bytes (\d+)-", told)
        if match is None or int(match[1]) != self._wanted:
            raise ConnectionError(f"the server answered with other bytes than were asked for: {told}")
        return self._wanted

    def _put(self, mail: int | bytes | BaseException | None) -> bool:
        while not self._left.is_set():
            try:
                self._mail.put(mail, timeout=_GLANCE)
            except queue.Full:
                continue
            return True
        return False


def _next(mail: queue.Queue[Answer], stopped: Stopped) -> Answer:
    while True:
        if stopped():
            raise Cancelled()
        try:
            return mail.get(timeout=_GLANCE)
        except queue.Empty:
            continue
