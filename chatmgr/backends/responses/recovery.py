"""Finding out what became of a response, after its connection broke or its process died.

A response whose id is known is continued, awaited or fetched. One whose id never arrived is looked for in the
conversation: the answer to the message is there, or nobody can tell.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime

from chatmgr.backends.answer_text import join_messages
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.responses import evidence
from chatmgr.backends.responses.conversations import Conversations
from chatmgr.backends.responses.response_state import ResponseState
from chatmgr.backends.responses.retrieval import Retrieval
from chatmgr.backends.thread_sync import find_answer
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, NetworkDown, ProviderRefused
from chatmgr.domain.events import STATELESS, Delta, Event, Finished, Notice
from chatmgr.domain.model import LiveRun, Message, TurnRequest
from chatmgr.domain.states import RunState


class ResponseRecovery:
    """Finds the rest of one provider's responses, by their ids or in their conversations."""

    def __init__(self, conversations: Conversations, retrieval: Retrieval) -> None:
        self._conversations = conversations
        self._retrieval = retrieval

    def find_rest(
        self, state: ResponseState, request: TurnRequest, thread: str, error: ChatmgrError
    ) -> Iterator[Event]:
        """Find out what became of the response after ``error``; raise that if nobody can tell."""
        if state.id:
            reason = "A piece of the answer cannot be read" if state.has_gap else "The connection broke"
            yield Notice(f"{reason}; looking up the answer.")
            broken = error if isinstance(error, NetworkDown) else NetworkDown(error.message, error.hint)
            not_kept = ProviderRefused("The connection broke, and the server did not keep the answer.")
            missing = not_kept if state.background else broken
            try:
                yield from self._retrieval.resume(state, broken, missing_error=missing, refused_error=broken)
            except ConfigurationFault:  # the key may create responses, and not read them
                raise broken from None
        elif thread != STATELESS:
            yield Notice("No answer came; checking whether the message arrived.")
            earlier = request.history(max(request.answered - 3, 0))
            seconds = self._retrieval.recover_seconds if isinstance(error, NetworkDown) else 0.0
            state.conversation = thread  # what is found there is kept there
            try:
                arrived = yield from self._find_in_thread(thread, request.text, earlier, seconds)
            except ConfigurationFault:
                arrived = False
            if not arrived:
                raise error
        else:
            raise error

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Find out what became of a response whose process died: continue, await or fetch it."""
        if run.run_id:
            yield from self._recover_response(run)
            return
        if run.thread_id:  # it was sent, and nobody knows whether it arrived
            age = (datetime.now(UTC) - run.started_at).total_seconds()
            seconds = max(self._retrieval.recover_seconds - age, 0.0)
            if (yield from self._find_in_thread(run.thread_id, run.user, run.earlier, seconds)):
                return
        yield Finished(RunState.INTERRUPTED, error="the process ended before the server answered")

    def _recover_response(self, run: LiveRun) -> Iterator[Event]:
        state = ResponseState(
            id=run.run_id,
            background=run.background,
            cursor=run.cursor,
            model=run.model,
            items=ItemCollector(run.items),
        )
        if run.text:
            state.text_parts.append(run.text)
        unfinished: ChatmgrError = ProviderRefused("the server has not finished the response")
        if run.background:  # the server goes on with it, so the run stays open here
            unfinished = NetworkDown("The server is still working on the answer.")
        events = self._retrieval.resume(
            state,
            unfinished,
            missing_error=ProviderRefused("the server did not keep the response"),
            refused_error=ProviderRefused("the process ended before the answer did"),
        )
        try:
            for event in events:
                if isinstance(event, Finished):
                    yield from evidence.check_recovered(self._conversations, run, state, event)
                yield event
        except ProviderRefused as error:
            yield Finished(RunState.INTERRUPTED, error=error.message)

    def _find_in_thread(
        self, thread: str, text: str, earlier: Sequence[Message], seconds: float
    ) -> Generator[Event, None, bool]:
        """Look for the answer to a message in the conversation; False if it does not appear in time."""
        answers = yield from self._retrieval.search(
            lambda: find_answer(text, earlier, self._conversations.newest(thread)), seconds
        )
        if not answers:
            return False
        complete = join_messages(answer.content for answer in answers)
        yield Delta(complete)
        if all(answer.whole for answer in answers):
            refused = any(answer.refused for answer in answers)
            yield Finished(RunState.COMPLETED, "refusal" if refused else "", text=complete)
        else:
            yield Finished(RunState.INCOMPLETE, text=complete)
        return True
