"""Escaping for HTML pages: markup is escaped, and characters that reorder or forge text are made visible."""

import html
import json

from chatmgr.domain.control_characters import without_live


def escape(text: str) -> str:
    """The text as the content of an element or of a quoted attribute."""
    return html.escape(without_live(text), quote=True)


def script_json(value: object) -> str:
    """JSON that is safe inside a ``<script>``: it cannot end the element or a line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
