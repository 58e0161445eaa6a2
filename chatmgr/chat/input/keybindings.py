"""The keys of the chat's line, on top of prompt_toolkit's own in both of its modes."""

from collections.abc import Callable
from typing import Literal

from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import (
    emacs_mode,
    has_focus,
    is_searching,
    vi_insert_mode,
    vi_navigation_mode,
)
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from chatmgr.chat.loop import LineDropped

QUOTES = '"""'
Way = Literal["search", "edit"]


class SuspendInput(Exception):
    """The line is left for a while, to a full screen, and comes back."""

    def __init__(self, way: Way) -> None:
        super().__init__(way)
        self.way = way


def is_open_quote(text: str) -> bool:
    """Whether a message has begun with triple quotes and not ended with them."""
    words = text.strip()
    return words.startswith(QUOTES) and not (len(words) >= 2 * len(QUOTES) and words.endswith(QUOTES))


def unquote(text: str) -> str | None:
    """What stands between triple quotes; None where there are none."""
    words = text.strip()
    if not words.startswith(QUOTES) or is_open_quote(text):
        return None
    return words[len(QUOTES) : -len(QUOTES)].removeprefix("\n").removesuffix("\n")


def chat_bindings() -> KeyBindings:
    """The key bindings of the chat's line."""
    keys = KeyBindings()
    here = has_focus(DEFAULT_BUFFER) & ~is_searching

    @keys.add("enter", filter=here)
    def _send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_open_quote(buffer.text):
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=here)
    @keys.add("escape", "c-j", filter=here)  # typed before the line was there: terminals make LF of CR
    def _break(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c", filter=here)
    def _drop(event: KeyPressEvent) -> None:
        held = LineDropped if event.current_buffer.text else KeyboardInterrupt
        event.app.exit(exception=held, style="class:aborting")

    keys.add("c-r", filter=here & (emacs_mode | vi_insert_mode))(_leave("search"))
    keys.add("c-x", "c-e", filter=here)(_leave("edit"))
    keys.add("v", filter=here & vi_navigation_mode)(_leave("edit"))
    return keys


def _leave(way: Way) -> Callable[[KeyPressEvent], None]:
    def leave(event: KeyPressEvent) -> None:
        event.app.erase_when_done = True
        event.app.exit(exception=SuspendInput(way))

    return leave
