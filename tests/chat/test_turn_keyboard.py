"""The keyboard while an answer streams, without a terminal."""

from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.vt100 import Vt100Input

from chatmgr.chat.input.key_parser import KeyParser
from chatmgr.chat.input.turn_keyboard import TurnKeyboard


def test_a_lone_escape_is_known_before_the_wait_for_the_rest_of_a_key() -> None:
    with create_pipe_input() as keyboard:
        assert isinstance(keyboard, Vt100Input)
        keyboard.vt100_parser = KeyParser(keyboard.vt100_parser.feed_key_callback)
        holds: list[bool] = []
        stops: list[bool] = []

        def stop() -> bool:
            stops.append(True)
            return True

        turn = TurnKeyboard(keyboard, stop, lambda: holds.append(turn.holds_escape))
        for piece in ("\x1b", "[A", "\x1b[", "B", "\x1b"):
            keyboard.send_text(piece)
            turn.read_keys()
        assert holds == [True, False, False, False, True]
        assert stops == []
        assert turn.flush_keys() == []
        assert stops == [True]
