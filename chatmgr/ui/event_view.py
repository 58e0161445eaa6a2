"""A run as it is shown while it goes on: the answer on stdout, all else on stderr."""

import sys
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from chatmgr.domain.errors import Interrupted, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, ItemDone, Notice, Reasoning, Usage, Waiting
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.items import Item
from chatmgr.domain.model import Conversation
from chatmgr.domain.states import OTHER, RunState, detail_words
from chatmgr.domain.text import as_sentence
from chatmgr.terminal.console import console
from chatmgr.terminal.plain_writer import PlainWriter
from chatmgr.terminal.status import Status
from chatmgr.ui.context import markdown

if TYPE_CHECKING:
    from chatmgr.terminal.markdown.streaming_writer import MarkdownWriter
    from chatmgr.terminal.running_line import RunningLine

Events = Generator[Event, None, None]
_REASONS = {
    "length": "the limit of its length was reached",
    OTHER: "the server gave a reason that is not known",
}


class EventView:
    """Shows the events of one run, and how it ended; ``heading`` stands above the answer.

    The text goes to a writer, which renders it or not; what is waited for, to a status line that comes
    and goes. Whatever else is said stands on lines of its own, above the part of the answer that may change.
    """

    def __init__(
        self,
        conversation: Conversation,
        *,
        quiet: bool,
        reasoning: bool,
        heading: Callable[[], str] = str,
    ) -> None:
        self._heading = heading
        self._waiting_label = f"waiting for {conversation.provider}"
        self._conversation = conversation
        self._quiet = quiet
        self._reasoning = reasoning
        self._status: Status | RunningLine = console.bottom.running if console.bottom else Status(sys.stderr)
        self._stop_hint = "" if console.bottom else " (Ctrl-C stops)"
        self._writer = PlainWriter(console) if quiet else _answer_writer()
        self._streamed = False
        self._has_begun = False
        self._items: list[Item] = []
        self._end: Finished | None = None

    def show(self, events: Events) -> Finished | None:
        """Show the events to their end, which is returned.

        Raises Interrupted on Ctrl-C, and ProviderRefused where the run did not end with a whole answer.
        """
        with closing(events), interrupts.before_stop(self._settle_screen):
            try:
                self._status.waiting_for(self._waiting_label)
                for event in events:
                    self._show_event(event)
                self._show_whole_text()
            except KeyboardInterrupt:  # caught here: the engine learns of it by being closed
                if console.bottom:
                    console.bottom.running.stopping()
                kept = "; what had arrived is kept" if self._streamed else ""
                raise Interrupted(f"Stopped{kept}.") from None
            finally:
                self._status.clear()
                self._writer.finish()
        self._show_end()
        return self._end

    def _settle_screen(self) -> None:
        self._status.clear()
        with suppress(OSError):
            self._writer.finish()

    def _show_event(self, event: Event) -> None:
        if type(event) is Delta:
            self._status.answering(event.text)
            if not self._streamed:
                self._streamed = True
                self._begin_answer()
            if not self._quiet:
                self._writer.write(event.text)
        elif isinstance(event, Finished):
            self._end = event
        elif isinstance(event, Waiting):
            self._show_wait(event)
        elif isinstance(event, Reasoning):
            if self._reasoning:
                self._writer.freeze()
                self._status.add_reasoning(event.text)
        elif isinstance(event, ItemDone):
            self._show_item(event.item)
        elif isinstance(event, Usage):
            self._status.count_tokens(event.output_tokens or 0)
        elif isinstance(event, Notice):
            self._note(event.text)
            if not self._streamed:
                self._status.waiting_for(self._waiting_label)

    def _show_wait(self, event: Waiting) -> None:
        retry = "trying again in " if event.brief else ""
        remaining = f": {retry}{event.seconds} s" if event.seconds else ""
        text, brief = f"{event.reason}{remaining}{self._stop_hint}", event.brief or not event.seconds
        if self._status.is_animated:
            self._writer.draw()
            self._status.show(text, brief=brief)
        elif self._status.is_news(text, brief=brief):
            self._writer.beside(lambda: self._status.show(text, brief=brief))

    def _show_item(self, item: Item) -> None:
        from chatmgr.ui.item_files import note_of, show_item

        self._items.append(item)
        if note := note_of(item):
            self._status.clear()
            self._begin_answer()
            self._writer.beside(lambda: show_item(item, note, draws=not self._quiet))

    def _note(self, text: str) -> None:
        """Say something that is no part of the answer, without drawing over the answer."""
        self._status.clear()
        self._writer.beside(lambda: console.note(text))

    def _show_whole_text(self) -> None:
        """Show the text that came with the end, where nothing was streamed."""
        if self._end and self._end.text and not self._streamed and not self._quiet:
            self._status.clear()
            self._streamed = True
            self._begin_answer()
            self._writer.write(self._end.text)

    def _begin_answer(self) -> None:
        """Say who answers, once, below one empty line, where the answer is rendered."""
        if not self._has_begun and not self._quiet and markdown():
            self._has_begun = True
            console.gap()
            if heading := self._heading():
                console.out(heading)

    def _show_end(self) -> None:
        if self._items and not self._quiet:
            self._begin_answer()
            from chatmgr.ui.item_files import note_missing, show_sources

            show_sources(self._conversation, self._items)
            note_missing(self._items, f"{self._conversation.name}@-1")
        if self._end and self._end.state is not RunState.REQUIRES_ACTION:
            has_text = self._streamed or bool(self._end.text)
            _raise_unless_answered(self._end, has_text, has_items=bool(self._items))


def _answer_writer() -> "PlainWriter | MarkdownWriter":
    if not markdown():
        return PlainWriter(console)
    from chatmgr.terminal.markdown.streaming_writer import MarkdownWriter

    if console.bottom:
        writer = MarkdownWriter(console, console.bottom.free_size, console.bottom.lock)
        console.bottom.on_others_output = writer.lose
        return writer
    return MarkdownWriter(console)


def _raise_unless_answered(end: Finished, has_text: bool, *, has_items: bool = False) -> None:
    """Raise ProviderRefused for an answer that is incomplete, failed or empty, saying which."""
    if end.state is RunState.COMPLETED:
        if end.detail == "refusal":
            console.note("[the model refused]", "attention")
        elif not (has_text or has_items):
            raise ProviderRefused("The answer is empty.", "Ask again, perhaps in other words.")
        return
    if end.state is RunState.INCOMPLETE:
        reason = _REASONS.get(end.detail, detail_words(end.detail) or "no reason given")
        raise ProviderRefused(f"The answer is incomplete: {reason}.", "What arrived is kept.")
    reason = end.error or _REASONS.get(end.detail, detail_words(end.detail)) or "no reason given"
    hint = "What arrived is kept." if has_text else "Your message is kept; send it again once that is fixed."
    auxiliary = "" if end.state is RunState.FAILED else "was "
    raise ProviderRefused(f"The run {auxiliary}{end.state}: {as_sentence(reason)}", hint)
