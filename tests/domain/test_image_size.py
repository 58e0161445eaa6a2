"""Sizes of images, read from their first bytes."""

from io import BytesIO

import pytest
from PIL import Image

from chatmgr.domain.image_size import HEAD, bytes_in_words, file_facts, image_size


def image(format_: str, **options: object) -> bytes:
    """An image of 37 × 21 pixels."""
    stream = BytesIO()
    Image.new("RGBA" if format_ == "WEBP" else "RGB", (37, 21)).save(stream, format_, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"exif": b"Exif\0\0" + bytes(5000), "comment": b"\xff\xc0" * 10}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exact": True, "exif": b"Exif\0\0II*\0"}),
        ("WEBP", {"lossless": False}),
    ],
)
def test_every_format(format_: str, options: dict[str, object]) -> None:
    assert image_size(image(format_, **options)[:HEAD]) == (37, 21)


def test_lossy_webp_without_transparency() -> None:
    stream = BytesIO()
    Image.new("RGB", (37, 21), "red").save(stream, "WEBP", quality=50)
    assert stream.getvalue()[12:16] == b"VP8 "
    assert image_size(stream.getvalue()) == (37, 21)


@pytest.mark.parametrize("format_", ["PNG", "GIF", "JPEG", "WEBP"])
def test_what_is_cut_off_has_a_size_or_none(format_: str) -> None:
    whole = image(format_)
    sizes = {image_size(whole[:length]) for length in range(len(whole))}
    assert sizes == {None, (37, 21)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no image",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(8),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff" * 8,
        b"\xff\xd8\xff\xe0\0\0" * 20,
        b"\xff\xd8" + b"\xff" * 1000,
        b"GIF89a" + bytes(10),
        b"RIFF\0\0\0\0WEBPVP9 " + bytes(30),
    ],
)
def test_nonsense_has_no_size(data: bytes) -> None:
    assert image_size(data) is None


def test_in_words() -> None:
    assert [bytes_in_words(size) for size in (7, 12_345, 3_400_000)] == ["7 bytes", "12 KB", "3.4 MB"]
    assert file_facts("image/png", 84_123, (640, 480)) == ("640×480", "84 KB")
    assert file_facts("text/plain", 84_123, None) == ("text/plain", "84,123 bytes")
