"""What a backend needs for one turn, read in one go: no database is open while the network is in use."""

from chatmgr.domain.model import Assistant, Conversation, Message, TurnRequest, UserMessage
from chatmgr.store.reader import Reader
from chatmgr.store.writer import OpenRun
from chatmgr.turns.waiting import unsent_answers


def read_request(
    reader: Reader,
    conversation: Conversation,
    run: OpenRun,
    assistant: Assistant,
    model: str,
    message: UserMessage,
    *,
    begun: str = "",
    own_items: int = 0,
) -> TurnRequest:
    """The request of a turn that was opened; the history is read when it is asked for.

    ``begun`` is an answer that the run goes on with. Of the run's items, the last ``own_items`` are its own.
    """

    def history(after: int) -> list[Message]:
        with reader:
            return reader.turns.context(run.conversation, run.position, after)

    with reader:
        thread = reader.threads.get(run.conversation, run.provider, run.endpoint, before=run.position)
        answered = reader.turns.last_answered(run.conversation, run.position)
        is_held = thread is not None and thread.synced >= answered > 0
        return TurnRequest(
            conversation=conversation.id,
            position=run.position,
            text=message.text,
            model=model,
            assistant=assistant,
            history=history,
            answered=answered,
            thread=thread,
            remote_assistant=reader.assistants.remote_id(assistant.id, run.provider, run.endpoint),
            attachments=message.attachments,
            remote_files=reader.threads.remote_files(run.conversation, run.provider, run.endpoint),
            pending=unsent_answers(reader.turns.items_at(run.conversation, answered) if is_held else ()),
            begun=begun,
            begun_items=(reader.items.with_bytes(run.turn) if begun else ())[: -own_items or None],
        )
