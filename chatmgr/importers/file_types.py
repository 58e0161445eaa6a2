"""What a file is, and what it may be called. Its bytes count; its name where they do not say."""

import mimetypes
import re

from chatmgr.importers.reading.cleaning import cleaned

UNKNOWN_TYPE = "application/octet-stream"
_LONGEST_NAME = 120
_SIGNATURES = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"RIFF....WAVE", "audio/wav"),
    (rb"....ftyp(?:heic|heix|mif1)", "image/heic"),
    (rb"....ftypavif", "image/avif"),
    (rb"....ftypM4A", "audio/mp4"),
    (rb"....ftyp", "video/mp4"),
    (rb"%PDF-", "application/pdf"),
    (rb"OggS", "audio/ogg"),
    (rb"fLaC", "audio/flac"),
    (rb"ID3|\xff[\xfb\xf3\xf2]", "audio/mpeg"),
    (rb"\x1aE\xdf\xa3", "video/webm"),
)


def type_of(name: str, data: bytes, declared: str = "") -> str:
    """The content type of a file: by its bytes, by its name, else as its source says."""
    head = data[:64]
    for pattern, content_type in _SIGNATURES:
        if re.match(pattern, head, re.DOTALL):
            return content_type
    by_name = mimetypes.guess_type(name, strict=False)[0] if "." in name else None
    declared = declared.partition(";")[0].strip().lower()
    return by_name or (declared if re.fullmatch(r"[\w.+-]+/[\w.+*-]+", declared) else "") or _plain(data)


def _plain(data: bytes) -> str:
    try:
        text = data[:4096].decode()
    except UnicodeDecodeError as error:
        if error.start < len(data[:4096]) - 4:
            return UNKNOWN_TYPE
        text = ""
    return UNKNOWN_TYPE if "\0" in text else "text/plain"


def name_of(name: object, content_type: str, default: str = "file") -> str:
    """A file's name without folders and control characters; made up where there is none."""
    text = cleaned(name) if isinstance(name, str) else ""
    text = "".join(char for char in re.split(r"[/\\]", text)[-1] if char.isprintable()).strip(" .")
    if len(text) > _LONGEST_NAME:
        stem, dot, extension = text.rpartition(".")
        text = f"{(stem or text)[:_LONGEST_NAME]}{dot if stem else ''}{extension[:10] if stem else ''}"
    if text:
        return text
    return f"{default}{mimetypes.guess_extension(content_type) or ''}"
