"""Text made harmless for a page: markup escaped, and what would reorder or forge text made visible."""

import html
import json

_TABLE: dict[int, str] = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n\r"}
_TABLE |= {0x7F: "\u2421"}
_TABLE |= {code: f"<{code:02X}>" for code in range(0x80, 0xA0)}
_TABLE |= {code: f"<{code:04X}>" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_TABLE |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def visible(text: str) -> str:
    """Text without control characters or bidirectional overrides; not yet escaped."""
    return text if text.isascii() and text.isprintable() else text.translate(_TABLE)


def escape(text: str) -> str:
    """Text for an element or a quoted attribute."""
    return html.escape(visible(text), quote=True)


def script_json(value: object) -> str:
    """JSON that can stand in a ``<script>``: nothing in it can end the element or a line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
