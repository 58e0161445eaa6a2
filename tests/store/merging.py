"""Conversations to be merged, as small as can be."""

from datetime import UTC, datetime, timedelta

from chatmgr.domain.merging import MergedAssistant, MergedConversation, MergedRun, MergedTurn

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
PERSONA = MergedAssistant("persona", "imported-test", "Be kind.")


def run(key: str, answer: str = "yes") -> MergedRun:
    """A run that was completed."""
    columns = dict.fromkeys(("model", "detail", "error", "thread_id", "remote_id", "host", "reasoning"), "")
    numbers = dict.fromkeys(("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cost"))
    moments = dict.fromkeys(("sent_at", "started_at", "finished_at"), FIRST)
    rest = {"provider": "elsewhere", "state": "completed", "pid": 0, "background": False, "cursor": None}
    return MergedRun(key, PERSONA.key, {**columns, **numbers, **moments, **rest}, answer)


def turn(key: str, parent: str = "", *runs: MergedRun) -> MergedTurn:
    """A turn, which says its own key; the last of its runs answers."""
    own = runs or (run(f"{key}-run"),)
    return MergedTurn(key, parent, key, FIRST + timedelta(seconds=len(key)), own, own[-1].key)


def conversation(key: str, *turns: MergedTurn, tip: str = "") -> MergedConversation:
    """A conversation that is named by its key, and ends with its last turn."""
    columns = {"title": "", "provider": "elsewhere", "created_at": FIRST, "updated_at": FIRST}
    return MergedConversation(key, key, turns, tip or turns[-1].key, PERSONA.key, columns)


def line(key: str, count: int) -> MergedConversation:
    """A conversation of so many turns, one after the other."""
    keys = [f"{key}:{number}" for number in range(count)]
    return conversation(key, *(turn(own, before) for own, before in zip(keys, ["", *keys], strict=False)))
