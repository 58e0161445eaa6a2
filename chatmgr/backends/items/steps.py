"""The steps of a run that calls tools: what the server said up to its calls, then their answers, and so on.

A run that waits is gone on with by a request of its own. What that says belongs to the same run: its text
follows the text of the steps before. Pure functions, no I/O.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import cast

from chatmgr.backends.answer_text import join_messages
from chatmgr.backends.items.collector import calls_of
from chatmgr.backends.items.lines import answers_of, is_text, text_of
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.events import Delta, Event, Finished, ToolCall
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import DECLINED, Item, ItemKind, answer_to, call_id_of, waits_for_answer
from chatmgr.domain.model import LiveRun, Message


@dataclass(frozen=True, slots=True)
class Step:
    """The calls of a run's last step, their answers, and those answers that nobody has recorded yet."""

    calls: tuple[Item, ...]
    answers: tuple[Item, ...]
    new: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Continuation:
    """A run that is gone on with: what it has said so far, and the answers that it gets now."""

    text: str
    items: tuple[Item, ...]
    step: Step

    @property
    def said(self) -> Message:
        """What the server said, as a message whose last calls have no answers yet."""
        return Message("assistant", self.text, items=self.items)

    @property
    def answered(self) -> Message:
        """The same with the answers."""
        return Message("assistant", self.text, items=(*self.items, *self.step.answers))

    @property
    def open_ids(self) -> frozenset[str]:
        """The ids of the calls that are answered now."""
        return frozenset(map(call_id_of, self.step.calls))


def continuation(run: LiveRun, items: tuple[Item, ...], outputs: Mapping[str, str]) -> Continuation:
    """How a run goes on with the outputs of its calls, by id; ``items`` are what it has said so far."""
    step = answer_step(items, outputs)
    ids = set(map(call_id_of, step.calls))
    given = tuple(item for item in items if not (_is_ours(item) and call_id_of(item) in ids))
    return Continuation(run.text, given, step)


def answer_step(items: Sequence[Item], outputs: Mapping[str, str]) -> Step:
    """Answer the calls of a run's last step: by the given outputs, else as recorded, else by declining.

    An output for a call that is not among the items answers a function of that id.
    """
    step = _last_step(items)
    calls = [item for item in step if waits_for_answer(item)]
    known = {call_id_of(call) for call in calls}
    for call_id in outputs:
        if call_id not in known:
            calls.append(Item(ItemKind.TOOL_CALL, {"call_id": call_id, "tool": "function"}))
    recorded, answers, new = answers_of(step), list[Item](), list[Item]()
    for call in calls:
        before = recorded.get(call_id_of(call))
        given = outputs.get(call_id_of(call))
        answer = before if before and given is None else answer_to(call, DECLINED if given is None else given)
        answers.append(answer)
        if before is None or dict(before.content) != dict(answer.content):
            new.append(answer)
    return Step(tuple(calls), tuple(answers), tuple(new))


def waiting_calls(items: Sequence[Item]) -> tuple[ToolCall, ...]:
    """The calls of a run's last step, also those whose answers are recorded but may not have been sent."""
    return calls_of(item for item in _last_step(items) if not _is_ours(item))


def waits_for_nothing() -> UsageFault:
    """The error for outputs that a run does not wait for; nothing is sent."""
    fault = UsageFault("This run does not wait for the output of a function.")
    fault.touched = False
    return fault


def answered_ids(items: Sequence[Item]) -> frozenset[str]:
    """The ids of the calls that were answered here."""
    return frozenset(call_id_of(item) for item in items if _is_ours(item))


def _is_ours(item: Item) -> bool:
    """Whether an item is an answer that was given here, not one of the server's."""
    return item.kind in {ItemKind.TOOL_RESULT, ItemKind.APPROVAL} and not item.raw


def _last_step(items: Sequence[Item]) -> Sequence[Item]:
    """The items of the last step; answers at the end belong to it."""
    return items[_start_of_last_step(items) :]


def _start_of_last_step(items: Sequence[Item]) -> int:
    start = len(items)
    while start and _is_ours(items[start - 1]):
        start -= 1
    while start and not _is_ours(items[start - 1]):
        start -= 1
    return start


def earlier_text(items: Sequence[Item]) -> str:
    """The text of the steps whose calls were answered."""
    ours = [at for at, item in enumerate(items) if _is_ours(item)]
    return join_messages(text_of(item) for item in items[: ours[-1] if ours else 0] if is_text(item))


def after(earlier: str, events: Iterator[Event], *, begun: bool = False) -> Generator[Event, None, None]:
    """The events of a later step: its text follows the ``earlier`` one after a blank line.

    ``begun``: some of its text was told before.
    """
    separated = begun or not earlier
    with closing(cast(Generator[Event], events)):
        for event in events:
            if isinstance(event, Delta) and not separated:
                separated = True
                yield Delta(f"\n\n{event.text}", event.cursor)
            elif isinstance(event, Finished) and event.text and earlier:
                yield replace(event, text=join_messages([earlier, event.text]))
            else:
                yield event
