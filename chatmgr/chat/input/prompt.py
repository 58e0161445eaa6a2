"""The chat's input line: a line editor at a terminal, plain lines where there is none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from chatmgr.chat.input.pending_input import PendingInput
from chatmgr.chat.input.plain_lines import PROMPT, PlainLines
from chatmgr.chat.input.sources import InputSources
from chatmgr.chat.loop import Lines
from chatmgr.chat.slash import ParsedCommand, Typed, parse_command
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.image_size import image_size
from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.console import can_edit_lines, console, shared_output
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.rendered_turn import question_lines
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.theme import paint
from chatmgr.terminal.typeahead import take_early_text, take_typed
from chatmgr.ui.context import markdown
from chatmgr.ui.images import attached_image

if TYPE_CHECKING:
    from chatmgr.chat.input.streaming_line import StreamingLine


def chat_lines(sources: InputSources) -> Lines:
    """The line editor if the terminal can run one, else plain lines."""
    return LineEditor(sources) if can_edit_lines() else PlainLines()


class LineEditor:
    """prompt_toolkit's line editor with chatmgr's key bindings, history, completion and toolbar."""

    def __init__(self, sources: InputSources) -> None:
        from chatmgr.chat.input.prompt_session import prompt_session
        from chatmgr.terminal.interrupt_counter import InterruptCounter

        self._sources = sources
        self._pending = PendingInput()
        self._interrupts = InterruptCounter()
        self._session = prompt_session(sources)
        self._parse_all_keys()
        if text := take_early_text():
            self._deliver(text, early=True)

    @property
    def leaving(self) -> bool:
        """Whether Ctrl-C was pressed twice during the last turn."""
        return self._interrupts.wants_to_leave

    def ask(self) -> Typed:
        """Read the next message or command, or take it from the queue."""
        from chatmgr.chat.input.keybindings import unquote

        queued = self._pending.take_queued()
        typed = self._read_line() if queued is None else self._retype(queued)
        self._take_typed_interrupts()
        quoted = unquote(typed)
        entered = Typed(typed) if quoted is None else Typed(quoted, literal=True)
        if self._sources.rendered:
            self._show_entered(entered)
        return entered

    def _read_line(self) -> str:
        """Read a line; a detour to the editor or the search comes back here."""
        from prompt_toolkit.document import Document

        from chatmgr.chat.input.keybindings import SuspendInput

        if typed_meanwhile := take_typed():
            self._deliver(typed_meanwhile)
        while True:
            draft = self._pending.take_draft()
            console.gap()
            self._session.app.erase_when_done = self._sources.rendered
            try:
                with interrupts.listening(self._on_interrupt):
                    return self._session.prompt(
                        default=Document(draft.text, draft.position),
                        pre_run=self._take_interrupt,
                        handle_sigint=False,
                    )
            except SuspendInput as suspension:
                self._session.app.erase_when_done = False
                self._pending.put(self._run_detour(suspension.detour, self._session.default_buffer.text))

    def show(self, text: str) -> str:
        """Show a message as if it had just been typed."""
        typed = self._retype(text)
        if self._sources.rendered:
            self._show_entered(Typed(typed, literal=True))
        return typed

    def _retype(self, text: str) -> str:
        """Have a text in the input line and its history as if it had just been typed; keys wait meanwhile."""
        from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead

        console.gap()
        if self._sources.rendered:
            self._session.history.append_string(text)
            return text
        keyboard = self._session.app.input
        keys = get_typeahead(keyboard)
        typed = self._session.prompt(default=text, accept_default=True, handle_sigint=False)
        store_typeahead(keyboard, keys + get_typeahead(keyboard))
        return typed

    def _show_entered(self, entered: Typed) -> None:
        """In place of the input line: a message as it looks when it is shown again, or a command."""
        parsed = parse_command(entered)
        if isinstance(parsed, ParsedCommand):
            console.out(paint(PROMPT, "accent") + clean(entered.text.strip()))
        elif parsed.strip():
            attached = tuple(self._sources.attached())
            files = (
                (file.name, file.content_type, file.sha256, len(file.data), image_size(file.data))
                for file in attached
            )
            for line in question_lines(parsed, files, stdout_size()[0], attached_image(attached)):
                console.out(line)
            console.gap()

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
            console.fault(error.message, error.hint)
            return text

    def _search_messages(self, text: str) -> str:
        from chatmgr.chat.input.message_search import pick_message

        return pick_message(self._sources.everywhere(), text)

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Take what is typed while a turn runs, and count how often Ctrl-C is pressed."""
        try:
            import termios  # noqa: F401 - is there a POSIX terminal?

            from chatmgr.terminal.typeahead import TypeAhead
        except ImportError:
            yield
            return
        with self._interrupts.counted():
            if self._can_stay():
                with self._streaming_line.typing(self._sources.toolbar()):
                    yield
            else:
                with TypeAhead(sys.stdin.fileno(), self._deliver).watching():
                    yield

    def _can_stay(self) -> bool:
        """Whether the line can stay below an answer: if that is rendered, with all output on one screen."""
        from prompt_toolkit.input.vt100 import Vt100Input

        is_terminal = isinstance(self._session.app.input, Vt100Input)
        return is_terminal and shared_output() == "terminal" and markdown()

    @cached_property
    def _streaming_line(self) -> "StreamingLine":
        from chatmgr.chat.input.streaming_line import StreamingLine

        return StreamingLine(self._session, self._pending)

    def _deliver(self, text: str, *, early: bool = False) -> None:
        """Store the text as keys for the next line, parsed like keys pressed at it.

        While an ``early`` text was typed, the terminal still made line feeds of Enter.
        """
        from prompt_toolkit.input.typeahead import store_typeahead
        from prompt_toolkit.input.vt100 import Vt100Input
        from prompt_toolkit.key_binding import KeyPress
        from prompt_toolkit.keys import Keys

        keyboard = self._session.app.input
        if isinstance(keyboard, Vt100Input):
            keyboard.vt100_parser.feed(text)
            keys = keyboard.flush_keys()
            if early:
                keys = [KeyPress(Keys.ControlM) if key.key == Keys.ControlJ else key for key in keys]
            # Ctrl-L would clear the screen of what was just shown on it.
            dropped = {Keys.CPRResponse, Keys.ControlL}
            store_typeahead(keyboard, [key for key in keys if key.key not in dropped])

    def hold_back(self) -> None:
        """Keep what was typed ahead in the next line without sending it: Enter becomes a line break."""
        from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
        from prompt_toolkit.key_binding import KeyPress
        from prompt_toolkit.keys import Keys

        self._pending.hold_back()
        keyboard = self._session.app.input
        keys: list[KeyPress] = get_typeahead(keyboard)
        enter = {Keys.ControlM, Keys.ControlJ}
        while keys and keys[-1].key in enter:
            keys.pop()
        line_break = KeyPress(Keys.BracketedPaste, "\n")
        store_typeahead(keyboard, [line_break if key.key in enter else key for key in keys])

    def put(self, text: str) -> None:
        """Put a text into the next line."""
        self._pending.put(text)

    def renew_facts(self) -> None:
        """Show the facts of the toolbar as they are now below the answer that streams."""
        if console.bottom:
            self._streaming_line.renew(self._sources.toolbar())

    def switched(self) -> None:
        """Load the history of the conversation that is open now."""
        from chatmgr.chat.input.sent_messages import SentMessages

        self._session.history = self._session.default_buffer.history = SentMessages(self._sources.here)
