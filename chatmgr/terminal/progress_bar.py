"""A progress bar on stderr, drawn only where a person is looking."""

import sys
import time

_WIDTH = 30


class Bar:
    """Call it with how much is done and how much there is; it redraws at most ten times a second."""

    def __init__(self, label: str, unit: str = "MB") -> None:
        self._label = label
        self._unit = unit
        self._size = 1_000_000 if unit == "MB" else 1
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
        bar = "━" * full + "─" * (_WIDTH - full)
        line = f"{self._label} {bar} {done // self._size}/{total // self._size} {self._unit}".rstrip()
        sys.stderr.write(f"\r{line}" + ("\r\x1b[K" if ended else ""))
        sys.stderr.flush()
