"""The line that tells what a turn is doing, in the bottom area: state, seconds, and tokens so far.

It takes what ``Status`` takes, but draws nothing: it keeps a few values, each replaced as a whole, and the
bottom area reads them when it draws.
"""

import time
from collections.abc import Callable

from chatmgr.terminal import spinner
from chatmgr.terminal.sanitize import clean, display_width, one_line
from chatmgr.terminal.theme import styled

_MARGIN = "  "
_WIDEST = 79  # columns: a wider screen does not put the keys at its other end
_CHARACTERS_PER_TOKEN = 4
_REASONING_KEPT = 2_000  # characters
_HINTS = ("Esc stops · Enter queues", "Esc stops", "")


class RunningLine:
    """What goes on in the turn that runs, whose seconds count from when this is made.

    ``write_above`` takes lines that stay on the screen, above the bottom area.
    """

    is_animated = True

    def __init__(self, write_above: Callable[[str], None]) -> None:
        self._write_above = write_above
        self._label, self._timed = "", True
        self._stopping = False
        self._since = time.monotonic()
        self._characters = self._counted_tokens = 0
        self._reasoning = ""
        self._reasoning_since = 0.0

    def waiting_for(self, label: str) -> None:
        """Tell what is being waited for."""
        self._label, self._timed = label, True

    def show(self, text: str, *, brief: bool = False) -> None:
        """Tell what goes on, without its seconds; ``brief`` makes no difference here."""
        self._label, self._timed = one_line(text), False

    def is_news(self, text: str, *, brief: bool) -> bool:
        """Whether a text is worth a line: always, as it takes the place of the one before."""
        return True

    def add_reasoning(self, text: str) -> None:
        """Add a piece of the model's reasoning, the end of which stands above the line."""
        self._reasoning_since = self._reasoning_since or time.monotonic()
        self._label, self._timed = "thinking", True
        self._reasoning = (self._reasoning + clean(text))[-_REASONING_KEPT:]

    def answering(self, text: str) -> None:
        """A piece of the answer has come: its tokens are estimated until somebody counts them."""
        self.clear()
        self._characters += len(text)

    def stopping(self) -> None:
        """The turn was stopped, and ends as soon as what had arrived is kept."""
        self._stopping = True

    def count_tokens(self, tokens: int) -> None:
        """The provider has counted the answer's tokens."""
        self._counted_tokens = tokens

    def clear(self) -> None:
        """Nothing is waited for any more; of the reasoning, one line stays that says how long it took."""
        if self._label:
            self._label, self._timed = "", True
        if self._reasoning_since:
            seconds = max(time.monotonic() - self._reasoning_since, 1)
            self._reasoning, self._reasoning_since = "", 0.0
            self._write_above(styled(f"thought for {seconds:.0f} s", "fact", True) + "\n")

    def rows(self, width: int, reasoning_rows: int) -> list[str]:
        """The line as plain text, below the last rows of the reasoning; each fits into ``width``."""
        line = self._line(width)
        return [*self._reasoning_rows(width, reasoning_rows), line]

    def _line(self, width: int) -> str:
        now = time.monotonic()
        facts = self._facts(now)
        while len(facts) > 1 and display_width(" · ".join(facts)) > width - len(_MARGIN) - 2:
            facts.pop()
        line = one_line(f"{spinner.frame(now)} {' · '.join(facts)}", max(width - len(_MARGIN), 1))
        taken = len(_MARGIN) + display_width(line)
        room = min(width, _WIDEST) - taken - 2
        hints = ("Ctrl-C leaves", "") if self._stopping else _HINTS
        hint = next(hint for hint in hints if len(hint) <= max(room, 0))
        return f"{_MARGIN}{line}" + (hint.rjust(min(width, _WIDEST) - taken) if hint else "")

    def _facts(self, now: float) -> list[str]:
        seconds = now - (self._reasoning_since or self._since)
        label = "stopping" if self._stopping else self._label
        facts = [label] if label else []
        if self._timed or not label:
            facts.append(f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s")
        if self._counted_tokens:
            facts.append(f"{self._counted_tokens:,} tokens")
        elif self._characters and not label:
            facts.append(f"~{max(self._characters // _CHARACTERS_PER_TOKEN, 1):,} tokens")
        return facts

    def _reasoning_rows(self, width: int, count: int) -> list[str]:
        from chatmgr.terminal.markdown.text_layout import wrap_rows

        text = self._reasoning.replace("\t", " ").rstrip()
        if not text or count < 1:
            return []
        room = max(width - len(_MARGIN), 1)
        tail = text[-room * count * 2 :]
        rows = [f"{_MARGIN}{tail[start:end]}" for start, end, _, _ in wrap_rows(tail, 0, room)]
        return rows[-count:]
