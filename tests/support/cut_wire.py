"""A network cable that is cut, and a count of who tried to use it."""

from __future__ import annotations

import socket

import pytest


class Wire:
    """Counts who wants to go out, and lets nobody."""

    def __init__(self) -> None:
        self.tries: list[str] = []

    def cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*args: object, **_: object) -> None:
            self.tries.append(repr(args))
            raise OSError("the wire is cut")

        for name in ("connect", "connect_ex", "sendto"):
            monkeypatch.setattr(socket.socket, name, refuse)
        for name in ("getaddrinfo", "gethostbyname", "create_connection"):
            monkeypatch.setattr(socket, name, refuse)
