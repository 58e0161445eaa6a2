"""What terminals send: keys of newer protocols are keys, and what is no key is dropped."""

import pytest

from chatmgr.chat.input.key_parser import KeyParser
from tests.support.screen import CTRL_D, ENTER, Open
from tests.wire import WireServer

SILENCE = ""
KEYS = {
    "a key by its number": ("\x1b[97u", ["a"]),
    "with Shift": ("\x1b[97:65;2u", ["A"]),
    "with Shift, and no other form": ("\x1b[97;2u", ["A"]),
    "with its text": ("\x1b[97;;228u", ["ä"]),
    "with Ctrl": ("\x1b[114;5u", ["c-r"]),
    "with Alt": ("\x1b[98;3u", ["escape", "b"]),
    "with Super": ("\x1b[97;9u", []),
    "let go": ("\x1b[97;5:3u", []),
    "Enter": ("\x1b[13u", ["c-m"]),
    "Shift-Enter": ("\x1b[13;2u", ["escape", "c-m"]),
    "Tab": ("\x1b[9u\x1b[9;2u", ["c-i", "s-tab"]),
    "Escape": ("\x1b[27u", ["escape"]),
    "Backspace": ("\x1b[127u", ["c-h"]),
    "the keypad": ("\x1b[57400u\x1b[57414u\x1b[57419u", ["1", "c-m", "up"]),
    "Caps Lock": ("\x1b[57358u", []),
    "modifyOtherKeys": ("\x1b[27;5;97~", ["c-a"]),
    "an arrow, with its event": ("\x1b[1;5:1A\x1b[1;1:2B\x1b[1;1:3B", ["c-up", "down"]),
    "an application keypad": ("\x1bOp\x1bOM", ["0", "c-m"]),
    "keys of old": ("\x1b[A\x1bOP\x1b[3~\x1b[1;5C", ["up", "f1", "delete", "c-right"]),
    "focus": ("\x1b[I\x1b[O", []),
    "device attributes": ("\x1b[?62;4;22c\x1b[>1;4000;29c", []),
    "a device's state": ("\x1b[0n", []),
    "a mode": ("\x1b[?2026;2$y\x1b[?1u", []),
    "a colour": ("\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1b]10;rgb:ffff/ffff/ffff\x07", []),
    "a name": ("\x1bP>|XTerm(390)\x1b\\", []),
    "graphics": ("\x1b_Gi=31;OK\x1b\\", []),
    "a size": ("\x1b[8;24;80t\x1b[48;24;80;480;1280t", []),
    "a scheme": ("\x1b[?997;1n", []),
    "a paste's end alone": ("\x1b[201~", []),
    "a cursor position": ("\x1b[12;40R", ["<cursor-position-response>"]),
    "a paste": ("\x1b[200~a\r\x1b[97u\x1b[201~", ["paste a\r\x1b[97u"]),
}


def parsed(*pieces: str) -> list[str]:
    """The names of the keys in these pieces; ``SILENCE`` is a moment without any."""
    keys: list[str] = []

    def take(press: object) -> None:
        key, data = getattr(press, "key", ""), getattr(press, "data", "")
        name = str(getattr(key, "value", key))
        keys.append(f"paste {data}" if name == "<bracketed-paste>" else name)

    parser = KeyParser(take)
    for piece in (*pieces, SILENCE):
        if piece:
            parser.feed(piece)
        else:
            parser.flush()
    return keys


@pytest.mark.parametrize("name", KEYS)
def test_a_sequence(name: str) -> None:
    sequence, wanted = KEYS[name]
    assert parsed(f"x{sequence}y") == ["x", *wanted, "y"]


@pytest.mark.parametrize("name", KEYS)
def test_a_sequence_in_two_pieces(name: str) -> None:
    sequence, wanted = KEYS[name]
    for cut in range(1, len(sequence)):
        assert parsed(sequence[:cut], f"{sequence[cut:]}y") == [*wanted, "y"], cut


def test_escape_and_alt_are_keys_once_nothing_follows() -> None:
    assert parsed("\x1b") == ["escape"]
    assert parsed("\x1b", SILENCE, "[") == ["escape", "["]
    assert parsed("\x1b[", SILENCE, "x") == ["escape", "[", "x"]
    assert parsed("\x1b]", SILENCE, "x") == ["escape", "]", "x"]


def test_a_torn_paste_ends_with_the_next_key() -> None:
    assert parsed("\x1b[200~torn", SILENCE, "\r") == ["paste torn", "c-m"]
    assert parsed("\x1b[200~torn", SILENCE, "\x1b[A") == ["paste torn", "up"]
    assert parsed("\x1b[200~torn", SILENCE, "and\rlate", "\x1b[201~", "x") == [
        *("paste torn", "paste and\rlate", "x")
    ]
    assert parsed("\x1b[200~torn", SILENCE, "late\x1b[20", "1~x") == ["paste torn", "paste late", "x"]


def test_nothing_of_it_reaches_the_message(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat("new", "demo", "-i", "Be brief.")
    screen.until(at_prompt=True)
    screen.type(
        "\x1b[I\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1b[?62;4c\x1b[104uel\x1b[108;1:1u\x1b[108;1:3u\x1b[O"
    )
    screen.type("\x1b[111u")
    screen.until("❯ hello")
    screen.type("\x1b[13u")
    screen.until("you said: 'hello'", at_prompt=True)
    assert wire.turns_heard == ["hello"]


def test_a_torn_paste_can_be_sent_and_left(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat("new", "demo", "-i", "Be brief.")
    screen.until(at_prompt=True)
    screen.type("\x1b[200~torn")
    screen.until("❯ torn")
    screen.type(ENTER)
    screen.until("you said: 'torn'", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert wire.turns_heard == ["torn"]
