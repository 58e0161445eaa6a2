"""Writes runs: what is sent, what comes back, and how each of them ends."""

import os
import platform
from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from chatmgr.domain.items import Item
from chatmgr.domain.states import LIVE, RunState
from chatmgr.store.tables import answer_parts, conversations, items, journal, messages, runs, turns
from chatmgr.store.writer.database import Database, now
from chatmgr.store.writer.items import add_answers, add_item, has_items, next_position, replace_file, says
from chatmgr.store.writer.records import OpenRun, RunOutcome
from chatmgr.store.writer.threads import branch_of, update_thread


class RunWriter:
    """Runs and their answers, from sending to the end."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark_sent(self, run: OpenRun, *, thread_id: str = "", model: str = "") -> None:
        """Note that the server may hear the message from now on, and that its thread may hold part of it.

        To be called before the first byte leaves. ``thread_id`` and ``model`` are what it is sent to; an
        empty one stays as it was.
        """
        known = _known(thread_id=thread_id, model=model)
        with self._database.begin() as db:
            update_run(db, run, state=RunState.RUNNING.value, sent_at=now(), **known)
            db.execute(update_thread(run).values(doubtful=True))

    def record_ids(self, run: OpenRun, thread_id: str, run_id: str, model: str) -> None:
        """Note what the server calls things, the moment it is known; an empty id stays as it was.

        Ids that are already written down cost no write. The answer's first checkpoint takes them to the disk.
        """
        known = _known(thread_id=thread_id, remote_id=run_id, model=model)
        if not known:
            return
        news = or_(*(runs.c[name] != value for name, value in known.items()))
        with self._database.begin(soon=True) as db:
            db.execute(update(runs).where(runs.c.id == run.run, news).values(known))

    def leave_thread(self, run: OpenRun) -> None:
        """Note that a run is in no thread after all: its server keeps none."""
        self._update(run, thread_id="")

    def checkpoint(self, run: OpenRun, text: str, cursor: int | None = None, *, start: int = 0) -> None:
        """Write down the answer so far; ``cursor`` is the event it reaches to, if the stream has cursors.

        ``start``: so many characters are written already, and ``text`` is what comes after them.

        One that comes late, when the run is closed already, changes nothing.
        """
        with self._database.begin() as db:
            state = select(runs.c.state).where(runs.c.id == run.run).with_for_update()
            if db.scalar(state) not in LIVE:
                return
            if start:
                _set_part(db, run, start, text)
            else:
                set_answer(db, run, text)
            if cursor is not None:
                update_run(db, run, cursor=cursor)

    def next_item(self, run: OpenRun) -> int:
        """The position of the next item of a run's turn."""
        with self._database.begin() as db:
            return next_position(db, run.turn)

    def add_item(self, run: OpenRun, item: Item, position: int) -> None:
        """Keep an item that the server calls done, or an answer to a call, at a position of ``next_item``.

        To be called before anything acts on it. What is there already is not added again.
        """
        with self._database.begin() as db:
            add_item(db, run, item, position)

    def replace_file(self, turn: int, missing: Item, file: Item) -> None:
        """Put a file that was fetched later, or a new reason, in the place of one that is missing."""
        with self._database.begin() as db:
            replace_file(db, turn, missing, file)

    def require_action(self, run: OpenRun, functions: str = "", outcome: RunOutcome | None = None) -> None:
        """Note that a run waits for the output of functions; it stays live.

        ``outcome`` is what it has used up to now.
        """
        detail: dict[str, object] = {"detail": functions} if functions else {}
        used = _used(outcome) if outcome else {}
        self._update(run, state=RunState.REQUIRES_ACTION.value, **detail, **used)

    def take_over(self, run: OpenRun) -> None:
        """Make this process the one that looks after a run, in place of one that died."""
        self._update(run, pid=os.getpid(), host=platform.node())

    def resume(self, run: OpenRun) -> None:
        """Let a run go on that waited for the output of functions, in this process now."""
        self._update(run, state=RunState.RUNNING.value, pid=os.getpid(), host=platform.node())

    def _update(self, run: OpenRun, **values: object) -> None:
        with self._database.begin() as db:
            update_run(db, run, **values)

    def close(self, run: OpenRun, outcome: RunOutcome, answers: Sequence[Item] = ()) -> None:
        """Write down the answer, state, usage, and what the remote thread holds now, together.

        ``answers`` are those to calls that the run leaves open.
        """
        if outcome.state in LIVE:
            raise ValueError(f"{outcome.state} does not close a run")
        moment = now()
        with self._database.begin(last=True) as db:
            if outcome.text:
                set_answer(db, run, outcome.text)
                db.execute(delete(answer_parts).where(answer_parts.c.run_id == run.run))
            update_run(
                db,
                run,
                state=outcome.state.value,
                detail=outcome.detail,
                error=outcome.error,
                finished_at=moment,
                **_used(outcome),
                **_known(thread_id=outcome.thread_id, remote_id=outcome.run_id, model=outcome.model),
            )
            add_answers(db, run, answers)
            if outcome.thread_synced:
                held = {"synced": run.position, "branch_id": branch_of(run.conversation)}
                db.execute(update_thread(run).values(**held, doubtful=False))
            elif outcome.thread_synced is None and _was_sent(db, run):
                db.execute(update_thread(run).values(doubtful=False))
            db.execute(
                update(conversations)
                .where(conversations.c.id == run.conversation)
                .values(updated_at=moment, used_at=moment)
            )
            if outcome.state is not RunState.COMPLETED:
                _keep_earlier_answer(db, run, outcome.text)


def _keep_earlier_answer(db: Connection, run: OpenRun, text: str) -> None:
    """Let the answer before go on answering a turn, if a new run of it ended without anything new.

    That is the answer that was picked, where one was; the journal has it.
    """
    content = func.coalesce(messages.c.content, "")
    earlier = (
        select(runs.c.id, content.label("content"))
        .outerjoin(messages, messages.c.run_id == runs.c.id)
        .where(runs.c.turn_id == run.turn, runs.c.id != run.run, or_(content != "", has_items(runs.c.id)))
        .order_by(runs.c.id.desc())
    )
    answers = db.execute(earlier).all()
    if not answers:
        return
    made_by = select(journal.c.action, journal.c.detail).where(
        journal.c.conversation_id == run.conversation, journal.c.action.in_(("retry", "continue"))
    )
    entry = db.execute(made_by.order_by(journal.c.id.desc()).limit(1)).first()
    detail = entry.detail if entry and entry.detail.get("turn") == run.position else {}
    answered = next((answer for answer in answers if answer.id == detail.get("answered_by")), answers[0])
    begun = answered.id if entry and entry.action == "continue" else 0  # its items were copied
    if text not in ("", answered.content) or _count_items(db, run.run) > _count_items(db, begun):
        return
    db.execute(update(turns).where(turns.c.id == run.turn).values(run_id=answered.id))
    newest = (conversations.c.id == run.conversation, conversations.c.last_run_id == run.run)
    db.execute(update(conversations).where(*newest).values(last_run_id=answered.id))


def _count_items(db: Connection, run: int) -> int:
    """How much a run said beside its text."""
    return int(db.scalar(select(func.count()).select_from(items).where(says(run))) or 0)


def update_run(db: Connection, run: OpenRun, **values: object) -> None:
    """Set columns of a run."""
    db.execute(update(runs).where(runs.c.id == run.run).values(values))


def set_answer(db: Connection, run: OpenRun, text: str) -> None:
    """Set the text of a run's answer, which may not have any yet."""
    answer = update(messages).where(messages.c.run_id == run.run).values(content=text)
    if db.execute(answer).rowcount == 0:
        row = {
            "turn_id": run.turn,
            "run_id": run.run,
            "role": "assistant",
            "content": text,
            "created_at": now(),
        }
        db.execute(insert(messages), row)


def _used(outcome: RunOutcome) -> dict[str, object]:
    """What a run used and cost, and its reasoning, as columns; what nothing is known of stays as it is."""
    columns: dict[str, object] = {"reasoning": outcome.reasoning} if outcome.reasoning else {}
    usage = outcome.usage
    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost": outcome.cost,
    }
    return columns | {name: count for name, count in counts.items() if count is not None}


def _set_part(db: Connection, run: OpenRun, start: int, text: str) -> None:
    """Set what an answer holds after its first ``start`` characters, in place of what a lost commit left."""
    later = (answer_parts.c.run_id == run.run, answer_parts.c.start >= start)
    db.execute(delete(answer_parts).where(*later))
    db.execute(insert(answer_parts), {"run_id": run.run, "start": start, "content": text})


def _known(**ids: str) -> dict[str, str]:
    """The ids that say something."""
    return {name: value for name, value in ids.items() if value}


def _was_sent(db: Connection, run: OpenRun) -> bool:
    """Whether a run made its thread doubtful. One that was never sent must not clear an older doubt."""
    return db.scalar(select(runs.c.sent_at).where(runs.c.id == run.run)) is not None
