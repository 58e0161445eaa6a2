"""A loopback proxy before a PostgreSQL server that counts round trips: how often it is asked."""

import socket

from tests.support.silent_proxy import SilentProxy

_READY = b"Z\0\0\0\5"  # and one byte more: the server awaits a question
_GOODBYE = b"X"


class CountingProxy(SilentProxy):
    """``trips`` are those since it was last set to 0.

    What a client sends in one go, without an answer in between, is one trip, however it is cut on the way.
    What connecting takes is not counted.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.trips = 0
        self._last: dict[socket.socket, bytes] = {}  # by the server's end: the end of what it said last

    def note(self, source: socket.socket, block: bytes) -> None:
        """Count what a client says after the server was ready."""
        if source.family == socket.AF_UNIX:
            self._last[source] = (self._last.get(source, b"") + block)[-6:]
            return
        server = self.partner(source)
        if self._last.get(server, b"").startswith(_READY) and not block.startswith(_GOODBYE) and block:
            self.trips += 1
        self._last[server] = b""
