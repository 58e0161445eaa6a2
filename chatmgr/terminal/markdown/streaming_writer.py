"""An answer as it streams, rendered: what is finished is printed once, only the open block is redrawn."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chatmgr.terminal.console import Console
from chatmgr.terminal.markdown.leaf_blocks import Code, Leaf
from chatmgr.terminal.markdown.render import leaf_lines, settle
from chatmgr.terminal.markdown.stream_parser import Source
from chatmgr.terminal.markdown.text_layout import Line
from chatmgr.terminal.region import Region, Size, size_of_stdout

_PAUSE = 1 / 15  # seconds between two drawings


class MarkdownWriter:
    """Takes deltas as `AnswerWriter` does; a thread draws what has come, at most fifteen times a second.

    All that is drawn and may still change stands in one region at the end of the screen, with the cursor
    on the empty line below it. Each leaf remembers how much of it is printed for good; the rest is made
    anew at each drawing, for the width that the terminal has then.
    """

    def __init__(self, console: Console, size: Callable[[], Size] = size_of_stdout) -> None:
        self._region = Region(self._put, size)
        self._console = console
        self._source = Source()
        self._pending: list[str] = []
        self._shown: dict[int, int] = {}
        self._rows: list[tuple[Leaf, Line]] = []
        self._lock = threading.RLock()
        self._due, self._ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._failed: Exception | None = None

    def write(self, text: str) -> None:
        """One piece, to be drawn soon."""
        self._pending.append(text)
        if not self._due.is_set():
            self._due.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._draw_on, daemon=True)
                self._thread.start()

    def finish(self) -> None:
        """Draw the whole; raises OSError where not everything could be written."""
        self._ending.set()
        self._due.set()
        if self._thread:
            self._thread.join()
            self._thread = None
        self._draw(final=True)
        if self._failed:
            raise self._failed

    def draw(self, text: str = "") -> None:
        """One piece, drawn now with all that came before it; nothing more is drawn before the next."""
        self._pending.append(text)
        self._draw()

    def settle(self) -> None:
        """Draw what has come, and leave it as it is: something else will come and go below it."""
        with self._lock:
            self.draw()
            self._keep(self._region.adapt())
            self._region.leave()
            self._keep(len(self._rows))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Something else is written meanwhile: above what may still change, which comes again below it."""
        with self._lock:
            self.draw()
            self._keep(self._region.adapt())
            self._region.erase()
            yield
            self._show(self._source.leaves(), [])

    def _draw_on(self) -> None:
        while not self._ending.is_set():
            self._due.wait()
            try:
                self._draw()
            except Exception as error:
                self._failed = error
                return
            self._ending.wait(_PAUSE)

    def _draw(self, *, final: bool = False) -> None:
        with self._lock:
            self._due.clear()
            found, self._pending = self._pending, []
            if self._failed or not (found or final):
                return
            self._source.feed("".join(found))
            self._keep(self._region.adapt())
            leaves = self._source.finish() if final else self._source.leaves()
            self._show(leaves, [one for one in self._source.blocks.leaves if one.closed])

    def _show(self, leaves: list[Leaf], done: list[Leaf]) -> None:
        """Put the rows on the screen that are not printed for good; those of ``done`` are, with this."""
        width = self._region.width
        rows = [
            (leaf, line)
            for leaf in leaves
            for line in leaf_lines(leaf, width, self._shown.get(leaf.number, -1))
        ]
        closed = {leaf.number for leaf in done}
        last = self._source.blocks.leaves[-1] if self._source.blocks.leaves else None
        settled = settle(last, 0) if last and not last.closed else 0
        count = 0
        for leaf, line in rows:
            stays = last is not None and leaf.number == last.number and line.end <= settled
            if leaf.number not in closed and not stays:
                break
            count += 1
        kept = max(count, len(rows) - self._region.room)
        self._region.draw([line for _, line in rows], kept)
        self._rows = rows
        self._keep(kept)
        if done:
            self._source.blocks.leaves[:] = [one for one in self._source.blocks.leaves if not one.closed]
            for number in closed:
                self._shown.pop(number, None)
        if last and not last.closed:
            settle(last, self._shown.get(last.number, 0))

    def _keep(self, count: int) -> None:
        """The first rows of the region are printed for good."""
        for at, (leaf, line) in enumerate(self._rows[:count], 1):
            unended = at == len(self._rows) and isinstance(leaf, Code)
            self._shown[leaf.number] = line.end - unended
        del self._rows[:count]

    def _put(self, text: str) -> None:
        if self._failed:
            return
        try:
            self._console.out(text, end="")
        except OSError as error:
            self._failed = error
