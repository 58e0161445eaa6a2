"""What stands above and below an answer while it runs, the same as when the turn is shown again."""

from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime

from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.events import Delta, Finished, Opened
from chatmgr.domain.model import Conversation, Turn
from chatmgr.terminal.console import console
from chatmgr.terminal.region import stdout_size
from chatmgr.terminal.theme import paint
from chatmgr.ui.context import app, markdown
from chatmgr.ui.event_view import Events
from chatmgr.ui.transcript_view import answerer_of


class AnswerFrame:
    """Who answers, and the facts about the answer, around one run that begins after this was made.

    Both are empty where answers are not rendered. ``on_model`` is told the model as soon as it is known.
    """

    def __init__(self, conversation: Conversation, on_model: Callable[[str], None]) -> None:
        self._conversation = conversation
        self._on_model = on_model
        self._model = ""
        last = last_turn(conversation) if markdown() else None
        self._answerer = answerer_of(last) if last else None
        self._run_before = _run_of(last)

    def around(self, events: Events) -> Events:
        """The run's events; what they say of the model is kept."""
        with closing(events):
            for event in events:
                if isinstance(event, Opened) and event.model:
                    self._model = event.model
                    self._on_model(event.model)
                yield event
                if isinstance(event, (Delta, Finished)):
                    break
            yield from events

    def heading(self) -> str:
        """The line above the answer, once that begins: who answers; empty if that was said before."""
        from chatmgr.terminal.rendered_turn import answerer_line

        turn = last_turn(self._conversation) if markdown() else None
        if turn is None:
            return ""
        answerer = (turn.assistant, turn.model or self._model)  # a model may be stored with the answer's end
        if answerer == self._answerer:
            return ""
        self._answerer = answerer
        return answerer_line(*answerer)

    def footer(self) -> str:
        """The line of facts below the answer; empty if no model was asked, or an earlier answer stays."""
        from chatmgr.terminal.rendered_turn import footer

        turn = last_turn(self._conversation) if markdown() and self._model else None
        if turn is None or _run_of(turn) == self._run_before:
            return ""
        return paint(footer(turn, stdout_size()[0], datetime.now(UTC)), "fact")

    def show_footer(self) -> None:
        """Show the line of facts below an answer that came to its end."""
        if footer := self.footer():
            console.gap()
            console.out(footer)


def _run_of(turn: Turn | None) -> tuple[int, datetime | None] | None:
    """What tells the run that answers a turn from others."""
    return (turn.pk, turn.started_at) if turn else None


def footer_of(conversation: Conversation, width: int) -> str:
    """The facts about the last answer of a conversation; empty if they cannot be read."""
    from chatmgr.terminal.rendered_turn import footer

    turn = last_turn(conversation)
    return footer(turn, width, datetime.now(UTC)) if turn else ""


def last_turn(conversation: Conversation) -> Turn | None:
    """The turn at the end of a conversation as it is now. What is read for its looks alone may fail."""
    with suppress(ChatmgrError), app().reader as reader:
        return next(iter(reader.turns.tail(reader.conversations.refresh(conversation), 1)), None)
    return None
