"""A streaming answer, rendered: finished blocks are printed once, and only the open block is redrawn."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from chatmgr.terminal.console import Console
from chatmgr.terminal.markdown.leaf_blocks import Code, Leaf
from chatmgr.terminal.markdown.render import drop_sections, leaf_rows, settled_end
from chatmgr.terminal.markdown.stream_parser import StreamParser
from chatmgr.terminal.markdown.text_layout import ScreenRow
from chatmgr.terminal.region import Region, Size, stdout_size

_DRAW_INTERVAL = 1 / 15  # seconds


class MarkdownWriter:
    """Takes the pieces of an answer like `PlainWriter`; a thread draws them, at most fifteen times a second.

    Everything drawn that may still change is one region at the end of the screen, with the cursor on the
    empty line below it. For each leaf, ``_printed`` says how much of it is printed for good; the rest is
    rendered again at each drawing, for the terminal's current width. ``lock`` is held while rows are drawn;
    one that others hold, too, must be reentrant.
    """

    def __init__(
        self,
        console: Console,
        size: Callable[[], Size] = stdout_size,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self._region = Region(self._print, size)
        self._console = console
        self._parser = StreamParser()
        self._pending: list[str] = []
        self._printed: dict[int, int] = {}
        self._rows: list[tuple[Leaf, ScreenRow]] = []
        self._lock = lock or threading.RLock()
        self._draw_requested, self._finishing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def write(self, text: str) -> None:
        """Add one piece, to be drawn soon."""
        self._pending.append(text)
        if not self._draw_requested.is_set():
            self._draw_requested.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._draw_loop, daemon=True)
                self._thread.start()

    def finish(self) -> None:
        """Draw the rest. Raises OSError if not everything could be written."""
        self._finishing.set()
        self._draw_requested.set()
        if self._thread:
            self._thread.join()
            self._thread = None
        self._draw(final=True)
        if self._error:
            raise self._error

    def draw(self, text: str = "") -> None:
        """Add one piece and draw now, together with everything before it."""
        self._pending.append(text)
        self._draw()

    def freeze(self) -> None:
        """Draw what has arrived and leave it as it is: other output will come and go below it."""
        with self._lock:
            self.draw()
            self._mark_printed(self._region.resize())
            self._region.release()
            self._mark_printed(len(self._rows))

    def lose(self) -> None:
        """Leave what is drawn as it is, and go on below what another program has written there."""
        self._region.lose()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Other output is written within this block.

        It goes above the rows that may still change, which are drawn again below it.
        """
        with self._lock:
            self.draw()
            self._mark_printed(self._region.resize())
            self._region.erase()
            yield
            self._draw_leaves(self._parser.leaves(), [])

    def beside(self, write: Callable[[], None]) -> None:
        """Let other output be written now, above the rows that may still change."""
        with self.suspended():
            write()

    def _draw_loop(self) -> None:
        while not self._finishing.is_set():
            self._draw_requested.wait()
            try:
                self._draw()
            except Exception as error:
                self._error = error
                return
            self._finishing.wait(_DRAW_INTERVAL)

    def _draw(self, *, final: bool = False) -> None:
        with self._lock:
            self._draw_requested.clear()
            pieces, self._pending = self._pending, []
            if self._error or not (pieces or final):
                return
            self._parser.feed("".join(pieces))
            self._mark_printed(self._region.resize())
            leaves = self._parser.finish() if final else self._parser.leaves()
            self._draw_leaves(leaves, [leaf for leaf in self._parser.blocks.leaves if leaf.closed])

    def _draw_leaves(self, leaves: list[Leaf], closed_leaves: list[Leaf]) -> None:
        """Draw all rows not printed for good; those of ``closed_leaves`` are printed for good with this."""
        width = self._region.width
        rows = [
            (leaf, row)
            for leaf in leaves
            for row in leaf_rows(leaf, width, self._printed.get(leaf.number, -1))
        ]
        closed_numbers = {leaf.number for leaf in closed_leaves}
        last = self._parser.blocks.leaves[-1] if self._parser.blocks.leaves else None
        stable_end = settled_end(last) if last and not last.closed else 0
        printed_count = 0
        for leaf, row in rows:
            is_stable = last is not None and leaf.number == last.number and row.end <= stable_end
            if leaf.number not in closed_numbers and not is_stable:
                break
            printed_count += 1
        kept_count = max(printed_count, len(rows) - self._region.capacity)
        self._region.draw([row for _, row in rows], kept_count)
        self._rows = rows
        self._mark_printed(kept_count)
        if closed_leaves:
            self._parser.blocks.leaves[:] = [leaf for leaf in self._parser.blocks.leaves if not leaf.closed]
            for number in closed_numbers:
                self._printed.pop(number, None)
        if last and not last.closed:
            drop_sections(last, self._printed.get(last.number, 0))

    def _mark_printed(self, count: int) -> None:
        """Note that the first ``count`` rows of the region are printed for good."""
        for index, (leaf, row) in enumerate(self._rows[:count], 1):
            may_grow = index == len(self._rows) and isinstance(leaf, Code)
            self._printed[leaf.number] = row.end - may_grow
        del self._rows[:count]

    def _print(self, text: str) -> None:
        if self._error:
            return
        try:
            self._console.write(text)
        except OSError as error:
            self._error = error
