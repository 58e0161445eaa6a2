"""A progress bar on stderr, drawn only where a person is looking."""

import sys
import time

_WIDTH = 30


class Bar:
    """Call it with bytes done and bytes in all; it redraws at most ten times a second."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._drawn = 0.0

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty() or total <= 0:
            return
        now = time.monotonic()
        ended = done >= total
        if not ended and now - self._drawn < 0.1:
            return
        self._drawn = now
        full = _WIDTH * done // total
        line = (
            f"{self._label} {'━' * full}{'─' * (_WIDTH - full)} {done // 1_000_000}/{total // 1_000_000} MB"
        )
        sys.stderr.write(f"\r{line}" + ("\r\x1b[K" if ended else ""))
        sys.stderr.flush()
