"""The messages that the input line recalls with Up."""

from collections.abc import Callable, Iterable

from prompt_toolkit.history import History


class SentMessages(History):
    """The user's messages, newest first, without repeats; the database stores new ones."""

    def __init__(self, messages: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self._messages = messages

    def load_history_strings(self) -> Iterable[str]:
        """Read the messages, when the first of them is asked for."""
        previous = None
        for message in self._messages():
            if message != previous:
                yield message
            previous = message

    def store_string(self, string: str) -> None:
        """Do nothing: the turn stores its message."""
