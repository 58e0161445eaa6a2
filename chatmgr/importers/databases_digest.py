"""What rows of a database look like, as a digest: another one whenever any of them is."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any


def digest_of_rows(rows: Iterable[Mapping[str, Any]]) -> str:
    """The digest of rows, in their order."""
    digest = blake2b(digest_size=16)
    for row in rows:
        for name, value in row.items():
            shown = value if isinstance(value, bytes) else repr(value).encode("utf-8", "backslashreplace")
            digest.update(name.encode() + b"=" + shown + b"\0")
    return digest.hexdigest()
