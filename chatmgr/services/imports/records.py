"""From a source's conversation to what is merged: keys, names, times, runs.

Keys are made of what they stand for: the kind of source, the conversation's id there, and what was said, each
turn upon the one before it. So an import that is repeated finds what it brought, here or on another machine;
and what was changed at the source is another turn, beside the old one.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.ids import derived_key
from chatmgr.domain.items import Item, canonical_json
from chatmgr.domain.merging import MergedAssistant, MergedConversation, MergedRun, MergedTurn
from chatmgr.domain.names import NAME_LIMIT, TAG_LIMIT, TITLE_LIMIT, slug, valid_name
from chatmgr.domain.source_conversations import SourceConversation
from chatmgr.domain.states import LIVE, RunState, known_detail
from chatmgr.domain.text import JOINERS, storable
from chatmgr.importers.answers import SourceRun
from chatmgr.importers.tree import SourceTurn, SourceTurns

# A turn that stands a second time took nothing: its run counts where it stands first.
_COPIED = {"sent_at": None, "input_tokens": 0, "output_tokens": 0}
_UNANSWERED = "it was not answered there"
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = timedelta(days=2)  # in the future
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Settling:
    """What an imported conversation gets here: its assistant, unless it has its own, and its tags."""

    assistant: MergedAssistant | None = None
    tags: tuple[str, ...] = ()


def conversation_key(kind: str, source_id: str) -> str:
    """The key of a conversation that is known by its id at a source."""
    return sha256(f"{kind}\0{source_id}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def persona(kind: str, instructions: str) -> MergedAssistant:
    """The assistant of a source that was told these instructions."""
    key = derived_key("assistant", kind, instructions)
    return MergedAssistant(key, f"imported-{kind}", storable(instructions))


def merged_conversation(
    source: SourceConversation,
    turns: SourceTurns,
    digest: str,
    settling: Settling,
    fallback: datetime,
) -> tuple[MergedConversation, MergedAssistant]:
    """What is merged of a source's conversation, and its assistant.

    ``fallback`` is the time of what has none at all: when the file was changed last.
    """
    assistant = settling.assistant or persona(source.kind, source.instructions)
    times = _times(source, turns, fallback)
    keys = _turn_keys(source, turns.turns)
    merged = [
        _turn(source, turn, key, keys[turn.parent] if turn.parent >= 0 else "", at, assistant.key)
        for turn, key, at in zip(turns.turns, keys, times, strict=True)
    ]
    created = _sound(source.created_at) or min(times, default=fallback)
    columns = {
        "title": _title(source.title),
        "provider": "",  # where it was held cannot be called: its next turn takes the person's own
        "created_at": created,
        "updated_at": _sound(source.updated_at) or max(times, default=created),
        "archived_at": (_sound(source.updated_at) or created) if source.archived else None,
    }
    conversation = MergedConversation(
        key=conversation_key(source.kind, source.id),
        name=conversation_name(source.title, next((turn.text for turn in turns.turns if turn.text), "")),
        turns=tuple(_once(merged)),
        tip=keys[turns.tip] if turns.tip >= 0 else "",
        assistant=assistant.key,
        columns=columns,
        tags=tuple(dict.fromkeys(filter(None, map(tag_of, (*source.tags, *settling.tags))))),
        source=(source.kind, source.id),
        digest=digest,
    )
    return conversation, assistant


def _once(turns: Sequence[MergedTurn]) -> list[MergedTurn]:
    """Each turn once: a source may hold the same message twice in one place."""
    return list({turn.key: turn for turn in turns}.values())


def _sound(moment: datetime | None) -> datetime | None:
    """A moment that can be true; sources write zeros, and years to come."""
    if moment is None or moment < _EARLIEST or moment > datetime.now(UTC) + _LATEST:
        return None
    return moment


def _times(source: SourceConversation, turns: SourceTurns, fallback: datetime) -> list[datetime]:
    """The time of each turn: its own, or that of the turn before it, a moment later."""
    first = _sound(source.created_at) or _sound(source.updated_at) or fallback
    times: list[datetime] = []
    for turn in turns.turns:
        at = _sound(turn.at)
        if at is None:
            at = times[turn.parent] + timedelta(seconds=1) if turn.parent >= 0 else first
        times.append(at)
    return times


def principal_turns(turns: Sequence[SourceTurn]) -> set[int]:
    """Of turns that stand several times, once for each answer that is gone on from, the one that began.

    That is where the earliest turn follows. It keeps the key that the turn had when it stood there alone, so
    that an answer that is gone on from later moves nothing that was imported before.
    """
    copied = {turn.copy for turn in turns if turn.copy >= 0}
    if not copied:
        return set(range(len(turns)))
    first: dict[int, tuple[datetime, int]] = {}  # what follows a turn first
    for number, turn in enumerate(turns):
        if turn.parent >= 0:
            order = (turn.at or _NEVER, number)
            first[turn.parent] = min(first.get(turn.parent, order), order)
    groups: dict[int, list[int]] = {}
    for number, turn in enumerate(turns):
        groups.setdefault(turn.copy if turn.copy >= 0 else number, []).append(number)
    last = (_NEVER, len(turns))
    return {min(group, key=lambda number: first.get(number, last)) for group in groups.values()}


def _turn_keys(source: SourceConversation, turns: Sequence[SourceTurn]) -> list[str]:
    keys: list[str] = []
    principals = principal_turns(turns)
    for number, turn in enumerate(turns):
        parent = keys[turn.parent] if turn.parent >= 0 else ""
        keys.append(_turn_key(source, turn, parent, is_principal=number in principals))
    return keys


def _turn_key(source: SourceConversation, turn: SourceTurn, parent: str, *, is_principal: bool) -> str:
    said = turn.text or ",".join(run.ids[0] for run in turn.runs[:1])
    beside = _beside_text(turn)
    answer = "" if is_principal else turn.runs[turn.run].ids[-1] if turn.runs else "unanswered"
    return derived_key("turn", source.kind, source.id, parent, turn.id, said, beside, answer)


def _beside_text(turn: SourceTurn) -> str:
    """What the user sent beside the text."""
    if not turn.files and not turn.items:
        return ""
    return canonical_json([*(file.sha256 for file in turn.files), *map(_item_digest, turn.items)])


def _turn(
    source: SourceConversation, turn: SourceTurn, key: str, parent: str, at: datetime, version: str
) -> MergedTurn:
    runs = {_run_key(key, run): run for run in turn.runs}
    merged = [_run(source, run_key, run, at, version) for run_key, run in runs.items()]
    if turn.copy >= 0:
        merged = [replace(run, columns={**run.columns, **_COPIED}) for run in merged]
    chosen = _run_key(key, turn.runs[turn.run]) if turn.runs else ""
    if not merged:
        merged = [_unanswered(source, derived_key("run", key), at, version)]
    return MergedTurn(
        key=key,
        parent=parent,
        text=turn.text,
        created_at=at,
        runs=tuple(merged),
        run=chosen or merged[0].key,
        files=turn.files,
        items=turn.items,
    )


def _run_key(turn: str, run: SourceRun) -> str:
    return derived_key("run", turn, *run.ids, run.text, *map(_item_digest, run.items))


def _item_digest(item: Item) -> str:
    return canonical_json([item.kind.value, dict(item.content), item.raw])


def _run(source: SourceConversation, key: str, run: SourceRun, at: datetime, version: str) -> MergedRun:
    started = _sound(run.started_at) or at
    usage = run.usage
    columns = {
        **_columns(source, RunState.INTERRUPTED if run.state in LIVE else run.state, started),
        "model": storable(run.model),
        "detail": known_detail(run.detail),
        "error": storable(run.error),
        "finished_at": _sound(run.finished_at) or started,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "reasoning": storable(run.reasoning),
    }
    return MergedRun(key, version, columns, run.text or None, run.items)


def _unanswered(source: SourceConversation, key: str, at: datetime, version: str) -> MergedRun:
    columns = {**_columns(source, RunState.INTERRUPTED, at), "error": _UNANSWERED}
    return MergedRun(key, version, columns)


def _columns(source: SourceConversation, state: RunState, at: datetime) -> dict[str, object]:
    """The columns of a run that was made elsewhere: sent then, not by us, at a price that nobody knows."""
    return {
        "provider": source.provider or source.kind,
        "model": "",
        "state": state.value,
        "detail": "",
        "error": "",
        "thread_id": "",
        "remote_id": "",
        "sent_at": at,
        "started_at": at,
        "finished_at": at,
        "pid": 0,
        "host": "",
        "input_tokens": None,
        "output_tokens": None,
        "cached_tokens": None,
        "reasoning_tokens": None,
        "cost": None,
        "background": False,
        "cursor": None,
        "reasoning": "",
    }


def conversation_name(title: str, opening: str) -> str:
    """A name: the title as it stands, where it can be one; else its words, or those that were said first."""
    words = " ".join(unicodedata.normalize("NFC", storable(title)).replace("@", " ").split())
    name = words.lstrip("- ")[:NAME_LIMIT].rstrip()
    name = re.sub(r"~(?=[1-9]\d*$)", "-", name)
    if name:
        try:
            return valid_name("conversation", name)
        except UsageFault:  # then its words
            pass
    return slug(title if any(char.isalnum() for char in title) else opening)


def _title(title: str) -> str:
    """A title as it was, on one line, without what cannot be seen."""
    text = " ".join(unicodedata.normalize("NFC", storable(title)).split())
    return "".join(char for char in text if char.isprintable() or char in JOINERS)[:TITLE_LIMIT]


def tag_of(words: str) -> str:
    """A tag made of a source's name for a project or a label; empty where nothing of it can be one."""
    text = unicodedata.normalize("NFC", storable(words)).strip().replace(" ", "-")
    allowed = (char for char in text if char in f"._-/{JOINERS}" or unicodedata.category(char)[0] in "LMN")
    return "".join(allowed).lstrip("-")[:TAG_LIMIT]


def personas_of(assistants: Sequence[MergedAssistant]) -> Mapping[str, MergedAssistant]:
    """Assistants by key."""
    return {assistant.key: assistant for assistant in assistants}
