"""What was typed and not sent yet: messages that wait in a queue, and the text that stands in the line."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Draft:
    """A text in the line, and where the cursor is in it."""

    text: str = ""
    position: int = 0


@dataclass(slots=True)
class PendingInput:
    """Goes from the line below a streaming answer to the prompt after it, and back.

    ``queue`` holds whole messages and commands, the oldest first. ``looks_first`` keeps it waiting while a
    text stands in the line that the person must look at before anything else is sent.
    """

    draft: Draft = field(default_factory=Draft)
    queue: list[str] = field(default_factory=list)
    looks_first: bool = False

    def take_queued(self) -> str | None:
        """The next message of the queue; None if the person is to be asked for it."""
        return self.queue.pop(0) if self.queue and not self.looks_first else None

    def take_draft(self) -> Draft:
        """What the next line begins with."""
        draft, self.draft, self.looks_first = self.draft, Draft(), False
        return draft

    def put(self, text: str) -> None:
        """Put a text into the line, before what stands there."""
        draft = self.draft
        self.draft = Draft(f"{text}\n{draft.text}", len(text)) if draft.text else Draft(text, len(text))
        self.looks_first = True

    def hold_back(self) -> None:
        """Put the queue into the line, each message on lines of its own, instead of sending it."""
        if not self.queue:
            return
        parts = [*self.queue, self.draft.text] if self.draft.text else self.queue
        text = "\n".join(parts)
        position = len(text) - len(self.draft.text) + self.draft.position
        self.draft, self.queue[:] = Draft(text, position), []
