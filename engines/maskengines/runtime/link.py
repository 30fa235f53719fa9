"""A worker's end of the pipe: sends messages from any thread, and keeps what the studio shared."""

from __future__ import annotations

import threading
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

from maskengines.runtime.messages import AddSegment, AddSubject, Message, ProtocolError, Run, decode, encode
from maskengines.runtime.plain import views
from maskengines.runtime.segments import MappedSegment
from maskengines.subjects.base import Subject


class Link:
    """Sends and receives; maps segments and keeps subjects until a `Run` lets them go."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._segments: dict[int, MappedSegment] = {}
        self._subjects: dict[str, Subject] = {}

    def send(self, message: Message) -> None:
        frame = encode(message)
        with self._sending:
            self._connection.send_bytes(frame)

    def receive(self) -> Message:
        """The next message; segments and subjects are taken in before they are returned.

        Raises:
            EOFError: the studio is gone.
        """
        message = decode(self._connection.recv_bytes())
        if isinstance(message, AddSegment):
            handle = -1 if message.name else reduction.recv_handle(self._connection)
            self._segments[message.segment] = MappedSegment(
                message.size, writable=message.writable, name=message.name, handle=handle
            )
        elif isinstance(message, AddSubject):
            arrays = views(message.layout, self.buffer(message.segment))
            named = dict(zip(message.names, arrays, strict=True))
            subject = subject_class(message.kind).from_arrays(message.meta, named)
            # The studio has hashed these pixels already; a cached property reads its value from here.
            vars(subject)["content_hash"] = message.digest
            self._subjects[message.digest] = subject
        elif isinstance(message, Run):
            self._keep(message)
        return message

    def buffer(self, segment: int) -> Any:
        """The mapped memory of a segment."""
        try:
            return self._segments[segment].buffer
        except KeyError:
            raise ProtocolError(f"segment {segment} was never added") from None

    def subject(self, digest: str) -> Subject:
        return self._subjects[digest]

    def knows(self, digest: str) -> bool:
        return digest in self._subjects

    def _keep(self, run: Run) -> None:
        self._subjects = {key: value for key, value in self._subjects.items() if key in run.keep_subjects}
        self._segments = {key: value for key, value in self._segments.items() if key in run.keep_segments}


def subject_class(kind: str) -> type[Subject]:
    """The class that rebuilds a subject of this kind.

    Raises:
        KeyError: no such kind.
    """
    if kind == "image":
        from maskengines.subjects.image import ImageSubject

        return ImageSubject
    if kind == "pose":
        from maskengines.subjects.pose import PoseSubject

        return PoseSubject
    if kind == "scene":
        from maskengines.subjects.scene import SceneSubject

        return SceneSubject
    raise KeyError(kind)
