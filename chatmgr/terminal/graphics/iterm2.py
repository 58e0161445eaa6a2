"""iTerm2's inline images: a file of any common format as base64, which the terminal decodes itself.

Source: https://iterm2.com/documentation-images.html
"""

from base64 import b64encode

from chatmgr.terminal.graphics.placement import Placement


def encode(data: bytes, placement: Placement) -> str:
    """The sequence that draws an image at the cursor. No name is sent."""
    keys = f"inline=1;size={len(data)};width={placement.columns};height={placement.rows}"
    return f"\x1b]1337;File={keys};preserveAspectRatio=1:{b64encode(data).decode()}\x07"
