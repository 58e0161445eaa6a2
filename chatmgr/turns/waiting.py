"""Calls that wait for an answer from here, and answers that a server has not heard yet. Pure functions."""

from collections.abc import Iterable, Sequence

from chatmgr.domain.items import DECLINED, Item, ItemKind, answer_to, open_calls, waits_for_answer

_ANSWERS = frozenset({ItemKind.TOOL_RESULT, ItemKind.APPROVAL})


def declined_answers(items: Iterable[Item]) -> tuple[Item, ...]:
    """What declines each of a turn's calls that have no answer."""
    return tuple(answer_to(call, DECLINED) for call in open_calls(items))


def unsent_answers(items: Sequence[Item]) -> tuple[Item, ...]:
    """The last calls of a turn and their answers, where the server said nothing after them.

    So it is after a person went on with something else: the calls are declined, and the server learns of it
    with the next message.
    """
    end = len(items)
    while end and _is_ours(items[end - 1]):
        end -= 1
    start = end
    while start and not _is_ours(items[start - 1]):
        start -= 1
    calls = [item for item in items[start:end] if waits_for_answer(item)]
    return (*calls, *items[end:]) if calls else ()


def _is_ours(item: Item) -> bool:
    return item.kind in _ANSWERS and not item.raw
