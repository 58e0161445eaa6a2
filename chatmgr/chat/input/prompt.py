"""The chat's input line at a terminal; plain lines where there is none, or one that cannot draw."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatmgr.chat.loop import Lines
from chatmgr.chat.slash import Command, Typed
from chatmgr.domain.errors import ChatmgrError
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.terminal.typeahead import take_early_text

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import History

PROMPT = "❯ "
Pairs = Iterable[tuple[str, str]]
"""Values and what they mean, in a word or two."""


@dataclass(frozen=True, slots=True)
class InputSources:
    """Where the line finds what it offers; each is asked when it is needed, and may fail.

    ``here`` and ``everywhere`` tell what was said, newest first. ``toolbar`` gives facts with the rank in
    which they give way (0 last). ``completions`` are by kind; those in ``slow`` ask a network, and
    what they said is good as long as the word that goes with them is the same.
    """

    here: Callable[[], Iterable[str]]
    everywhere: Callable[[], Iterable[str]]
    toolbar: Callable[[], Sequence[tuple[int, str]]]
    commands: Callable[[], Mapping[str, Command]]
    completions: Mapping[str, Callable[[], Pairs]]
    slow: Mapping[str, Callable[[], str]]
    vi: bool = False


def chat_lines(sources: InputSources) -> Lines:
    """The line editor at a terminal that can draw; else lines as they come."""
    return Editor(sources) if can_edit_lines() else PlainLines()


class PlainLines:
    """Lines from standard input, with a mark in front where somebody types them."""

    @property
    def leaving(self) -> bool:
        """Nobody counts here: the next line will tell."""
        return False

    def ask(self) -> Typed:
        """The next line; EOFError at the end."""
        if sys.stdin.isatty() and sys.stdout.isatty():
            console.out(PROMPT, end="")
        line = sys.stdin.buffer.readline()
        if not line:
            raise EOFError
        return Typed(line.decode("utf-8", "surrogateescape").rstrip("\r\n"))

    def ahead(self) -> AbstractContextManager[None]:
        """The terminal itself keeps what is typed."""
        return nullcontext()

    def hold_back(self) -> None:
        """What the terminal keeps cannot be held back."""

    def put(self, text: str) -> None:
        """There is no line that a text could stand in."""
        raise ChatmgrError("This terminal cannot edit a line.", "Type the message instead.")

    def switched(self) -> None:
        """There is no history here."""


class Editor:
    """prompt_toolkit's line editor with our keys, histories, completions and toolbar."""

    def __init__(self, sources: InputSources) -> None:
        from chatmgr.terminal.interrupts import InterruptCounter

        self._sources = sources
        self._next = ""
        self._interrupts = InterruptCounter()
        self._session = _session(sources)
        if text := take_early_text():
            self._deliver(text)

    @property
    def leaving(self) -> bool:
        """Whether Ctrl-C was pressed twice during the last turn."""
        return self._interrupts.wants_to_leave

    def ask(self) -> Typed:
        """The next message or command; a detour to the editor or the search comes back here."""
        from chatmgr.chat.input.keybindings import SuspendInput, unquote

        while True:
            text, self._next = self._next, ""
            try:
                typed = self._session.prompt(default=text)
            except SuspendInput as detour:
                self._session.app.erase_when_done = False
                self._next = self._suspended(detour.way, self._session.default_buffer.text)
                continue
            bare = unquote(typed)
            return Typed(typed) if bare is None else Typed(bare, literal=True)

    def _suspended(self, way: str, text: str) -> str:
        from chatmgr.chat.input.editor import edit_text

        try:
            return self._found(text) if way == "search" else edit_text(text)
        except ChatmgrError as error:
            console.note(f"{error.message} {error.hint}".strip(), "red")
            return text

    def _found(self, text: str) -> str:
        from chatmgr.chat.input.picker import Choice, pick

        rows = (Choice(one, "", one) for one in self._sources.everywhere())
        found = pick(rows, lambda row: row.value, "what you said", query=text)
        return text if found is None else found.value

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Keep what is typed while a turn runs, and count how often Ctrl-C is pressed."""
        fd = sys.stdin.fileno()
        try:
            import termios  # noqa: F401 - whether there is such a thing here

            from chatmgr.terminal.typeahead import TypeAhead
        except ImportError:
            yield
            return
        with self._interrupts.counted(), TypeAhead(fd, self._deliver).watching():
            yield

    def _deliver(self, text: str) -> None:
        """Keys for the next line, through the parser that reads those pressed at it."""
        from prompt_toolkit.input.typeahead import store_typeahead
        from prompt_toolkit.input.vt100 import Vt100Input
        from prompt_toolkit.keys import Keys

        keyboard = self._session.app.input
        if isinstance(keyboard, Vt100Input):
            keyboard.vt100_parser.feed(text)
            keys = keyboard.flush_keys()
            store_typeahead(keyboard, [one for one in keys if one.key != Keys.CPRResponse])

    def hold_back(self) -> None:
        """What was typed ahead stands in the next line as one text: Enter breaks lines in it."""
        from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
        from prompt_toolkit.key_binding import KeyPress
        from prompt_toolkit.keys import Keys

        keyboard = self._session.app.input
        keys: list[KeyPress] = get_typeahead(keyboard)
        enter = {Keys.ControlM, Keys.ControlJ}
        while keys and keys[-1].key in enter:
            keys.pop()
        broken = KeyPress(Keys.BracketedPaste, "\n")
        store_typeahead(keyboard, [broken if one.key in enter else one for one in keys])

    def put(self, text: str) -> None:
        """Let a text stand in the next line."""
        self._next = text

    def switched(self) -> None:
        """What was said in the conversation that goes on now."""
        self._session.history = self._session.default_buffer.history = _history(self._sources.here)


def _history(said: Callable[[], Iterable[str]]) -> "History":
    from prompt_toolkit.history import History

    class Said(History):
        """What was said here before, newest first; what is said now, the database keeps."""

        def load_history_strings(self) -> Iterable[str]:
            before = None
            for one in said():
                if one != before:
                    yield one
                before = one

        def store_string(self, string: str) -> None:
            pass

    return Said()


def _session(sources: InputSources) -> "PromptSession[str]":
    from prompt_toolkit import PromptSession
    from prompt_toolkit.application import get_app
    from prompt_toolkit.enums import EditingMode
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.layout.processors import TabsProcessor
    from prompt_toolkit.styles import Style

    from chatmgr.chat.input.completer import ChatCompleter, is_command_word
    from chatmgr.chat.input.keybindings import chat_bindings
    from chatmgr.chat.input.masking import Harmless, fit_facts

    def toolbar() -> Any:
        size = get_app().output.get_size()
        return [("class:facts", fit_facts(sources.toolbar(), size.columns - 1))]

    return PromptSession(
        PROMPT,
        multiline=True,
        prompt_continuation=lambda width, number, wrapped: " " * width,
        history=_history(sources.here),
        key_bindings=chat_bindings(),
        completer=ChatCompleter(sources.commands, sources.completions, sources.slow),
        complete_while_typing=Condition(lambda: is_command_word(get_app().current_buffer.text)),
        bottom_toolbar=toolbar,
        style=Style.from_dict({"bottom-toolbar": "noreverse", "facts": "noreverse dim"}),
        input_processors=[Harmless(), TabsProcessor()],
        editing_mode=EditingMode.VI if sources.vi else EditingMode.EMACS,
        enable_suspend=True,
        reserve_space_for_menu=8,
    )
