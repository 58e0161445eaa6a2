"""Choosing one of many: type a few letters, look at the preview, press Enter.

Rows are taken from their iterable as there is time, and looked at in slices between key presses, so that
a hundred thousand of them never make the keyboard wait. Only the rows that are shown are drawn, and only
the highlighted one is asked for its preview. The full screen is left as it was.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from prompt_toolkit import Application
from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text import StyleAndTextTuples
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
from prompt_toolkit.styles import Style

from chatmgr.chat.input.fuzzy import FuzzySearch, fold_case
from chatmgr.chat.input.masking import Harmless
from chatmgr.terminal.sanitize import clean, display_width, one_line, wrap

T = TypeVar("T")
_WIDE = 100  # columns from which the preview has its place at the right
_SLICE = 0.008  # seconds of work between two looks at the keyboard
_REDRAW = 0.1  # seconds between two drawings of a search that goes on
_ROWS = 250  # looked at before the clock is asked again
_SEARCHED = 2_000  # characters of a row
_BEST = 500  # rows that can be reached by moving; more letters reach the others
_PREVIEW = 20_000  # characters
_STYLE = Style.from_dict({"chosen": "reverse", "note": "dim", "rule": "dim"})


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """What can be chosen: its label, a note beside it, what it stands for; ``more`` is searched too."""

    label: str
    note: str
    value: T
    more: str = ""


def pick(
    rows: Iterable[Choice[T]], preview: Callable[[Choice[T]], str], what: str = "", query: str = ""
) -> Choice[T] | None:
    """Let a person choose; None if they leave with Esc or Ctrl-C."""
    return _Picker(rows, preview, what, query).run()


class _Picker(Generic[T]):
    """The rows so far, the search over them, and the screen."""

    def __init__(
        self, rows: Iterable[Choice[T]], preview: Callable[[Choice[T]], str], what: str, query: str
    ) -> None:
        self._coming: Iterator[Choice[T]] | None = iter(rows)
        self._rows: list[Choice[T]] = []
        self._texts: list[str] = []
        self._preview = preview
        self._previews: dict[int, list[str]] = {}
        self._what = what
        self._search = FuzzySearch("", self._texts, most=_BEST)
        self._best: list[int] = []
        self._at = self._top = 0
        self._changed = asyncio.Event()
        self._buffer = Buffer(multiline=False, on_text_changed=self._typed)
        self._buffer.text = " ".join(query.split())
        self._buffer.cursor_position = len(self._buffer.text)
        self._app: Application[Choice[T] | None] = Application(
            layout=self._layout(),
            key_bindings=self._keys(),
            style=_STYLE,
            full_screen=True,
        )
        self._app.ttimeoutlen = 0.05  # Esc leaves at once
        self._app.timeoutlen = 0.05

    def run(self) -> Choice[T] | None:
        def begin() -> None:
            self._app.create_background_task(self._work())

        return self._app.run(pre_run=begin)

    # The work between key presses

    async def _work(self) -> None:
        """What goes wrong with the rows ends the picker, and is its caller's to say."""
        try:
            await self._fill()
        except Exception as error:
            self._app.exit(exception=error)

    async def _fill(self) -> None:
        """Take rows in and look through them, a slice at a time; wait when there is nothing to do."""
        drawn, due = None, 0.0
        while True:
            until = time.monotonic() + _SLICE
            while self._some() and time.monotonic() < until:
                pass
            over = self._coming is None and self._search.done
            if over or self._search is not drawn or until > due:
                drawn, due = self._search, until + _REDRAW
                self._best = self._search.best()
                self._at = min(self._at, max(len(self._best) - 1, 0))
                self._app.invalidate()
            if over:
                await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep(0)

    def _some(self) -> bool:
        """One bite; False when there is nothing left."""
        if not self._search.done:
            self._search.step(_ROWS)
            return True
        if self._coming is None:
            return False
        for _ in range(_ROWS):
            try:
                row = next(self._coming)
            except StopIteration:
                self._coming = None
                break
            self._rows.append(row)
            self._texts.append(fold_case(f"{row.label} {row.more}"[:_SEARCHED]))
        return True

    def _typed(self, buffer: Buffer) -> None:
        """Another query; one that goes on with the last looks only at what that one found."""
        old, query = self._search, buffer.text
        within = None
        if old.done and self._coming is None and old.query and query.startswith(old.query):
            within = old.matches
        self._search = FuzzySearch(query, self._texts, within, _BEST)
        self._at = self._top = 0
        self._changed.set()

    # The screen

    def _layout(self) -> Layout:
        """Two arrangements of the same parts; which one is drawn follows the terminal's width."""
        query = Window(BufferControl(self._buffer, [BeforeInput("❯ "), Harmless()]), height=1)
        count = Window(FormattedTextControl(self._count), height=1)
        rows = Window(
            FormattedTextControl(self._listed),
            width=lambda: Dimension.exact(_sizes()[1]),
            height=lambda: Dimension.exact(_sizes()[0]),
        )
        seen = Window(FormattedTextControl(self._previewed), wrap_lines=True)
        wide = VSplit([rows, Window(width=1, char="│", style="class:rule"), seen])
        narrow = HSplit([rows, Window(height=1, char="─", style="class:rule"), seen])
        body = DynamicContainer(lambda: wide if _sizes()[4] else narrow)
        return Layout(HSplit([query, count, body]), focused_element=query)

    def _count(self) -> StyleAndTextTuples:
        known = f"{len(self._search.matches):,} of {len(self._rows):,}"
        more = "…" if self._coming is not None or not self._search.done else ""
        hint = f"{known}{more} · {self._what} · Enter takes, Esc leaves"
        return [("class:note", one_line(hint, get_app().output.get_size().columns))]

    def _listed(self) -> StyleAndTextTuples:
        height, width, *_ = _sizes()
        self._top = max(min(self._top, self._at), self._at - height + 1, 0)
        lines: StyleAndTextTuples = []
        for place, number in enumerate(self._best[self._top : self._top + height], self._top):
            row = self._rows[number]
            label = one_line(row.label[:_SEARCHED], max(width - 2, 1))
            left = width - 4 - display_width(label)
            note = one_line(row.note[:_SEARCHED], left) if row.note and left > 3 else ""
            here = "class:chosen" if place == self._at else ""
            lines += [(here, f"{'▌' if here else ' '} {label}"), ("class:note", f"  {note}"), ("", "\n")]
        return lines

    def _previewed(self) -> StyleAndTextTuples:
        _, _, height, width, _ = _sizes()
        if not self._best:
            return []
        number = self._best[self._at]
        if number not in self._previews:
            found = ""
            with suppress(Exception):  # what cannot be read is not shown; choosing it will tell why
                found = self._preview(self._rows[number])
            if len(self._previews) > _BEST:
                self._previews.clear()
            self._previews[number] = clean(found[:_PREVIEW]).expandtabs(4).split("\n")
        return [("", "\n".join(_last(self._previews[number], height, width)))]

    # The keys

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("enter")
        def _take(event: KeyPressEvent) -> None:
            self._finish()
            event.app.exit(result=self._rows[self._best[self._at]] if self._best else None)

        @keys.add("escape")
        @keys.add("c-c")
        @keys.add("c-g")
        def _leave(event: KeyPressEvent) -> None:
            event.app.exit(result=None)

        def moving(by: int) -> Callable[[KeyPressEvent], None]:
            def move(event: KeyPressEvent) -> None:
                page = max(event.app.output.get_size().rows // 2 - 2, 1)
                steps = by if abs(by) == 1 else (page if by > 0 else -page)
                self._at = max(0, min(self._at + steps, len(self._best) - 1))

            return move

        for names, by in ((("up", "c-p"), -1), (("down", "c-n"), 1), (("pageup",), -9), (("pagedown",), 9)):
            for name in names:
                keys.add(name)(moving(by))
        return keys

    def _finish(self) -> None:
        """Enter means the best of all rows, also where it was pressed before they were looked at."""
        while self._some() and not (self._search.done and self._best):
            pass
        if not self._search.done or not self._best:
            self._best = self._search.best()


def _sizes() -> tuple[int, int, int, int, bool]:
    """Rows and columns of the list, then of the preview, and whether they stand side by side."""
    size = get_app().output.get_size()
    height = max(size.rows - 2, 2)
    if size.columns >= _WIDE:
        listed = size.columns // 2
        return height, listed, height, size.columns - listed - 1, True
    upper = max(height // 2, 1)
    return upper, size.columns, max(height - upper - 1, 1), size.columns, False


def _last(lines: list[str], height: int, width: int) -> list[str]:
    """As many of the last lines as fit, wrapped at words."""
    kept: list[str] = []
    used = 0
    for line in reversed(lines):
        rows = wrap(line, max(width, 1)).split("\n")
        used += sum(max(1, -(-display_width(row) // max(width, 1))) for row in rows)
        if used > height and kept:
            break
        kept += reversed(rows)
    return kept[::-1]
