"""The size of an image in pixels, read from its first bytes, and sizes in words. Pure functions, no I/O.

PNG, GIF, WebP and JPEG say their size in a header. The bytes come from models, servers and databases, so
nothing in them is believed beyond two numbers, and what cannot be read has no size.
"""

HEAD = 65_536  # bytes that hold the header; a JPEG whose camera wrote more before it has no size here
_LARGEST_SIDE = 65_535
_NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})  # JPEG markers among the frame headers that are none
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})

Pixels = tuple[int, int]
"""Width and height."""


def image_size(head: bytes) -> Pixels | None:
    """Width and height of the image that begins with these bytes; None where they do not say."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        size = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
        has_size = len(head) >= 24 and head[12:16] == b"IHDR"
    elif head[:6] in {b"GIF87a", b"GIF89a"}:
        size = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
        has_size = len(head) >= 10
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        size = _webp_size(head)
        has_size = len(head) >= 30
    elif head.startswith(b"\xff\xd8"):
        size = _jpeg_size(head)
        has_size = True
    else:
        return None
    return size if has_size and all(0 < side <= _LARGEST_SIDE for side in size) else None


def file_facts(content_type: str, size: int, pixels: Pixels | None) -> tuple[str, str]:
    """What is said of a file beside its name: ``640×480`` and ``84 KB``; of no image, type and bytes."""
    if pixels:
        return f"{pixels[0]}×{pixels[1]}", bytes_in_words(size)
    return content_type, f"{size:,} bytes"


def bytes_in_words(size: int) -> str:
    """A number of bytes for people: 84 KB."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} KB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def _webp_size(head: bytes) -> Pixels:
    """The size in each of the three kinds of WebP: extended, lossless, lossy."""
    kind = head[12:16]
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return 0, 0


def _jpeg_size(head: bytes) -> Pixels:
    """The size in the first frame header; the segments before it are skipped by their lengths."""
    position = 2
    while position + 9 <= len(head) and head[position] == 0xFF:
        marker = head[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
        elif marker in _WITHOUT_LENGTH:
            position += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            height, width = head[position + 5 : position + 7], head[position + 7 : position + 9]
            return int.from_bytes(width, "big"), int.from_bytes(height, "big")
        else:
            length = int.from_bytes(head[position + 2 : position + 4], "big")
            if length < 2:
                break
            position += 2 + length
    return 0, 0
