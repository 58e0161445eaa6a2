"""A loopback proxy before a PostgreSQL server: it forwards bytes until it is told to go silent.

For its clients that is a server, or a network, that hangs: connections stay open, new ones are accepted, and
nothing comes.
"""

import os
import selectors
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

_BLOCK = 65_536


class SilentProxy:
    """Forwards to the server of a ``postgresql://…?host=FOLDER`` URL while its block runs."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://{parts.username}@127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        self._wake_reader, self._wake_writer = os.pipe()
        self._forwards = True
        self.unheard = 0  # clients that came since
        self._ends = False
        self._partners: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def go_silent(self) -> None:
        """From now on, forward nothing."""
        self._forwards = False

    def note(self, source: socket.socket, block: bytes) -> None:
        """Called with all that comes, for those who count."""

    def partner(self, end: socket.socket) -> socket.socket:
        """The other end of a connection."""
        return self._partners[end]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends = True
        os.write(self._wake_writer, b"\0")
        self._thread.join()
        for connection in (self._listener, *self._partners):
            connection.close()
        for descriptor in (self._wake_reader, self._wake_writer):
            os.close(descriptor)

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_reader, selectors.EVENT_READ)
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._ends:
                for key, _ in selector.select():
                    if key.fileobj is self._listener:
                        self._accept(selector)
                    elif isinstance(key.fileobj, socket.socket):
                        self._forward(key.fileobj, selector)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        client = self._listener.accept()[0]
        self.unheard += not self._forwards
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._target)
        for one_end, other_end in ((client, server), (server, client)):
            self._partners[one_end] = other_end
            selector.register(one_end, selectors.EVENT_READ)

    def _forward(self, source: socket.socket, selector: selectors.BaseSelector) -> None:
        if source not in self._partners:
            return
        try:
            block = source.recv(_BLOCK)
            self.note(source, block)
            if self._forwards:
                self._partners[source].sendall(block)
        except OSError:
            block = b""
        if not block:
            for connection in (source, self._partners.pop(source)):
                self._partners.pop(connection, None)
                selector.unregister(connection)
                connection.close()
