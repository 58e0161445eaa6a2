"""kitty's graphics protocol: PNG data in chunks of base64.

Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/
"""

from base64 import b64encode

from chatmgr.terminal.graphics.placement import Placement

_CHUNK = 4096  # characters of base64, the most that the protocol allows
_PNG = b"\x89PNG\r\n\x1a\n"


def is_sent_as_it_is(data: bytes) -> bool:
    """Whether the terminal takes these bytes without a conversion."""
    return data.startswith(_PNG)


def encode(png: bytes, placement: Placement) -> str:
    """The sequences that draw a PNG at the cursor, which stays where it is.

    ``q=2``: the terminal answers nothing, whatever becomes of the image.
    """
    text = b64encode(png).decode()
    chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    keys = f"a=T,f=100,t=d,q=2,C=1,c={placement.columns},r={placement.rows},"
    sequences: list[str] = []
    for number, chunk in enumerate(chunks, 1):
        more = int(number < len(chunks))
        sequences.append(f"\x1b_G{keys}m={more};{chunk}\x1b\\")
        keys = "q=2,"
    return "".join(sequences)
