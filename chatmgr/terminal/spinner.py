"""The sign that turns while something is waited for."""

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAME_SECONDS = 0.1


def frame(now: float) -> str:
    """The sign at a moment of the monotonic clock."""
    return FRAMES[int(now / FRAME_SECONDS) % len(FRAMES)]
