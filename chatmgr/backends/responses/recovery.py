"""Finding out what became of a response, after its connection broke or its process died.

A response whose id is known is continued, awaited or fetched. One whose id never arrived is looked for in the
conversation: the answer to the message is there, or nobody can tell.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime

from chatmgr.backends.answer_text import join_messages
from chatmgr.backends.items.collector import ItemCollector
from chatmgr.backends.items.steps import after, answered_ids, earlier_text, waiting_calls
from chatmgr.backends.responses import evidence
from chatmgr.backends.responses.conversations import Conversations
from chatmgr.backends.responses.response_state import ResponseState
from chatmgr.backends.responses.retrieval import Retrieval
from chatmgr.backends.thread_sync import ends_with_question, find_answer
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, NetworkDown, ProviderRefused
from chatmgr.domain.events import STATELESS, Delta, Event, Finished, Notice
from chatmgr.domain.model import LiveRun, Message, RemoteMessage, TurnRequest
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
                arrived = yield from self._find_in_thread(thread, request.text, earlier, seconds, state)
            except ConfigurationFault:
                arrived = False
            if not arrived:
                raise error
        else:
            raise error

    def recover(self, run: LiveRun) -> Iterator[Event]:
        """Find out what became of a response whose process died: continue, await or fetch it."""
        if run.state is RunState.REQUIRES_ACTION and (calls := waiting_calls(run.items)):
            yield Finished(RunState.REQUIRES_ACTION, calls=calls)
            return
        if run.run_id:
            yield from self._recover_response(run)
            return
        if run.thread_id:  # it was sent, and nobody knows whether it arrived
            age = (datetime.now(UTC) - run.started_at).total_seconds()
            seconds = max(self._retrieval.recover_seconds - age, 0.0)
            state = ResponseState(model=run.model, items=ItemCollector(run.items))
            if (yield from self._find_in_thread(run.thread_id, run.user, run.earlier, seconds, state)):
                return
        yield Finished(RunState.INTERRUPTED, error="the process ended before the server answered")

    def _recover_response(self, run: LiveRun) -> Iterator[Event]:
        state = ResponseState(
            id=run.run_id,
            background=run.background,
            cursor=run.cursor,
            model=run.model,
            items=ItemCollector(run.items),
            answered=answered_ids(run.items),
        )
        earlier = earlier_text(run.items)
        if text := run.text.removeprefix(earlier).lstrip("\n" if earlier else ""):
            state.text_parts.append(text)
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
            for event in after(earlier, events, begun=bool(text)):
                if isinstance(event, Finished):
                    yield from evidence.check_recovered(self._conversations, run, state, event)
                yield event
        except ProviderRefused as error:
            yield Finished(RunState.INTERRUPTED, error=error.message)

    def _find_in_thread(
        self,
        thread: str,
        text: str,
        earlier: Sequence[Message],
        seconds: float,
        state: ResponseState,
    ) -> Generator[Event, None, bool]:
        """Look for the answer to a message in the conversation; False if it does not appear in time."""

        def look() -> list[RemoteMessage] | None:
            newest = self._conversations.newest(thread)
            if answers := find_answer(text, earlier, newest):
                return answers
            is_asked = ends_with_question(text, earlier, newest)
            return [] if is_asked and self._conversations.newest_answer() else None

        answers = yield from self._retrieval.search(look, seconds)
        if answers is None:
            return False
        if complete := join_messages(answer.content for answer in answers):
            yield Delta(complete)
        output = {"output": self._conversations.newest_answer()}
        whole = all(answer.whole for answer in answers)
        yield from self._retrieval.finish_found(state, output, complete, is_whole=whole)
        return True
