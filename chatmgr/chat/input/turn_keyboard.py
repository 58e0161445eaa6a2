"""The chat's keyboard while a turn runs: the terminal keeps its mode, and keys that stop are for the turn."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from prompt_toolkit.input.base import Input
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from chatmgr.chat.input.key_parser import KeyParser
from chatmgr.domain.interrupts import interrupts

_CTRL_C = {Keys.ControlC, Keys.SIGINT}
_IGNORED = {Keys.CPRResponse, Keys.ControlL, Keys.ControlZ}


class TurnKeyboard(Input):
    """Reads what the prompt's own keyboard reads, with the same parser.

    Ctrl-C is usually a signal during a turn; one that comes as a key all the same counts like one. Escape
    alone goes to ``on_escape``, which tells whether it has taken it. ``on_read`` is called after each read,
    before the wait for the rest of a key begins.
    """

    def __init__(self, keyboard: Input, on_escape: Callable[[], bool], on_read: Callable[[], None]) -> None:
        self._keyboard = keyboard
        self._on_escape = on_escape
        self._on_read = on_read

    @property
    def closed(self) -> bool:
        """Whether the terminal is gone."""
        return self._keyboard.closed

    @property
    def holds_escape(self) -> bool:
        """Whether Escape waits for a key that may follow it."""
        parser = self._keyboard.vt100_parser if isinstance(self._keyboard, Vt100Input) else None
        return isinstance(parser, KeyParser) and parser.holds_escape

    def fileno(self) -> int:
        """The terminal's file descriptor."""
        return self._keyboard.fileno()

    def typeahead_hash(self) -> str:
        """Keys that are not used here are the prompt's, and the other way round."""
        return self._keyboard.typeahead_hash()

    def read_keys(self) -> list[KeyPress]:
        """The keys that have been pressed."""
        keys = self._for_the_line(self._keyboard.read_keys())
        self._on_read()
        return keys

    def parsed(self, text: str) -> list[KeyPress]:
        """The keys in a text that was read elsewhere."""
        if not isinstance(self._keyboard, Vt100Input):
            return []
        self._keyboard.vt100_parser.feed(text)
        return self._for_the_line(self._keyboard.flush_keys())

    def _for_the_line(self, keys: list[KeyPress]) -> list[KeyPress]:
        interrupts.press(sum(key.key in _CTRL_C for key in keys))
        return [key for key in keys if key.key not in _CTRL_C | _IGNORED]

    def flush_keys(self) -> list[KeyPress]:
        """The keys that were held back, as nothing has followed them."""
        keys = self._keyboard.flush_keys()
        is_escape = [key.key for key in keys] == [Keys.Escape]
        return [] if is_escape and self._on_escape() else keys

    def forget_escape(self) -> None:
        """Escape that still waits for another key is none any more: the next key belongs to the prompt."""
        if self.holds_escape:
            self._keyboard.flush_keys()

    def raw_mode(self) -> AbstractContextManager[None]:
        """Changes nothing: the chat has silenced the terminal."""
        return nullcontext()

    def cooked_mode(self) -> AbstractContextManager[None]:
        """Changes nothing."""
        return nullcontext()

    def attach(self, input_ready_callback: Callable[[], None]) -> AbstractContextManager[None]:
        """Have the running event loop tell when keys can be read."""
        return self._keyboard.attach(input_ready_callback)

    def detach(self) -> AbstractContextManager[None]:
        """Have the running event loop tell nothing any more."""
        return self._keyboard.detach()
