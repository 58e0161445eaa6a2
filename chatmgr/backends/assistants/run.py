"""What is known of a run of the Assistants API, and which messages of its thread are its answer."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field

from chatmgr.backends.answer_text import Content, read_content
from chatmgr.backends.assistants.run_object import created_at
from chatmgr.backends.http.client import Json
from chatmgr.backends.json_values import as_id, as_objects, as_word
from chatmgr.domain.events import Delta, Event, Usage


@dataclass(slots=True)
class Run:
    """What is known of one run.

    ``message`` is the id of the message that it answers, ``text_parts`` what was streamed, ``message_start``
    the number of parts before the current message. ``answer_ids`` are the messages that it was seen to write,
    ``earlier_ids`` and ``earlier_runs`` what the thread held before. ``done`` says that the stream came to
    its own end, ``has_gap`` that a piece of it could not be read.
    """

    thread: str
    id: str = ""
    message: str = ""
    text_parts: list[str] = field(default_factory=list)
    answer_ids: list[str] = field(default_factory=list)
    earlier_ids: Set[str] = frozenset()
    earlier_runs: Set[str] = frozenset()
    step_usage: Usage | None = None
    refused: bool = False
    ended: bool = False
    done: bool = False
    has_gap: bool = False
    message_start: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether the stream has brought an answer and came to its own end."""
        return self.done and not self.has_gap and any(self.text_parts)

    def read_plain(self, name: str, event: Json) -> str:
        """Keep the text of an event that is a piece of the answer, as nearly all are; empty for any other."""
        if name != "thread.message.delta" or type(delta := event.get("delta")) is not dict:
            return ""
        content = read_content(delta.get("content"))
        if content.reasoning or content.refused or not content.text:
            return ""
        self.text_parts.append(content.text)
        return content.text

    def add_text(self, content: Content) -> Delta:
        """Keep a piece of the answer."""
        self.refused = self.refused or content.refused
        self.text_parts.append(content.text)
        return Delta(content.text)

    def end_message(self, message: Json) -> Iterator[Event]:
        """A message is whole: add what was not streamed of it."""
        if as_word(message.get("role")) == "user":
            return
        content = read_content(message.get("content"))
        streamed = "".join(self.text_parts[self.message_start :])
        if len(content.text) > len(streamed) and content.text.startswith(streamed):
            yield self.add_text(content._replace(text=content.text[len(streamed) :]))
        self.message_start = len(self.text_parts)


def find_answers(run: Run, page: Json, *, newest_first: bool = False) -> list[Json]:
    """The messages in a page of the thread that a run wrote, oldest first: by its id, else by theirs.

    A server that names no runs may list every message of the thread. Then those count that were seen
    in the stream, else those that the thread did not hold before and that come after the run's message.
    """
    messages = as_objects(page.get("data"))
    messages = messages[::-1] if newest_first else messages
    written = [message for message in messages if message.get("role") == "assistant"]
    answers = (
        [message for message in written if message.get("run_id") == run.id]
        or [message for message in written if message.get("id") in run.answer_ids]
        or _unclaimed(run, messages, whole=newest_first or not page.get("has_more"))
    )
    order = {message_id: at for at, message_id in enumerate(run.answer_ids)}
    return sorted(
        answers, key=lambda message: (created_at(message), order.get(as_id(message.get("id")), len(order)))
    )


def _unclaimed(run: Run, messages: list[Json], *, whole: bool) -> list[Json]:
    """New messages of the assistant that no run is named for, from the question on.

    The question is the run's message, else the last one of the user. Unless the messages are ``whole``, they
    end before the thread does, and what follows the last question in them need not be its answer.
    """
    ids = [message.get("id") for message in messages]
    asked = [at for at, message in enumerate(messages) if message.get("role") == "user"]
    if asked and not whole and run.message not in ids:
        return []
    question = ids.index(run.message) if run.message in ids else asked[-1] if asked else -1
    asked_at = created_at(messages[question]) if question >= 0 else 0
    return [
        message
        for at, message in enumerate(messages)
        if message.get("role") == "assistant"
        and not message.get("run_id")
        and as_id(message.get("id")) not in run.earlier_ids
        and (at > question or (asked_at and created_at(message) == asked_at))
    ]
