r"""Mathematics in Markdown: ``\( … \)``, ``\[ … \]``, ``$ … $``, ``$$ … $$``, and what is none.

Markdown would take the marks away, and read what stands between them: ``\\``, ``\,``, ``_``, ``*``. So
whoever renders Markdown asks here where a formula ends, and shows it as it was written. A formula ends in its
own paragraph. ``$ … $`` is one only where no blank stands just inside the dollars, no letter or digit just
outside them, and no other dollar between them: ``$5 and $6`` are prices.
"""

_INLINE_LIMIT, _DISPLAY_LIMIT = 2_000, 4_000  # characters; so that looking for an end costs no more
_CLOSING = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}


def formula_end(text: str, start: int, end: int) -> int:
    """Where the formula that begins at ``start`` ends, at most at ``end``; 0 where none begins."""
    if text[start] == "$" and text[start : start + 2] != "$$":
        return _dollar_end(text, start, end)
    opening = text[start : start + 2]
    closing = _CLOSING.get(opening)
    if closing is None or (start and text[start - 1] == "$" == opening[0]):
        return 0
    limit = _INLINE_LIMIT if opening == "\\(" else _DISPLAY_LIMIT
    close = _find(text, closing, start + 2, min(end, start + limit))
    return close + 2 if close >= 0 and text[start + 2 : close].strip() else 0


def _find(text: str, closing: str, start: int, end: int) -> int:
    r"""Where ``closing`` stands; ``\\)`` is a line break and a bracket."""
    while (close := text.find(closing, start, end)) >= 0:
        backslashes = close - len(text[start:close].rstrip("\\")) - start
        if closing == "$$" or backslashes % 2 == 0:
            return close
        start = close + 1
    return -1


def _dollar_end(text: str, start: int, end: int) -> int:
    outside = text[start - 1] if start else " "
    if outside.isalnum() or outside in "\\$" or start + 1 >= end or text[start + 1].isspace():
        return 0
    close = start
    while (close := text.find("$", close + 1, min(end, start + _INLINE_LIMIT))) >= 0:
        if text[close - 1] != "\\":
            break
    if close < 0 or text[close - 1].isspace():
        return 0
    after = text[close + 1 : close + 2]
    return 0 if after.isalnum() or after == "$" else close + 1


def display_closing(line: str) -> str:
    """The mark that closes the formula of several lines which a line begins; empty where it begins none."""
    stripped = line.strip()
    opening = stripped[:2]
    closing = _CLOSING.get(opening, "") if opening != "\\(" and not stripped.startswith("$$$") else ""
    return "" if closing in stripped[2:] else closing
