"""A turn as lines of text: what is said of one that has no answer."""

import pytest

from chatmgr.domain.states import RunState
from chatmgr.store.writer import RunOutcome
from chatmgr.terminal.turn_lines import turn_lines
from tests.support.store import Store

NOT_SENT_AGAIN = "[without an answer, this message is not sent again with later ones]"


@pytest.mark.parametrize("state", [RunState.INTERRUPTED, RunState.FAILED, RunState.CANCELLED])
@pytest.mark.parametrize("answer", ["", "So far"])
def test_a_message_without_an_answer_is_not_sent_again(
    sqlite_store: Store, state: RunState, answer: str
) -> None:
    """The note and the next request agree."""
    run = sqlite_store.open("hello")
    sqlite_store.writer.runs.close(run, RunOutcome(state, answer))
    [turn] = sqlite_store.reader.turns.list(sqlite_store.now())
    context = sqlite_store.reader.turns.context(run.conversation, 2)
    assert (NOT_SENT_AGAIN in list(turn_lines(turn, terminal=False))) == (not context)
    assert bool(context) == bool(answer)


def test_nothing_is_said_of_a_turn_that_is_still_running(sqlite_store: Store) -> None:
    sqlite_store.open("hello")
    [turn] = sqlite_store.reader.turns.list(sqlite_store.now())
    assert NOT_SENT_AGAIN not in list(turn_lines(turn, terminal=False))
