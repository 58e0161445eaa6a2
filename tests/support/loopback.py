"""A server on the loopback interface for the length of a ``with`` block; the kernel chooses its port."""

import socketserver
import threading
from types import TracebackType
from typing import Self


class LoopbackServer:
    """Serves in a thread of its own while its block runs.

    The default pause between looks for a shutdown, half a second, would be paid by every test.
    """

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"
