"""Going on with an answer that was cut off: what a server is sent that only knows whole messages.

Some servers go on with a last message of the assistant (a prefill). All the others get the answer so far as a
message of its own, and after it a request to go on, which the transcript does not hold.
"""

from dataclasses import replace

from chatmgr.domain.events import STATELESS
from chatmgr.domain.model import LiveRun, Message, TurnRequest

INSTRUCTION = (
    "Your last message was cut off. Go on exactly where it ends, in the middle of a word or a line if need "
    "be. Write only what comes next: repeat nothing, and add no greeting and no comment."
)


def begun_messages(request: TurnRequest) -> list[Message]:
    """The user's message, and the answer so far."""
    begun = [Message("assistant", request.begun, items=request.begun_items)] if request.begun else []
    return [request.message, *begun]


def as_instruction(request: TurnRequest) -> TurnRequest:
    """A request that asks to go on in words, after the answer so far; any other one as it is.

    A thread of its own takes both, as the conversation's must not hold the words.
    """
    if not request.begun:
        return request
    earlier = request.history

    def history(after: int) -> list[Message]:
        return [*earlier(after), *begun_messages(request)]

    stateless = request.thread if request.thread and request.thread.remote_id == STATELESS else None
    asked = replace(request, text=INSTRUCTION, attachments=(), history=history, thread=stateless)
    return replace(asked, begun="", begun_items=())


def as_sent(run: LiveRun) -> LiveRun:
    """A run that went on with an answer, as its server knows it: what was asked in words, and the rest."""
    if not run.begun:
        return run
    earlier = (*run.earlier, Message("user", run.user), Message("assistant", run.begun))
    return replace(run, user=INSTRUCTION, text=run.text[len(run.begun) :], earlier=earlier)
