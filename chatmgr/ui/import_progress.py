"""How far an import has come, on the status line: what is done, how many conversations, and the time left."""

import sys
import time

from chatmgr.domain.text import counted
from chatmgr.terminal.durations import time_left
from chatmgr.terminal.status import Status

_EVERY = 0.1  # seconds
_SETTLED = 2.0  # seconds after which the time that is left can be told


class ImportProgress:
    """Call it with the bytes that are done, the bytes in all, and the conversations so far."""

    def __init__(self) -> None:
        self._status = Status(sys.stderr)
        self._began = self._shown = time.monotonic()

    def __call__(self, done: int, total: int, conversations: int) -> None:
        now = time.monotonic()
        if now - self._shown < _EVERY:
            return
        self._shown = now
        parts = ["importing", counted(conversations, "conversation")]
        if total:
            parts.append(f"{100 * done // total} % of {total / 1e6:,.0f} MB")
        if done and now - self._began > _SETTLED:
            left = (now - self._began) * max(total - done, 0) / done
            parts.append(f"about {time_left(left)} left")
        self._status.show(" · ".join(parts), brief=True)

    def close(self) -> None:
        """Remove the line."""
        self._status.clear()
