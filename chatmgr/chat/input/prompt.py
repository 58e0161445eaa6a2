"""The chat's input line: a line editor at a terminal, plain lines where there is none."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chatmgr.chat.input.plain_lines import PROMPT, PlainLines
from chatmgr.chat.input.sources import InputSources
from chatmgr.chat.loop import Lines
from chatmgr.chat.slash import Typed
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.terminal.sanitize import display_width, one_line
from chatmgr.terminal.typeahead import take_early_text, take_typed

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import History


def chat_lines(sources: InputSources) -> Lines:
    """The line editor if the terminal can run one, else plain lines."""
    return LineEditor(sources) if can_edit_lines() else PlainLines()


class LineEditor:
    """prompt_toolkit's line editor with chatmgr's key bindings, history, completion and toolbar."""

    def __init__(self, sources: InputSources) -> None:
        from chatmgr.terminal.interrupt_counter import InterruptCounter

        self._sources = sources
        self._initial_text = ""
        self._interrupts = InterruptCounter()
        self._session = _session(sources)
        self._parse_all_keys()
        if text := take_early_text():
            self._deliver(text)

    @property
    def leaving(self) -> bool:
        """Whether Ctrl-C was pressed twice during the last turn."""
        return self._interrupts.wants_to_leave

    def ask(self) -> Typed:
        """Read the next message or command; a detour to the editor or the search comes back here."""
        from chatmgr.chat.input.keybindings import SuspendInput, unquote

        if typed_meanwhile := take_typed():
            self._deliver(typed_meanwhile)
        while True:
            text, self._initial_text = self._initial_text, ""
            try:
                with interrupts.listening(self._on_interrupt):
                    typed = self._session.prompt(
                        default=text, pre_run=self._take_interrupt, handle_sigint=False
                    )
            except SuspendInput as suspension:
                self._session.app.erase_when_done = False
                self._initial_text = self._run_detour(suspension.detour, self._session.default_buffer.text)
                continue
            self._take_typed_interrupts()
            quoted = unquote(typed)
            return Typed(typed) if quoted is None else Typed(quoted, literal=True)

    def _take_interrupt(self) -> None:
        """A Ctrl-C that came as a signal is a key at the line, unless that was sent already."""
        from prompt_toolkit.key_binding import KeyPress
        from prompt_toolkit.keys import Keys

        app = self._session.app
        takes_keys = app.future is not None and not app.future.done()  # the loop outlives the line
        if takes_keys and interrupts.take():
            app.key_processor.feed(KeyPress(Keys.ControlC), first=True)
            app.key_processor.process_keys()

    def _on_interrupt(self) -> None:
        """Called by the signal's handler: the loop of the line editor looks at it as soon as it can."""
        loop = self._session.app.loop
        if loop is not None:
            loop.call_soon_threadsafe(self._take_interrupt)

    def _parse_all_keys(self) -> None:
        """Have what the terminal sends parsed by our own parser, here and in the picker."""
        from prompt_toolkit.input.vt100 import Vt100Input

        from chatmgr.chat.input.key_parser import KeyParser

        keyboard = self._session.app.input
        if isinstance(keyboard, Vt100Input):
            keyboard.vt100_parser = KeyParser(keyboard.vt100_parser.feed_key_callback)

    def _take_typed_interrupts(self) -> None:
        """A Ctrl-C that the line editor read after Enter is one at the turn."""
        from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
        from prompt_toolkit.keys import Keys

        keys = get_typeahead(self._session.app.input)
        kept = [key for key in keys if key.key not in {Keys.ControlC, Keys.SIGINT}]
        store_typeahead(self._session.app.input, kept)
        interrupts.press(len(keys) - len(kept))

    def _run_detour(self, detour: str, text: str) -> str:
        from chatmgr.ui.external_editor import edit_text

        try:
            return self._search_messages(text) if detour == "search" else edit_text(text)
        except ChatmgrError as error:
            console.note(f"{error.message} {error.hint}".strip(), "failed")
            return text

    def _search_messages(self, text: str) -> str:
        from chatmgr.chat.input.message_search import pick_message

        return pick_message(self._sources.everywhere(), text)

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Keep what is typed while a turn runs, and count how often Ctrl-C is pressed."""
        fd = sys.stdin.fileno()
        try:
            import termios  # noqa: F401 - is there a POSIX terminal?

            from chatmgr.terminal.typeahead import TypeAhead
        except ImportError:
            yield
            return
        with self._interrupts.counted(), TypeAhead(fd, self._deliver).watching():
            yield

    def _deliver(self, text: str) -> None:
        """Store the text as keys for the next line, parsed like keys pressed at it."""
        from prompt_toolkit.input.typeahead import store_typeahead
        from prompt_toolkit.input.vt100 import Vt100Input
        from prompt_toolkit.keys import Keys

        keyboard = self._session.app.input
        if isinstance(keyboard, Vt100Input):
            keyboard.vt100_parser.feed(text)
            keys = keyboard.flush_keys()
            # Ctrl-L would clear the screen of what was just shown on it.
            dropped = {Keys.CPRResponse, Keys.ControlL}
            store_typeahead(keyboard, [key for key in keys if key.key not in dropped])

    def hold_back(self) -> None:
        """Keep typed-ahead text in the next line without sending it: its Enter keys become line breaks."""
        from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
        from prompt_toolkit.key_binding import KeyPress
        from prompt_toolkit.keys import Keys

        keyboard = self._session.app.input
        keys: list[KeyPress] = get_typeahead(keyboard)
        enter = {Keys.ControlM, Keys.ControlJ}
        while keys and keys[-1].key in enter:
            keys.pop()
        line_break = KeyPress(Keys.BracketedPaste, "\n")
        store_typeahead(keyboard, [line_break if key.key in enter else key for key in keys])

    def put(self, text: str) -> None:
        """Put a text into the next line."""
        self._initial_text = text

    def switched(self) -> None:
        """Load the history of the conversation that is open now."""
        self._session.history = self._session.default_buffer.history = _history(self._sources.here)


def _history(messages: Callable[[], Iterable[str]]) -> "History":
    from prompt_toolkit.history import History

    class SentMessages(History):
        """The user's messages, newest first, without repeats; the database stores new ones."""

        def load_history_strings(self) -> Iterable[str]:
            previous = None
            for message in messages():
                if message != previous:
                    yield message
                previous = message

        def store_string(self, string: str) -> None:
            pass

    return SentMessages()


def fit_facts(parts: Sequence[tuple[int, str]], width: int) -> str:
    """Join facts on one line that fits into ``width``.

    While the line is too long, the fact with the highest rank is dropped; rank 0 is cut instead.
    """
    facts = [(rank, one_line(text)) for rank, text in parts if text]
    while len(facts) > 1 and display_width(_join_facts(facts)) > width:
        facts.remove(max(facts))
    return one_line(_join_facts(facts), max(width, 1)) if facts else ""


def _join_facts(parts: Sequence[tuple[int, str]]) -> str:
    return " · ".join(text for _, text in parts)


def _session(sources: InputSources) -> "PromptSession[str]":
    from prompt_toolkit import PromptSession
    from prompt_toolkit.application import get_app
    from prompt_toolkit.enums import EditingMode
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.layout.processors import TabsProcessor

    from chatmgr.chat.input.completer import ChatCompleter, is_command_word
    from chatmgr.chat.input.keybindings import chat_bindings
    from chatmgr.chat.input.masking import HostileMask
    from chatmgr.chat.input.theme_styles import theme_style

    def toolbar() -> Any:
        size = get_app().output.get_size()
        return [("class:fact", fit_facts(sources.toolbar(), size.columns - 1))]

    return PromptSession(
        [("class:accent", PROMPT)],
        multiline=True,
        prompt_continuation=lambda width, number, wrapped: " " * width,
        history=_history(sources.here),
        key_bindings=chat_bindings(),
        completer=ChatCompleter(sources.commands, sources.completions, sources.slow),
        complete_while_typing=Condition(lambda: is_command_word(get_app().current_buffer.text)),
        bottom_toolbar=toolbar,
        style=theme_style("accent", "fact", **{"bottom-toolbar": "noreverse"}),
        input_processors=[HostileMask(), TabsProcessor()],
        editing_mode=EditingMode.VI if sources.vi else EditingMode.EMACS,
        enable_suspend=True,
        reserve_space_for_menu=8,
    )
