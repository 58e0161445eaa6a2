"""How large the measured things are: whole, or small for a run that only shows that every item works."""

import os

SMALL = os.environ.get("BENCH_SMALL") == "1"


def size(whole: int) -> int:
    """A number of turns or deltas; with ``BENCH_SMALL=1`` a hundredth of it, and at least ten."""
    return max(whole // 100, 10) if SMALL else whole
