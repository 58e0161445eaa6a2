"""A SOCKS5 proxy on the loopback interface, without passwords, which connects everything to one server."""

import socket
import socketserver
import threading

from tests.support.loopback import LoopbackServer


class _ThreadingServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


class SocksProxy(LoopbackServer):
    """Writes down the hosts that it is asked for, and connects each to ``upstream``."""

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.partition(":")
        self.asked: list[str] = []
        asked = self.asked

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.rfile.read(self.rfile.read(2)[1])  # the ways to log in that it offers
                self.wfile.write(b"\x05\x00")
                kind = self.rfile.read(4)[3]
                size = {1: 4, 3: 0, 4: 16}[kind] or self.rfile.read(1)[0]
                name = self.rfile.read(size)
                self.rfile.read(2)
                asked.append(name.decode() if kind == 3 else socket.inet_ntop(_FAMILY[kind], name))
                with socket.create_connection((host, int(port))) as server:
                    self.wfile.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
                    back = threading.Thread(target=_pump, args=(server, self.connection), daemon=True)
                    back.start()
                    _pump(self.connection, server)
                    back.join()

        super().__init__(_ThreadingServer(("127.0.0.1", 0), Handler))


_FAMILY = {1: socket.AF_INET, 4: socket.AF_INET6}


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until the source ends, and pass its end on."""
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
