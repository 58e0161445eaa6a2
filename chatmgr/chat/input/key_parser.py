"""What a terminal sends, as keys: more than prompt_toolkit knows, and nothing that is no key.

A terminal that another program left in the keyboard protocol of kitty, or in xterm's modifyOtherKeys, sends
``CSI … u`` for keys that used to be single characters. Terminals also report their focus, and answer queries,
sometimes long after the program that asked has ended. Here such keys become those that prompt_toolkit knows,
and every other sequence is dropped. Unchanged, they would be typed into the message.

A paste that never ends (its end mark was lost) ends when the terminal has fallen silent: what comes later in
one piece still belongs to it, a single key does not.
"""

import re
from collections.abc import Callable

from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from chatmgr.terminal.focus import window_focus

_PASTE_START, _PASTE_END = "\x1b[200~", "\x1b[201~"
_SEQUENCE = re.compile(
    r"\x1b\[\[[A-E]"  # function keys of the Linux console
    r"|\x1b\[M[\s\S]{3}"  # a mouse, the old way
    r"|\x1b\[(?P<params>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1bO(?P<keypad>[M-Xj-y])"
    r"|\x1b(?:\]\d+;|P[\d;>!$+|]|_G)[^\x1b\x07]*(?:\x07|\x1b\\)"  # answers: OSC, DCS and APC
)
_ANSWER_BODY = r"[^\x1b\x07]*\x1b?"
_UNFINISHED = re.compile(
    r"\x1b(?:\[(?:\[|M[\s\S]{0,2}|[0-?]*[ -/]*)|O"
    rf"|\](?:\d+(?:;{_ANSWER_BODY})?)?|P(?:[\d;>!$+|]{_ANSWER_BODY})?|_(?:G{_ANSWER_BODY})?)?\Z"
)
_PASSED = re.compile(r"\x1b\[(?:\d+;\d+R|M[\s\S]{3}|<[\d;]+[Mm])")  # prompt_toolkit knows these by patterns
_SHIFT, _ALT, _CTRL, _OTHERS = 1, 2, 4, 8 | 16 | 32
_RELEASED = "3"
_KEYPAD = dict(zip("pqrstuvwxyjklmnoXM", "0123456789*+,-./=\r", strict=True))
_CURSOR_KEYS = ("D", "C", "A", "B", "5~", "6~", "H", "F", "2~", "3~")
_NAMED = {57399 + number: char for number, char in enumerate("0123456789./*-+\r=,")}
_NAMED |= {57417 + number: f"\x1b[{key}" for number, key in enumerate(_CURSOR_KEYS)}
_PRIVATE_USE = range(0xE000, 0xF900)


class KeyParser(Vt100Parser):
    """prompt_toolkit's parser behind a translation of what it does not know."""

    def __init__(self, feed_key_callback: Callable[[KeyPress], None]) -> None:
        super().__init__(feed_key_callback)
        self._held = ""
        self._paste: list[str] | None = None
        self._paste_is_torn = False

    @property
    def holds_escape(self) -> bool:
        """Whether all that is held back is Escape, which may be the beginning of another key."""
        return self._held == "\x1b"

    def feed(self, data: str) -> None:
        """Take the next piece, however it was cut."""
        data, self._held = self._held + data, ""
        if self._paste_is_torn:
            data = self._end_torn_paste(data)
        while data:
            data = self._feed_keys(data) if self._paste is None else self._feed_paste(self._paste, data)

    def flush(self) -> None:
        """The terminal has fallen silent: what was held back is what it looks like."""
        held, self._held = self._held, ""
        if self._paste is not None:
            self._paste.append(held)
            self._deliver_paste()
            self._paste_is_torn = True
        elif len(held) <= 2:  # Escape, or a key with Alt
            self._send(held)
        super().flush()

    def _end_torn_paste(self, data: str) -> str:
        """What of a piece is typed after a paste whose end mark has not come so far."""
        content, end, rest = data.partition(_PASTE_END)
        if not end and (len(data) == 1 or _SEQUENCE.fullmatch(data)):
            self._paste_is_torn = False
            return data
        if not end and (held := _end_mark_part(data)):
            self._held = data
            return "" if len(data) == len(held) else self._paste_late(data[: -len(held)], held)
        self._paste_is_torn = not end
        if content:
            self.feed_key_callback(KeyPress(Keys.BracketedPaste, content))
        return rest

    def _paste_late(self, content: str, held: str) -> str:
        self._held = held
        self.feed_key_callback(KeyPress(Keys.BracketedPaste, content))
        return ""

    def _feed_paste(self, paste: list[str], data: str) -> str:
        """Keep what is pasted; returns what follows it."""
        content, end, rest = data.partition(_PASTE_END)
        if end:
            paste.append(content)
            self._deliver_paste()
            return rest
        self._held = _end_mark_part(data)
        paste.append(data[: len(data) - len(self._held)])
        return ""

    def _deliver_paste(self) -> None:
        content, self._paste = "".join(self._paste or ()), None
        if content:
            self.feed_key_callback(KeyPress(Keys.BracketedPaste, content))

    def _feed_keys(self, data: str) -> str:
        """Feed the keys up to the next paste; returns what follows, which is in it."""
        position = 0
        while (escape := data.find("\x1b", position)) >= 0:
            self._send(data[position:escape])
            if match := _SEQUENCE.match(data, escape):
                position = match.end()
                if match[0] == _PASTE_START:
                    self._paste = []
                    return data[position:]
                window_focus.take_report(match[0])
                self._send(_translated(match))
            elif _UNFINISHED.match(data, escape):
                self._held = data[escape:]
                return ""
            else:
                position = escape + 2  # Alt and a key, which may be another Escape
                if data[escape + 1] == "\x1b":
                    position = escape + 1
                self._send(data[escape:position])
        self._send(data[position:])
        return ""

    def _send(self, keys: str) -> None:
        if keys:
            super().feed(keys)


def _end_mark_part(data: str) -> str:
    """The longest beginning of the end mark that a piece ends with."""
    return next((part for size in range(5, 0, -1) if data.endswith(part := _PASTE_END[:size])), "")


def _translated(match: re.Match[str]) -> str:
    """The sequence by which prompt_toolkit knows a key; empty for what is none."""
    sequence = match[0]
    if match["keypad"]:
        return sequence if sequence in ANSI_SEQUENCES else _KEYPAD.get(match["keypad"], "")
    if sequence in ANSI_SEQUENCES or _PASSED.fullmatch(sequence):
        return sequence
    if match["final"] is None:
        return ""
    fields = [field.split(":") for field in match["params"].split(";")]
    if match["params"][:1] in {"?", ">", "=", "<"}:
        return ""  # an answer
    if match["final"] == "u":
        return _key(fields)
    if match["final"] == "~" and fields[0] == ["27"] and len(fields) == 3:
        return _key([fields[2], fields[1]])
    if len(fields) > 1 and len(fields[1]) > 1:  # a key of old, with the kind of the event
        plain = f"\x1b[{fields[0][0]};{fields[1][0]}{match['final']}"
        unmodified = plain.replace(";1", "").replace("[1", "[") if fields[1][0] == "1" else plain
        return "" if fields[1][1] == _RELEASED or unmodified not in ANSI_SEQUENCES else unmodified
    return ""


def _key(fields: list[list[str]]) -> str:
    """A key by its Unicode number, modifiers, kind of event and text: ``CSI 97:65;2:1;65 u``."""
    numbers = [[int(part) if part.isdecimal() else 0 for part in field] for field in fields]
    code, *alternates = numbers[0]
    modifiers = max(numbers[1][0] - 1, 0) if len(numbers) > 1 else 0
    if len(fields) > 1 and fields[1][1:2] == [_RELEASED]:
        return ""
    if code in _NAMED:
        return _NAMED[code]
    if modifiers & _OTHERS or code > 0x10FFFF or code in _PRIVATE_USE or 0xD800 <= code < 0xE000 or not code:
        return ""
    alt = "\x1b" if modifiers & _ALT else ""
    match code:
        case 13:
            return "\x1b\r" if modifiers & (_SHIFT | _ALT | _CTRL) else "\r"  # a line break
        case 9 if modifiers & _SHIFT:
            return "\x1b[Z"
        case 9 | 27 | 127:
            return alt + chr(code)
    if modifiers & _CTRL:
        letter = chr(code).upper()
        return f"{alt}{chr(ord(letter) & 0x1F)}" if letter in "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ " else ""
    if len(numbers) > 2 and not alt:
        return "".join(chr(number) for number in numbers[2] if 0x20 <= number <= 0x10FFFF)
    shifted = alternates[0] if alternates and alternates[0] else ord(chr(code).upper()[:1])
    return alt + chr(shifted if modifiers & _SHIFT else code)
