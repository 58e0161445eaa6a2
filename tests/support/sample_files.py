"""One small file of each kind, and a web server that hands them out."""

import zlib
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.loopback import LoopbackServer


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\x02\0\0\0")
    + _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    + _chunk(b"IEND", b"")
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
NOTES = "Schöne Grüße: 12 apples.\n"
SAMPLES = {
    "dot.png": ("image/png", PNG),
    "photo.JPG": ("image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\1" * 20),
    "move.gif": ("image/gif", b"GIF89a\1\0\1\0\0\0\0;"),
    "small.webp": ("image/webp", b"RIFF\x1a\0\0\0WEBPVP8L" + b"\2" * 14),
    "plan.pdf": ("application/pdf", PDF),
    "notes.txt": ("text/plain", NOTES.encode()),
    "table.csv": ("text/csv", b"a,b\n1,2\n"),
    "facts.json": ("application/json", b'{"a": 1}'),
    "tool.py": ("text/x-python", b"print(1)\n"),
    "Makefile": ("text/plain", b"all:\n\ttrue\n"),
}
UNSENDABLE = {
    "box.zip": b"PK\3\4" + b"\0\xfe" * 40,
    "latin.txt": "Grüße".encode("latin-1"),
    "wide.txt": "Hello".encode("utf-16"),
    "nul.txt": b"a\0b",
    "sound.mp3": b"ID3\x04\0\0\xff\xfb",
}


def data_url(name: str) -> str:
    """A sample as a data URL."""
    kind, data = SAMPLES[name]
    return f"data:{kind};base64,{b64encode(data).decode()}"


class FileServer(LoopbackServer):
    """A web server: the samples by name, ``/endless``, ``/moved`` (to a sample), and 404 for all else."""

    def __init__(self) -> None:
        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), _Handler))

    def __call__(self, path: str) -> str:
        """The address of a path."""
        return f"http://{self.address}/{path}"


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        name = self.path.strip("/").partition("?")[0]
        if name == "moved":
            self.send_response(302)
            self.send_header("Location", "/files/dot.png")
            self.end_headers()
            return
        data = SAMPLES.get(name.rpartition("/")[2], ("", b""))[1]
        self.send_response(200 if data or name == "endless" else 404)
        self.end_headers()
        try:
            self.wfile.write(data)
            while name == "endless":
                self.wfile.write(b"x" * 2**20)
        except OSError:
            return
