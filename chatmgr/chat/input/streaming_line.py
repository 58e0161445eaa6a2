"""The input line while an answer streams: seen and edited as at the prompt, below what is being written.

It is the prompt's line editor without its screen: the same buffer, keys and parser run in a thread with an
event loop of its own, and the bottom area draws what is typed. Threads: from ``typing`` on, the line's thread
alone has the keyboard, the buffer and the queue; the main thread touches them only before and after. What is
drawn, by whichever thread, is a snapshot that the line's thread replaces as a whole. On the terminal nobody
writes without the bottom area's lock, for which the line's thread never waits.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application, create_app_session
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER, EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPress, KeyPressEvent, merge_key_bindings
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.layout import BufferControl, Layout, Window
from prompt_toolkit.output import DummyOutput

from chatmgr.chat.input.keybindings import EDITING, Detour, detour_bindings, line_bindings
from chatmgr.chat.input.pending_input import Draft, PendingInput
from chatmgr.chat.input.streaming_picture import Typing, picture
from chatmgr.chat.input.turn_keyboard import TurnKeyboard
from chatmgr.domain.interrupts import interrupts
from chatmgr.terminal.bottom_area import BottomArea
from chatmgr.terminal.console import console
from chatmgr.terminal.job_control import redrawn_after_stop
from chatmgr.terminal.spinner import FRAME_SECONDS
from chatmgr.terminal.typeahead import capturing

_DRAW_SECONDS = 0.05
_ESCAPE_SECONDS, _SEQUENCE_SECONDS = 0.1, 0.5  # how long the rest of a key may take to arrive


class StreamingLine:
    """The line below a streaming answer. What is typed there goes to ``pending``."""

    def __init__(self, session: "PromptSession[str]", pending: PendingInput) -> None:
        self._session = session
        self._pending = pending
        self._buffer = Buffer(name=DEFAULT_BUFFER, multiline=True, accept_handler=self._enqueue)
        self._input = TurnKeyboard(session.app.input, self._on_escape, self._on_read)
        self._app = self._application()
        self._late_keys: list[KeyPress] = []
        self._typing = Typing()
        self._facts: Sequence[tuple[int, str]] = ()
        self._area: BottomArea | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._error: Exception | None = None
        self._has_stopped = False

    @contextmanager
    def typing(self, facts: Sequence[tuple[int, str]]) -> Iterator[None]:
        """Show the line within this block; ``facts`` are those of the toolbar.

        Raises what went wrong in the line's thread, after the block.
        """
        self._facts, self._error, self._has_stopped = facts, None, False
        self._buffer.history = InMemoryHistory(self._session.history.get_strings())
        draft = self._pending.take_draft()
        self._buffer.reset(Document(draft.text, draft.position))
        self._take_snapshot()
        area = self._area = BottomArea(
            console.write_directly, lambda size: picture(area, self._typing, self._facts, size)
        )
        try:
            with area.shown(), console.above(area), redrawn_after_stop(area), capturing(self):
                self._start()
                try:
                    yield
                finally:
                    self._stop()
        finally:
            self._area = None
            self._input.forget_escape()
            if self._has_stopped:
                interrupts.take()  # the answer may have ended by itself: Escape is no Ctrl-C at the prompt
            document = self._buffer.document
            self._pending.draft = Draft(document.text, document.cursor_position)
            store_typeahead(self._input, self._late_keys)
            self._late_keys = []
        if self._error:
            raise self._error

    def renew(self, facts: Sequence[tuple[int, str]]) -> None:
        """Show other facts, the next time that the area is drawn."""
        self._facts = facts

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal to others within this block."""
        self._stop()
        try:
            if self._area:
                with self._area.hidden():
                    yield
        finally:
            self._start()

    def keep(self, typed: bytes) -> None:
        """Take bytes that somebody else has read while this was paused, as keys."""
        store_typeahead(self._input, self._input.parsed(typed.decode("utf-8", "surrogateescape")))

    def _application(self) -> "Application[None]":
        application: Application[None] = Application(
            layout=Layout(Window(BufferControl(self._buffer))),
            key_bindings=merge_key_bindings(
                [line_bindings(), detour_bindings(self._put_off_detour), self._queue_bindings()]
            ),
            editing_mode=self._session.editing_mode,
            clipboard=self._session.app.clipboard,
            min_redraw_interval=_DRAW_SECONDS,
            terminal_size_polling_interval=None,
            after_render=lambda _: self._show(),
            input=self._input,
            output=DummyOutput(),
        )
        return application

    def _queue_bindings(self) -> KeyBindings:
        keys = KeyBindings()
        is_empty = EDITING & Condition(lambda: not self._buffer.text)

        @keys.add("up", filter=is_empty & Condition(lambda: bool(self._pending.queue)))
        def _take_back(event: KeyPressEvent) -> None:
            text = self._pending.queue.pop()
            event.current_buffer.document = Document(text, len(text))

        @keys.add("c-d", filter=is_empty)
        def _leave_afterwards(event: KeyPressEvent) -> None:
            self._pending.queue.append("/exit")

        @keys.add("tab", filter=EDITING)
        def _complete_nothing(event: KeyPressEvent) -> None:
            pass

        return keys

    def _enqueue(self, buffer: Buffer) -> bool:
        if buffer.text.strip():
            self._pending.queue.append(buffer.text)
        buffer.reset()  # here, so that a message that waits is not recalled as if it had been sent
        return True

    def _put_off_detour(self, event: KeyPressEvent, detour: Detour) -> None:
        """The editor and the search need the whole screen: their keys are pressed at the prompt."""
        self._late_keys = event.key_sequence

    def _on_escape(self) -> bool:
        """Stop the answer, unless it is vi's Escape; pressing it again does not leave the chat."""
        is_vi = self._app.editing_mode == EditingMode.VI
        if is_vi and self._buffer.text and self._app.vi_state.input_mode != InputMode.NAVIGATION:
            return False
        if not interrupts.count:
            self._has_stopped = True
            interrupts.press()
        return True

    def _start(self) -> None:
        self._started.clear()
        self._thread = threading.Thread(target=self._run, name="streaming-line", daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        if self._thread is not None:
            self._started.wait()
            with suppress(RuntimeError):  # its loop is closed: the terminal is gone
                if loop := self._app.loop:
                    loop.call_soon_threadsafe(self._end)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        try:
            with create_app_session(input=self._input, output=self._app.output):
                asyncio.run(
                    self._app.run_async(
                        pre_run=self._on_start, handle_sigint=False, set_exception_handler=False
                    )
                )
        except EOFError:  # the terminal is gone
            pass
        except Exception as error:
            self._error = error
        finally:
            self._started.set()

    def _on_start(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._on_exception)
        self._app.create_background_task(self._animate())
        self._started.set()

    def _end(self) -> None:
        if self._app.is_running and not self._app.is_done:
            self._app.exit()

    def _on_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._error = error if isinstance(error, Exception) else RuntimeError(context["message"])
        self._end()

    async def _animate(self) -> None:
        while True:
            await asyncio.sleep(FRAME_SECONDS)
            self._refresh()

    def _on_read(self) -> None:
        """Wait for the rest of a key, but not long where that may be Escape alone."""
        self._app.ttimeoutlen = _ESCAPE_SECONDS if self._input.holds_escape else _SEQUENCE_SECONDS

    def _show(self) -> None:
        self._take_snapshot()
        self._refresh()

    def _refresh(self) -> None:
        if area := self._area:
            area.refresh(wait=False)  # whoever draws now may be stopping this thread

    def _take_snapshot(self) -> None:
        document = self._buffer.document
        self._typing = Typing(document.text, document.cursor_position, tuple(self._pending.queue))
