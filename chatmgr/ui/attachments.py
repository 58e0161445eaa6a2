"""What a person hands over as files: the attachments of a message, and instructions as ``@file``."""

import hashlib
import sys
from pathlib import Path

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Attachment
from chatmgr.domain.redaction import safe_url
from chatmgr.domain.text import as_sentence, storable
from chatmgr.services.attachments import download
from chatmgr.terminal.silence import told_if_silent

_LIMIT = 32 * 1024 * 1024  # bytes; about what hosted APIs take in one request
_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
}
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


def attachments(sources: tuple[str, ...]) -> tuple[Attachment, ...]:
    """Read the files named with ``-f``, whole; raises UsageFault for one that cannot be read or is too large.

    A source is a path, an http(s) address, or ``-`` for standard input.
    """
    return tuple(_load(source) for source in sources)


def _load(source: str) -> Attachment:
    if source == "-":
        if not sys.stdin.isatty():
            told_if_silent("a file")
        name, content = "stdin", sys.stdin.buffer.read(_LIMIT + 1)
    elif source.lower().startswith(("http://", "https://")):
        name, content = download(source, _LIMIT)
        source = safe_url(source)
    else:
        name, content = _read(source)
    if not content:
        raise UsageFault(f"The file {source} is empty.")
    if len(content) > _LIMIT:
        raise UsageFault(
            f"The file {source} is larger than {_LIMIT // 1024 // 1024} MB.", "Send a part of it."
        )
    type_ = content_type(name, content)
    suffix = "" if "." in name else _SUFFIXES.get(type_, "")  # servers go by an uploaded file's suffix
    return Attachment(storable(name) + suffix, type_, hashlib.sha256(content).hexdigest(), content)


def _read(source: str) -> tuple[str, bytes]:
    try:
        path = Path(source).expanduser()
        with path.open("rb") as file:
            return path.name, file.read(_LIMIT + 1)
    except OSError as error:
        raise UsageFault(f"The file {source} cannot be read: {error.strerror}.") from None
    except (RuntimeError, ValueError) as error:  # ~nobody, a NUL in the name
        raise UsageFault(f"The file {source} cannot be read: {as_sentence(str(error))}") from None


def content_type(name: str, content: bytes) -> str:
    """A file's MIME type: by its first bytes, else by its name, else text if it is UTF-8."""
    for signature, type_ in _SIGNATURES:
        if content.startswith(signature):
            return type_
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "application/octet-stream"
    if "\0" in text:
        return "application/octet-stream"
    from mimetypes import guess_type

    guessed = guess_type(name)[0] or "text/plain"
    return guessed if guessed.startswith("text/") or guessed == "application/json" else "text/plain"


def instructions_from(text: str) -> str:
    """An assistant's instructions: the text itself, or what the file after ``@`` holds."""
    if not text.startswith("@"):
        return text
    path = Path(text[1:]).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageFault(f"The instructions in {path} cannot be read: {reason}.") from None
