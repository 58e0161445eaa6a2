"""Files whose bytes are text, in the encodings that say what they are."""

import codecs

from chatmgr.domain.secret_matches import Scrubber

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decoded(data: bytes) -> tuple[str | None, str]:
    """The text of a file and its encoding; None where it is not text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data, encoding), encoding
    return (None, "") if b"\0" in data else (_decode(data, "utf-8"), "utf-8")


def replaced_bytes(data: bytes, scrubber: Scrubber) -> bytes:
    """A file with marks in place of all that is to be removed."""
    text, encoding = decoded(data)
    if text is None:
        return data
    replaced = scrubber.replace(text)
    return data if replaced == text else replaced.encode(encoding)


def _decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
