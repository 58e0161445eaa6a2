"""The way out where a turn has no whole answer: the commands that the person may type next.

An answer that broke off can be gone on with. A conversation whose every turn is refused, in words of the
server that nobody knows, may be too long.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from shlex import quote

from chatmgr.domain.errors import DatabaseUnreachable, NetworkDown, ProviderRefused
from chatmgr.domain.model import Conversation
from chatmgr.domain.states import LIVE, RunState
from chatmgr.services.way_back import ShellCommands
from chatmgr.store.reader import Reader

_BAD_REQUEST = {400, 422}
_REFUSED_AS_BAD = re.compile(r" refused \(4(?:00|22)\): ")  # as an error's text is kept with its run


@contextmanager
def way_out_named(reader: Reader, conversation: Conversation, commands: ShellCommands) -> Iterator[None]:
    """Name the commands that help where an answer breaks off, or a second turn in a row is refused as bad.

    Use it around a turn, and outside of what closes its run.
    """
    try:
        yield
    except NetworkDown as error:
        if error.broke_off:
            error.hint = _ways_on(reader, conversation, commands) or error.hint
        raise
    except ProviderRefused as error:
        if error.status in _BAD_REQUEST and _is_stuck(reader, conversation):
            name, assistant = quote(conversation.name), quote(conversation.assistant)
            hint = (
                f"If “{conversation.name}” is too long for the model, choose one with a larger context: "
                f"chatmgr send {name} -m MODEL; or begin anew: chatmgr new -a {assistant}"
            )
            error.hint = f"{error.hint} {hint}".strip()
        raise


def _ways_on(reader: Reader, conversation: Conversation, commands: ShellCommands) -> str:
    """How an answer that broke off is gone on with; empty while its run goes on at the server."""
    with suppress(DatabaseUnreachable), reader:
        [turn] = reader.turns.tail(reader.conversations.refresh(conversation), 1)
        again = f"sk again: {commands.again(conversation.name)}"
        if turn.state in LIVE:
            return ""
        if not turn.answer or turn.state == RunState.COMPLETED:  # an earlier run answers it
            return f"A{again}"
        return f"What arrived is kept. Go on with it: {commands.go_on(conversation.name)} — or a{again}"
    return ""


def _is_stuck(reader: Reader, conversation: Conversation) -> bool:
    """Whether the last two turns were refused as bad, in a conversation that has answers."""
    with suppress(DatabaseUnreachable), reader:  # else that would be taken for the turn's own failure
        latest = reader.turns.tail(conversation, 2)
        if len(latest) < 2 or not all(_REFUSED_AS_BAD.search(turn.error) for turn in latest):
            return False
        return bool(reader.turns.last_answered(conversation.pk, latest[0].turn))
    return False
