"""The key bindings of the chat's input line, on top of prompt_toolkit's emacs and vi bindings."""

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
Detour = Literal["search", "edit"]


class SuspendInput(Exception):
    """Leaves the input line for a full-screen detour, after which it comes back."""

    def __init__(self, detour: Detour) -> None:
        super().__init__(detour)
        self.detour = detour


def is_open_quote(text: str) -> bool:
    """Whether a message has opening triple quotes but no closing ones."""
    stripped = text.strip()
    return stripped.startswith(QUOTES) and not (
        len(stripped) >= 2 * len(QUOTES) and stripped.endswith(QUOTES)
    )


def unquote(text: str) -> str | None:
    """The text between triple quotes; None if there are none."""
    stripped = text.strip()
    if not stripped.startswith(QUOTES) or is_open_quote(text):
        return None
    return stripped[len(QUOTES) : -len(QUOTES)].removeprefix("\n").removesuffix("\n")


def chat_bindings() -> KeyBindings:
    """The key bindings of the chat's input line."""
    keys = KeyBindings()
    editing = has_focus(DEFAULT_BUFFER) & ~is_searching

    @keys.add("enter", filter=editing)
    def _send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_open_quote(buffer.text):
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=editing)
    @keys.add("escape", "c-j", filter=editing)  # typed before the prompt was shown: terminals turn CR into LF
    def _insert_line_break(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("c-c", filter=editing)
    @keys.add("<sigint>", filter=editing)
    def _drop_line(event: KeyPressEvent) -> None:
        outcome = LineDropped if event.current_buffer.text else KeyboardInterrupt
        event.app.exit(exception=outcome, style="class:aborting")

    keys.add("c-r", filter=editing & (emacs_mode | vi_insert_mode))(_suspend("search"))
    keys.add("c-x", "c-e", filter=editing)(_suspend("edit"))
    keys.add("v", filter=editing & vi_navigation_mode)(_suspend("edit"))
    return keys


def _suspend(detour: Detour) -> Callable[[KeyPressEvent], None]:
    def suspend(event: KeyPressEvent) -> None:
        event.app.erase_when_done = True
        event.app.exit(exception=SuspendInput(detour))

    return suspend
