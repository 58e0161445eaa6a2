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
from prompt_toolkit.key_binding import KeyBindings, KeyBindingsBase, KeyPressEvent, merge_key_bindings

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


EDITING = has_focus(DEFAULT_BUFFER) & ~is_searching


def line_bindings() -> KeyBindings:
    """How a line is written and ended, at the prompt and while an answer streams."""
    keys = KeyBindings()

    @keys.add("enter", filter=EDITING)
    def _end_line(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        before = buffer.document.text_before_cursor
        if is_open_quote(buffer.text):
            buffer.newline(copy_margin=False)
        elif (len(before) - len(before.rstrip("\\"))) % 2:  # two of them are one that was meant
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("c-j", filter=EDITING)
    @keys.add("escape", "enter", filter=EDITING)
    @keys.add("escape", "c-j", filter=EDITING)  # typed before the prompt was shown: terminals turn CR into LF
    def _insert_line_break(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def detour_bindings(take: Callable[[KeyPressEvent, Detour], None]) -> KeyBindings:
    """The keys that leave the line for the search and the editor, and come back to it."""
    keys = KeyBindings()

    @keys.add("c-r", filter=EDITING & (emacs_mode | vi_insert_mode))
    def _search(event: KeyPressEvent) -> None:
        take(event, "search")

    @keys.add("c-x", "c-e", filter=EDITING)
    @keys.add("v", filter=EDITING & vi_navigation_mode)
    def _edit(event: KeyPressEvent) -> None:
        take(event, "edit")

    return keys


def chat_bindings() -> KeyBindingsBase:
    """The key bindings of the prompt."""
    keys = KeyBindings()

    @keys.add("c-c", filter=EDITING)
    @keys.add("<sigint>", filter=EDITING)
    def _drop_line(event: KeyPressEvent) -> None:
        outcome = LineDropped if event.current_buffer.text else KeyboardInterrupt
        event.app.erase_when_done = False  # what is dropped stays in sight
        event.app.exit(exception=outcome, style="class:aborting")

    return merge_key_bindings([line_bindings(), detour_bindings(_suspend), keys])


def _suspend(event: KeyPressEvent, detour: Detour) -> None:
    event.app.erase_when_done = True
    event.app.exit(exception=SuspendInput(detour))
