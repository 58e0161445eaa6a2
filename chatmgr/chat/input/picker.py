"""A full-screen picker: type a few letters, look at the preview, press Enter.

Rows are read from their iterable as time permits, and searched in slices between key presses, so that
a hundred thousand of them never delay the keyboard. Only the visible rows are drawn, and only the
selected one is previewed. The terminal's previous screen is restored at the end.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from prompt_toolkit import Application
from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout import (
    BufferControl,
    Dimension,
    DynamicContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    VSplit,
    Window,
)
from prompt_toolkit.layout.processors import BeforeInput

from chatmgr.chat.input.choice import Choice, Preview
from chatmgr.chat.input.choice_rows import ChoiceRows
from chatmgr.chat.input.fuzzy import FuzzySearch
from chatmgr.chat.input.masking import HostileMask
from chatmgr.chat.input.panes import Panes, divide, last_lines
from chatmgr.chat.input.theme_styles import theme_style
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean, one_line

T = TypeVar("T")
_SLICE_SECONDS = 0.008  # of work before the keyboard is read again
_REDRAW_SECONDS = 0.1  # between two drawings while a search is running
_BATCH_ROWS = 250  # examined before the clock is read again
_REACHABLE_ROWS = 500  # can be reached with the arrow keys; typing more letters reaches the others
_PREVIEWS_KEPT = 100
_STYLES = ("chosen", "fact", "match", "accent", "attention", "failed")


def pick(
    rows: Iterable[Choice[T]], title: str, preview: Preview[T] | None = None, query: str = ""
) -> Choice[T] | None:
    """Let the user choose a row; None if they leave with Esc or Ctrl-C."""
    return _Picker(rows, title, preview, query).run()


class _Picker(Generic[T]):
    """The rows read so far, the search over them, and the screen."""

    def __init__(self, rows: Iterable[Choice[T]], title: str, preview: Preview[T] | None, query: str) -> None:
        self._remaining: Iterator[Choice[T]] | None = iter(rows)
        self._choices: list[Choice[T]] = []
        self._rows = ChoiceRows()
        self._preview = preview
        self._previews: dict[tuple[int, Panes], StyleAndTextTuples] = {}
        self._title = title
        self._search = FuzzySearch("", self._rows.folded, limit=_REACHABLE_ROWS)
        self._listed_search: FuzzySearch | None = None  # the one that found what is listed
        self._best: list[int] = []
        self._selected = self._first_visible = 0
        self._changed = asyncio.Event()
        self._buffer = Buffer(multiline=False, on_text_changed=self._query_changed)
        self._buffer.text = " ".join(query.split())
        self._buffer.cursor_position = len(self._buffer.text)
        self._app: Application[Choice[T] | None] = Application(
            layout=self._layout(),
            key_bindings=self._keys(),
            style=theme_style(*_STYLES),
            full_screen=True,
        )
        self._app.ttimeoutlen = 0.05  # so that Esc leaves at once
        self._app.timeoutlen = 0.05

    def run(self) -> Choice[T] | None:
        def start_search() -> None:
            self._app.create_background_task(self._search_task())

        console.full_screen = True
        try:
            return self._app.run(pre_run=start_search)
        finally:
            console.full_screen = False

    # The work between key presses

    async def _search_task(self) -> None:
        """An error while reading rows ends the picker and reaches its caller."""
        try:
            await self._search_rows()
        except Exception as error:
            self._app.exit(exception=error)

    async def _search_rows(self) -> None:
        """Read rows and search them, a slice at a time; wait when there is nothing to do."""
        redraw_at = 0.0
        while True:
            slice_end = time.monotonic() + _SLICE_SECONDS
            while self._advance() and time.monotonic() < slice_end:
                pass
            is_complete = self._remaining is None and self._search.done
            if is_complete or self._search is not self._listed_search or slice_end > redraw_at:
                self._listed_search, redraw_at = self._search, slice_end + _REDRAW_SECONDS
                self._best = self._search.best()
                self._selected = min(self._selected, max(len(self._best) - 1, 0))
                self._app.invalidate()
            if is_complete:
                await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep(0)

    def _advance(self) -> bool:
        """Do a small amount of work; False if there is nothing left to do."""
        if not self._search.done:
            self._search.step(_BATCH_ROWS)
            return True
        if self._remaining is None:
            return False
        for _ in range(_BATCH_ROWS):
            try:
                choice = next(self._remaining)
            except StopIteration:
                self._remaining = None
                break
            self._choices.append(choice)
            self._rows.add(choice)
        return True

    def _query_changed(self, buffer: Buffer) -> None:
        """Start a new search; a query that extends the previous one only searches its matches."""
        previous, query = self._search, clean(buffer.text)  # as the rows are
        within = None
        if previous.done and self._remaining is None and previous.query and query.startswith(previous.query):
            within = previous.matches
        self._search = FuzzySearch(query, self._rows.folded, within, _REACHABLE_ROWS)
        self._selected = self._first_visible = 0
        self._changed.set()

    # The screen

    def _panes(self) -> Panes:
        size = get_app().output.get_size()
        return divide(size.rows, size.columns, len(self._rows), preview=self._preview is not None)

    def _layout(self) -> Layout:
        """Three arrangements of the same windows; the terminal's size decides which is drawn."""
        query = Window(
            BufferControl(self._buffer, [BeforeInput("❯ ", "class:accent"), HostileMask()]), height=1
        )
        status = Window(FormattedTextControl(self._status_line), height=1)
        rows = Window(
            FormattedTextControl(self._list_rows),
            width=lambda: Dimension.exact(self._panes().list_columns),
            height=lambda: Dimension.exact(self._panes().list_rows),
        )
        preview = Window(FormattedTextControl(self._preview_text), wrap_lines=True)
        rule = Window(width=1, char="│", style="class:fact")
        beside = VSplit([rows, rule, Window(width=1), preview])
        below = HSplit([rows, Window(height=1, char="─", style="class:fact"), preview])
        alone = HSplit([rows])

        def body() -> VSplit | HSplit:
            panes = self._panes()
            return (beside if panes.beside else below) if panes.preview_rows else alone

        return Layout(HSplit([query, status, DynamicContainer(body)]), focused_element=query)

    def _status_line(self) -> StyleAndTextTuples:
        counts = f"{len(self._search.matches):,} of {len(self._rows):,}"
        ellipsis = "…" if self._remaining is not None or not self._search.done else ""
        line = f"{counts}{ellipsis} · {self._title} · Enter selects, Esc cancels"
        return [("class:fact", one_line(line, get_app().output.get_size().columns))]

    def _list_rows(self) -> StyleAndTextTuples:
        panes = self._panes()
        height, width = panes.list_rows, panes.list_columns - int(panes.beside)
        self._first_visible = max(min(self._first_visible, self._selected), self._selected - height + 1, 0)
        lines: StyleAndTextTuples = []
        visible = self._best[self._first_visible : self._first_visible + height]
        for position, index in enumerate(visible, self._first_visible):
            chosen = position == self._selected
            lines += self._rows.fragments(index, width, self._search.query, chosen=chosen)
            lines.append(("", "\n"))
        return lines

    def _preview_text(self) -> StyleAndTextTuples:
        panes = self._panes()
        if not self._best or self._preview is None:
            return []
        index = self._best[self._selected]
        if (index, panes) not in self._previews:
            lines: list[str] = []
            with suppress(Exception):  # an unreadable row has no preview; choosing it reports the error
                lines = self._preview(self._choices[index], panes.preview_columns, panes.preview_rows)
            if len(self._previews) > _PREVIEWS_KEPT:
                self._previews.clear()
            shown = to_formatted_text(ANSI("\n".join(last_lines(lines, panes))))
            self._previews[index, panes] = list(shown)
        return self._previews[index, panes]

    # The keys

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("enter")
        def _take(event: KeyPressEvent) -> None:
            self._finish()
            event.app.exit(result=self._choices[self._best[self._selected]] if self._best else None)

        @keys.add("escape")
        @keys.add("c-c")
        @keys.add("c-g")
        @keys.add("c-d", filter=Condition(lambda: not self._buffer.text))
        def _leave(event: KeyPressEvent) -> None:
            event.app.exit(result=None)

        def move_by(step: int) -> Callable[[KeyPressEvent], None]:
            def move(event: KeyPressEvent) -> None:
                page = max(event.app.output.get_size().rows // 2 - 2, 1)
                rows = step if abs(step) == 1 else (page if step > 0 else -page)
                self._selected = max(0, min(self._selected + rows, len(self._best) - 1))

            return move

        for key_names, step in (
            (("up", "c-p"), -1),
            (("down", "c-n"), 1),
            (("pageup",), -9),
            (("pagedown",), 9),
        ):
            for key_name in key_names:
                keys.add(key_name)(move_by(step))
        return keys

    def _finish(self) -> None:
        """Search on where Enter was pressed before anything that the query finds was listed."""
        if self._listed_search is self._search and self._best:
            return
        while self._advance() and not (self._search.done and self._search.matches):
            pass
        self._best = self._search.best()
