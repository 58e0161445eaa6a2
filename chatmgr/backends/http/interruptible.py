"""Connections whose every wait ends with Ctrl-C: for a name, a handshake, a read or a write.

The transport's own sockets block inside the operating system, where a signal can only interrupt by raising
out of its handler, wherever the program is. Here sockets never block: what they wait for is waited for in
``interrupts``, which raises at that point alone. Deadlines and exceptions are those of the transport.
"""

import errno
import os
import select
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpcore2
import httpx2

from chatmgr.domain.interrupts import interrupts

T = TypeVar("T")
_PENDING = {0, errno.EINPROGRESS, errno.EWOULDBLOCK}


def make_interruptible(client: httpx2.Client) -> None:
    """Have a client open its connections here; each transport has a pool, which asks for them."""
    if os.name != "posix":
        return
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if pool is not None:
            pool._network_backend = _Network()


class _Network(httpcore2.NetworkBackend):
    """Opens connections."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of a host that answers, each within the time."""
        with _translated(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            connection = _connect_to_any(_addresses(host, port), timeout, local_address)
            for option in socket_options or ():
                connection.setsockopt(*option)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Connection(connection)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        """As the transport does it: a local socket connects at once."""
        return httpcore2.SyncBackend().connect_unix_socket(path, timeout, socket_options)

    def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        interrupts.sleep(seconds)


class _Connection(httpcore2.NetworkStream):
    """One connection, plain or encrypted."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        connection.setblocking(False)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has arrived, at most so much; empty at the end."""
        with _translated(httpcore2.ReadTimeout, httpcore2.ReadError):
            interrupts.check()
            return _retried(self._socket, lambda: self._socket.recv(max_bytes), timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send everything; the time is that of each piece."""
        rest = memoryview(buffer)
        with _translated(httpcore2.WriteTimeout, httpcore2.WriteError):
            while rest:
                sent = _retried(self._socket, lambda: self._socket.send(rest), timeout, writing=True)  # noqa: B023
                rest = rest[sent:]

    def close(self) -> None:
        """Close it without a word."""
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Encrypt the connection; inside one that is encrypted already, as the transport does it."""
        if isinstance(self._socket, ssl.SSLSocket):
            from httpcore2._backends.sync import SyncStream

            return SyncStream(self._socket).start_tls(ssl_context, server_hostname, timeout)
        try:
            with _translated(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                encrypted = ssl_context.wrap_socket(
                    self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
                )
                self._socket = encrypted
                _retried(encrypted, encrypted.do_handshake, timeout)
        except BaseException:
            self.close()
            raise
        return _Connection(encrypted)

    def get_extra_info(self, info: str) -> Any:
        """What the transport asks of a connection: whether it is still good, and who is at its ends."""
        match info:
            case "is_readable":
                return self._socket.fileno() < 0 or _is_readable(self._socket)
            case "socket":
                return self._socket
            case "ssl_object" if isinstance(self._socket, ssl.SSLSocket):
                return self._socket._sslobj  # type: ignore[attr-defined]
            case "client_addr":
                return self._socket.getsockname()
            case "server_addr":
                return self._socket.getpeername()
        return None


@contextmanager
def _translated(timed_out: type[Exception], failed: type[Exception]) -> Iterator[None]:
    """Turn the errors of sockets into those of the transport."""
    try:
        yield
    except TimeoutError as error:
        raise timed_out(error) from error
    except OSError as error:
        raise failed(error) from error


def _retried(
    connection: socket.socket, act: Callable[[], T], timeout: float | None, *, writing: bool = False
) -> T:
    """Call what may have to wait, until it need not; raises TimeoutError when a wait takes too long."""
    while True:
        try:
            return act()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as wanted:
            for_writing = isinstance(wanted, ssl.SSLWantWriteError) or (
                writing and isinstance(wanted, BlockingIOError)
            )
        if not interrupts.wait(connection.fileno(), timeout, writing=for_writing):
            raise TimeoutError("timed out")


def _addresses(host: str, port: int) -> list[Any]:
    """The addresses of a host; a thread resolves the name, since that can take long."""

    def resolve() -> list[Any]:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)

    if host == "localhost" or not host.strip("0123456789.") or ":" in host:  # no server is asked for these
        return resolve()
    return interrupts.run_beside(resolve)


def _connect_to_any(addresses: list[Any], timeout: float | None, local_address: str | None) -> socket.socket:
    last_error: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in addresses:
        connection = socket.socket(family, kind, protocol)
        try:
            if local_address is not None:
                connection.bind((local_address, 0))
            _connect(connection, address, timeout)
        except OSError as error:
            connection.close()
            last_error = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise last_error


def _connect(connection: socket.socket, address: Any, timeout: float | None) -> None:
    connection.setblocking(False)
    code = connection.connect_ex(address)
    if code in _PENDING:
        if not interrupts.wait(connection.fileno(), timeout, writing=True):
            raise TimeoutError("timed out")
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _is_readable(connection: socket.socket) -> bool:
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return bool(poller.poll(0))
