"""Text that draws, told apart by its type from text that is only shown."""

from collections.abc import Callable


class DrawnImage(str):
    """Text that draws an image and goes to the row below it.

    The console prints it as it is. Only encoders make one, so no text of a model or a file is taken for it.
    """

    __slots__ = ()


Drawing = Callable[[str], DrawnImage | None]
"""Gives what draws the stored image with a SHA-256, or None where it is not drawn."""


def undrawn(_sha256: str) -> None:
    """For images that are only named."""
