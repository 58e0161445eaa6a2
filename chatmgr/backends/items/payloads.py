"""Bytes inside JSON: base64 and data URLs, as servers send images, files and audio.

Pure functions, no I/O.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple

from chatmgr.domain.control_characters import hostile_table
from chatmgr.domain.stored_items import TOO_LARGE

LARGEST = 64 * 1024 * 1024  # bytes of one file
DEFAULT_TYPE = "application/octet-stream"
_LONGEST_NAME = 100  # characters
_DEEPEST = 60  # levels of JSON
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*;base64,", re.IGNORECASE)
_UNUSUAL = re.compile(r"[\s_-]")
_PAYLOAD_KEYS = frozenset({"url", "image_url", "file_data", "b64_json"})
_MISSING = "(not kept)"  # stands in ``raw`` for base64 that did not become bytes
_SIGNATURES = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<svg[\s>]", "image/svg+xml"),
    (rb"%PDF-", "application/pdf"),
    (rb"RIFF....WAVE", "audio/wav"),
    (rb"ID3|\xff[\xfb\xf3\xf2]", "audio/mpeg"),
    (rb"OggS", "audio/ogg"),
    (rb"fLaC", "audio/flac"),
)
_EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/pcm": "pcm",
    "text/csv": "csv",
    "text/plain": "txt",
    "application/json": "json",
    "application/zip": "zip",
}
_TYPES = {extension: content_type for content_type, extension in _EXTENSIONS.items()} | {
    "jpeg": "image/jpeg",
    "md": "text/markdown",
    "html": "text/html",
    "py": "text/x-python",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


class Payload(NamedTuple):
    """Bytes with their content type; ``missing`` says why there are none."""

    data: bytes | None
    content_type: str = ""
    missing: str = ""


def decode(text: str, content_type: str = "") -> Payload:
    """The bytes in base64 or in a data URL; what they look like counts more than what they are called."""
    if match := _DATA_URL.match(text):
        content_type = (match.group(1) or content_type).lower()
        text = text[match.end() :]
    if len(text) // 4 * 3 > LARGEST:
        return Payload(None, content_type, TOO_LARGE)
    if _UNUSUAL.search(text) or len(text) % 4:  # each of these copies megabytes
        text = "".join(text.split()).translate({45: 43, 95: 47}).rstrip("=")
        text += "=" * (-len(text) % 4)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Payload(None, content_type, "not readable")
    return Payload(data, sniff(data) or content_type) if data else Payload(None, content_type, "empty")


def sniff(data: bytes) -> str:
    """The content type that bytes look like; empty for any other than images, audio and PDF."""
    head = data[:256]
    return next((type_ for pattern, type_ in _SIGNATURES if re.match(pattern, head, re.DOTALL)), "")


def content_type_of(data: bytes, name: str = "", declared: str = "") -> str:
    """The content type of a file: by its bytes, by its name, else as the server says."""
    declared = declared.partition(";")[0].strip().lower()
    by_name = _TYPES.get(name.rpartition(".")[2].lower(), "") if "." in name else ""
    return sniff(data) or by_name or declared or DEFAULT_TYPE


def file_name(name: object, content_type: str, default: str) -> str:
    """A file's name without folders and without characters that disguise; made up where there is none."""
    text = name if isinstance(name, str) else ""
    text = re.split(r"[/\\]", text)[-1].translate(hostile_table()).replace("\n", " ").strip(" .")
    stem, dot, extension = text.rpartition(".")
    if len(text) > _LONGEST_NAME:
        text = f"{(stem or text)[:_LONGEST_NAME]}{dot}{extension[:10]}" if dot else text[:_LONGEST_NAME]
    if text:
        return text
    known = _EXTENSIONS.get(content_type, "")
    return f"{default}.{known}" if known else default


def cut(value: Any, keys: Set[str] = frozenset()) -> tuple[Any, list[Payload]]:
    """JSON without its base64, and the bytes that this was, in order.

    Data URLs are cut where addresses stand, and base64 under the given ``keys``. ``sha256:`` and the hash of
    the bytes stand in the place of the base64.
    """
    payloads: list[Payload] = []

    def is_payload(key: str, text: str) -> bool:
        return key in keys or (key in _PAYLOAD_KEYS and (key == "b64_json" or bool(_DATA_URL.match(text))))

    def replaced(text: str) -> str:
        payload = decode(text)
        payloads.append(payload)
        match = _DATA_URL.match(text)
        start = text[: match.end()] if match else ""
        return start + (hash_of(payload.data) if payload.data is not None else _MISSING)

    return _walk(value, "", is_payload, replaced, _DEEPEST), payloads


def restore(value: Any, files: Mapping[str, bytes]) -> Any:
    """JSON with the base64 again that ``cut`` took out; ``files`` are the bytes by ``hash_of``."""

    def is_hash(_key: str, text: str) -> bool:
        return text[-71:-64] == "sha256:" and text[-71:] in files

    def replaced(text: str) -> str:
        return text[:-71] + base64.b64encode(files[text[-71:]]).decode()

    return _walk(value, "", is_hash, replaced, _DEEPEST)


def is_restorable(raw: str, files: Mapping[str, bytes]) -> bool:
    """Whether all base64 that was cut out of ``raw`` is among ``files``."""
    hashes = re.findall(r'(?:"|;base64,)(sha256:[0-9a-f]{64})"', raw)
    return f'{_MISSING}"' not in raw and all(sha256 in files for sha256 in hashes)


def hash_of(data: bytes) -> str:
    """What stands for bytes in ``raw``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def data_url(data: bytes, content_type: str) -> str:
    """Bytes as a data URL."""
    return f"data:{content_type};base64,{base64.b64encode(data).decode()}"


def _walk(
    value: Any, key: str, matches: Callable[[str, str], bool], replaced: Callable[[str], str], depth: int
) -> Any:
    """A copy of JSON in which the matching strings are replaced; what is nested too deeply becomes None."""
    if isinstance(value, str):
        return replaced(value) if value and matches(key, value) else value
    if isinstance(value, (dict, list)) and not depth:
        return None
    if isinstance(value, dict):
        return {name: _walk(inner, name, matches, replaced, depth - 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_walk(inner, key, matches, replaced, depth - 1) for inner in value]
    return value
