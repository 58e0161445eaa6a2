"""Images as escape sequences: what a terminal takes out of them is what was put in."""

import re
import sys
from base64 import b64decode
from io import BytesIO
from itertools import product

import pytest
from PIL import Image, ImageDraw

from chatmgr.domain.image_size import image_size
from chatmgr.terminal.graphics import iterm2, kitty, sixel
from chatmgr.terminal.graphics.detection import Abilities, Protocol, read_answers
from chatmgr.terminal.graphics.drawing import draw
from chatmgr.terminal.graphics.drawn_image import DrawnImage
from chatmgr.terminal.graphics.placement import Placement, place, with_reserved_rows

CELL = (10, 20)
SCREEN = (80, 24)
EVERY: tuple[Protocol, ...] = ("kitty", "iterm2", "sixel")


def encoded(image: Image.Image, format_: str = "PNG") -> bytes:
    """An image as a file."""
    stream = BytesIO()
    image.save(stream, format_)
    return stream.getvalue()


def checks(size: tuple[int, int] = (64, 33)) -> Image.Image:
    """Four fields in four colours, one of them transparent."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), "red")
    draw.rectangle((width // 2, 0, width, height // 2 - 1), (0, 255, 0))
    draw.rectangle((0, height // 2, width // 2 - 1, height), "blue")
    return image


def decoded_sixel(sequence: str) -> Image.Image:
    """What a terminal shows of a sixel sequence."""
    match = re.fullmatch(r'\x1bP0;1;0q"1;1;(\d+);(\d+)(.*)\x1b\\', sequence, re.DOTALL)
    assert match
    image = Image.new("RGBA", (int(match[1]), int(match[2])), (0, 0, 0, 0))
    palette: dict[str, tuple[int, ...]] = {}
    column = top = 0
    colour = ""
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|([$-])", match[3]):
        if token[1] is not None:
            colour = token[1]
            if token[2] is not None:
                palette[colour] = tuple(round(int(part) * 2.55) for part in token.group(2, 3, 4))
        elif token[8]:
            column = 0
            top += 6 * (token[8] == "-")
        else:
            bits = ord(token[6] or token[7]) - 63
            count = int(token[5] or 1)
            for shift, row in product(range(count), range(6)):
                if bits >> row & 1:
                    image.putpixel((column + shift, top + row), (*palette[colour], 255))
            column += count
    return image


def test_kitty_takes_png_in_chunks() -> None:
    png = encoded(Image.effect_noise((200, 100), 90))
    assert len(png) > 4096
    sequence = kitty.encode(png, Placement(20, 5, CELL))
    chunks = re.findall(r"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\", sequence)
    assert "".join(f"\x1b_G{keys};{text}\x1b\\" for keys, text in chunks) == sequence
    assert all(len(text) <= 4096 and len(text) % 4 == 0 for _, text in chunks)
    assert chunks[0][0] == "a=T,f=100,t=d,q=2,C=1,c=20,r=5,m=1"
    assert {keys for keys, _ in chunks[1:-1]} == {"q=2,m=1"}
    assert chunks[-1][0] == "q=2,m=0"
    assert b64decode("".join(text for _, text in chunks)) == png


def test_iterm2_takes_any_file() -> None:
    gif = encoded(Image.new("RGB", (3, 3)), "GIF")
    sequence = iterm2.encode(gif, Placement(4, 2, CELL))
    match = re.fullmatch(r"\x1b\]1337;File=([\w=;]+):([A-Za-z0-9+/=]+)\x07", sequence)
    assert match
    assert match[1] == f"inline=1;size={len(gif)};width=4;height=2;preserveAspectRatio=1"
    assert b64decode(match[2]) == gif


def test_sixel_shows_the_pixels() -> None:
    image = checks()
    picture = draw(encoded(image), Abilities(("sixel",), CELL), SCREEN)
    assert picture
    sequence = re.search(r"\x1bP.*\x1b\\", picture, re.DOTALL)
    assert sequence
    assert decoded_sixel(sequence[0]).tobytes() == image.tobytes()


def test_sixel_of_a_photograph_is_close_to_it() -> None:
    image = Image.radial_gradient("L").resize((100, 60)).convert("RGB")
    picture = draw(encoded(image, "JPEG"), Abilities(("sixel",), CELL), SCREEN)
    assert picture
    sequence = re.search(r"\x1bP.*\x1b\\", picture, re.DOTALL)
    assert sequence
    shown = decoded_sixel(sequence[0]).convert("RGB")
    distances = [abs(ours - theirs) for ours, theirs in zip(shown.tobytes(), image.tobytes(), strict=True)]
    assert max(distances) < 24


def test_repeated_sixels_are_counted() -> None:
    bitmap = sixel.Bitmap((1000, 6), [(255, 255, 255)], [0] * 6000)
    assert sixel.encode(bitmap) == '\x1bP0;1;0q"1;1;1000;6#0;2;100;100;100#0!1000~\x1b\\'


@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "GIF"])
def test_other_formats_become_png_for_kitty(format_: str) -> None:
    picture = draw(encoded(checks().convert("RGB"), format_), Abilities(("kitty",), CELL), SCREEN)
    assert picture
    data = b64decode("".join(re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b", picture)))
    assert Image.open(BytesIO(data)).format == "PNG"


def test_a_photograph_goes_to_iterm2_as_it_is() -> None:
    jpeg = encoded(checks((2000, 1000)).convert("RGB"), "JPEG")
    picture = draw(jpeg, Abilities(("iterm2",), CELL), SCREEN)
    assert isinstance(picture, DrawnImage)
    match = re.search(r"width=(\d+);height=(\d+)[^:]*:([^\x07]*)", picture)
    assert match
    assert (int(match[1]), int(match[2])) == (48, 12)  # half of the screen's height
    assert b64decode(match[3]) == jpeg


@pytest.mark.parametrize(
    ("image", "cells"),
    [
        ((16, 16), (2, 1)),
        ((1, 1), (1, 1)),
        ((640, 480), (32, 12)),
        ((79 * 10, 20), (79, 1)),
        ((60_000, 10), (79, 1)),
        ((10, 60_000), (1, 12)),
    ],
)
def test_cells(image: tuple[int, int], cells: tuple[int, int]) -> None:
    placement = place(image, CELL, SCREEN)
    assert (placement.columns, placement.rows) == cells


def test_on_a_screen_of_one_row() -> None:
    assert place((640, 480), CELL, (1, 1)) == Placement(1, 1, CELL)


def test_rows_are_made_before_the_image_is_drawn() -> None:
    assert with_reserved_rows("X", 3) == "\n\n\n\x1b[3A\x1b7X\x1b8\x1b[3B\r"


@pytest.mark.parametrize("protocol", EVERY)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no image at all\x1b]0;pwned\x07",
        # 4 billion pixels
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0" + bytes(50),
    ],
)
def test_hostile_bytes_are_not_drawn(protocol: Protocol, data: bytes) -> None:
    assert draw(data, Abilities((protocol,), CELL), SCREEN) is None


@pytest.mark.parametrize("protocol", ["kitty", "sixel"])
@pytest.mark.parametrize("format_", ["JPEG", "GIF", "WEBP"])
def test_torn_bytes_are_not_drawn_where_they_are_decoded(protocol: Protocol, format_: str) -> None:
    data = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), format_)[:300]
    assert draw(data, Abilities((protocol,), CELL), SCREEN) is None


def test_a_small_header_does_not_hide_a_large_image() -> None:
    """A file that says another size to us than to the decoder."""
    large = encoded(Image.new("1", (20_000, 10_000)), "GIF")
    lying = large[:6] + b"\x10\0\x10\0" + large[10:]
    assert image_size(lying) == (16, 16)
    assert draw(lying, Abilities(("sixel",), CELL), SCREEN) is None


@pytest.mark.parametrize("protocol", EVERY)
def test_no_byte_leaves_its_sequence(protocol: Protocol) -> None:
    png = encoded(checks())
    evil = png[:-12] + b"\x1b\\\x07\x1b]0;pwned\x07" + png[-12:]
    picture = draw(evil, Abilities((protocol,), CELL), SCREEN)
    assert picture
    inner = re.sub(r"\x1b_G[\w=,]*;[\w+/=]*\x1b\\|\x1b\]1337;[\w=;]*:[\w+/=]*\x07", "", picture)
    inner = re.sub(r"\x1bP[!-~]*\x1b\\", "", inner)
    assert re.fullmatch(r"\n+\x1b\[\d+A\x1b7\x1b8\x1b\[\d+B\r", inner)


@pytest.mark.parametrize(
    ("answers", "program", "protocols", "cell"),
    [
        (b"\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c", "", ("kitty",), (10, 20)),
        (b"\x1b_Gi=31;ENOTSUPPORTED:no\x1b\\\x1b[?62;22c", "", (), (8, 16)),
        (b"\x1bP>|iTerm2 3.6.4\x1b\\\x1b[?64;1;2;4c", "", ("iterm2", "sixel"), (8, 16)),
        (b"\x1b_Gi=31;OK\x1b\\\x1bP>|WezTerm 2026\x1b\\\x1b[?65;4;6c", "", EVERY, (8, 16)),
        (b"\x1b[?64;1;2;4;22c", "", ("sixel",), (8, 16)),
        (b"\x1b[?4c", "", (), (8, 16)),  # a VT132: its kind, not an ability
        (b"\x1b[?62;4;9;22c", "vscode", ("iterm2", "sixel"), (8, 16)),
        (b"\x1b[?62;9;22c", "vscode", (), (8, 16)),
        (b"\x1b[?62;22c", "iTerm.app", ("iterm2",), (8, 16)),
        (b"", "iTerm.app", (), (8, 16)),
        (b"\x1b[6;0;0t\x1b[?62;4c", "", ("sixel",), (8, 16)),
        (b"\x1b[6;9999;9999t\x1b[?62;4c", "", ("sixel",), (8, 16)),
    ],
)
def test_answers(
    answers: bytes,
    program: str,
    protocols: tuple[Protocol, ...],
    cell: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM_PROGRAM", program)
    monkeypatch.delenv("LC_TERMINAL", raising=False)
    known = read_answers([answers])
    assert (known.protocols, known.cell) == (protocols, cell)


def test_without_pillow_only_what_needs_no_decoding_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    jpeg, png = encoded(checks().convert("RGB"), "JPEG"), encoded(checks())
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert draw(jpeg, Abilities(EVERY, CELL), SCREEN)  # by iTerm2's protocol
    assert draw(jpeg, Abilities(("kitty", "sixel"), CELL), SCREEN) is None
    assert draw(png, Abilities(("kitty",), CELL), SCREEN)
    assert draw(png, Abilities(("sixel",), CELL), SCREEN) is None
