"""Escaping for HTML pages: markup is escaped, and characters that reorder or forge text are made visible."""

import html
import json

_VISIBLE: dict[int, str] = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
_VISIBLE |= {0x7F: "\u2421"}
_VISIBLE |= {code: f"<{code:02X}>" for code in range(0x80, 0xA0)}
_VISIBLE |= {code: f"<{code:04X}>" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_VISIBLE |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def visible(text: str) -> str:
    """The text without control characters or bidirectional overrides; not escaped yet."""
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE)


def escape(text: str) -> str:
    """The text as the content of an element or of a quoted attribute."""
    return html.escape(visible(text), quote=True)


def script_json(value: object) -> str:
    """JSON that is safe inside a ``<script>``: it cannot end the element or a line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
