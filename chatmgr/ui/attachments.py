"""Files that go with a message: read from a path, an address or standard input, their type found out."""

import hashlib
import sys
from pathlib import Path

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Attachment
from chatmgr.domain.text import as_sentence, storable
from chatmgr.services.attachments import download

_LIMIT = 32 * 1024 * 1024  # bytes; what hosted APIs take in one request, about
_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
}
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


def attachments(named: tuple[str, ...]) -> tuple[Attachment, ...]:
    """The files of ``-f``, read whole; raises UsageFault for what cannot be read."""
    return tuple(_load(one) for one in named)


def _load(named: str) -> Attachment:
    if named == "-":
        name, data = "stdin", sys.stdin.buffer.read(_LIMIT + 1)
    elif named.lower().startswith(("http://", "https://")):
        name, data = download(named, _LIMIT)
    else:
        name, data = _read(named)
    if not data:
        raise UsageFault(f"The file {named} is empty.")
    if len(data) > _LIMIT:
        raise UsageFault(
            f"The file {named} is larger than {_LIMIT // 1024 // 1024} MB.", "Send a part of it."
        )
    kind = content_type(name, data)
    suffix = "" if "." in name else _SUFFIXES.get(kind, "")  # servers tell an uploaded file's type by it
    return Attachment(storable(name) + suffix, kind, hashlib.sha256(data).hexdigest(), data)


def _read(named: str) -> tuple[str, bytes]:
    try:
        path = Path(named).expanduser()
        with path.open("rb") as file:
            return path.name, file.read(_LIMIT + 1)
    except OSError as error:
        raise UsageFault(f"The file {named} cannot be read: {error.strerror}.") from None
    except (RuntimeError, ValueError) as error:  # ~nobody, a NUL in the name
        raise UsageFault(f"The file {named} cannot be read: {as_sentence(str(error))}") from None


def content_type(name: str, data: bytes) -> str:
    """What a file is: by its first bytes where they tell, else by its name, else text if it reads as such."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return "application/octet-stream"
    if "\0" in text:
        return "application/octet-stream"
    from mimetypes import guess_type

    guessed = guess_type(name)[0] or "text/plain"
    return guessed if guessed.startswith("text/") or guessed == "application/json" else "text/plain"
