"""Notifications: a person who looked elsewhere learns that an answer that took long is there."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chatmgr.domain.errors import ChatmgrError, Interrupted
from chatmgr.domain.model import Conversation
from chatmgr.ui.context import app


def wants_notifications() -> bool:
    """Whether the setting ``notify`` asks for notifications, and a terminal is there to show them."""
    return app().settings.get("notify") != "none" and (sys.stdout.isatty() or sys.stderr.isatty())


@contextmanager
def notified(conversation: Conversation) -> Iterator[None]:
    """Notify at the end of this block, if it took long and the terminal's window has no focus.

    Whoever stops it with Ctrl-C knows that it has ended.
    """
    began = time.monotonic()
    try:
        yield
    except Interrupted:
        raise
    except ChatmgrError:
        _notify(conversation, "has no answer", time.monotonic() - began)
        raise
    _notify(conversation, "has an answer", time.monotonic() - began)


def _notify(conversation: Conversation, outcome: str, seconds: float) -> None:
    if seconds < app().settings.get("notify_after") or not wants_notifications():
        return
    from chatmgr.terminal.notification import may_look_elsewhere, notify, way_of

    if may_look_elsewhere():
        notify(f"“{conversation.name}” {outcome}", way_of(str(app().settings.get("notify"))))
