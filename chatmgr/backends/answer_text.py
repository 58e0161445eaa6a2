"""The text of an answer: put together from messages, and compared with what was streamed of it."""

from collections.abc import Iterable, Iterator

from chatmgr.domain.events import Delta, Event, Notice


def join_messages(texts: Iterable[str]) -> str:
    """The messages of one answer as one text.

    Empty texts are left out, and so is one that repeats the text before it: some servers list a message
    twice.
    """
    kept: list[str] = []
    for text in texts:
        if text and text not in kept[-1:]:
            kept.append(text)
    return "\n\n".join(kept)


def remaining_text(complete: str, streamed: str, cursor: int | None = None) -> Iterator[Event]:
    """What the complete text has beyond what was streamed; a notice if the two contradict each other.

    A complete text that is empty, or shorter than what was streamed, says nothing new.
    """
    if complete.startswith(streamed):
        if len(complete) > len(streamed):
            yield Delta(complete[len(streamed) :], cursor)
    elif complete and not streamed.startswith(complete):
        yield Notice("The server's text differs from what was streamed; the server's text is kept.")
