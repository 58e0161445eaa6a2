"""The colours in a terminal's output, which is to have none where nobody wants any."""

import re

_COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:[34][0-8]|9[0-7]|10[0-7])[0-9;]*m")


def colours(raw: str) -> list[str]:
    """The sequences that set a colour."""
    return _COLOUR.findall(raw)
