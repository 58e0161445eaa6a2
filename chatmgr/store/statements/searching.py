"""Search: what the index found, newest first, each with its turn or its conversation.

Each statement begins where its index is, so that it costs what it finds: ``by_words`` at the words,
``by_grams`` at the trigrams, ``by_turns`` at all turns, where only something unwanted was named. On
PostgreSQL one question to the index says it all.
"""

from typing import Any

from sqlalchemy import ColumnElement, TableClause, and_, cast, column, exists, func, or_, select, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import SQLColumnExpression

from chatmgr.store.compiling import Either, Rows
from chatmgr.store.statements.parts import (
    LIMIT,
    LIVE,
    NEWEST,
    A,
    C,
    F,
    R,
    T,
    a_big,
    a_text,
    an_int,
    chosen,
    conversation,
    of_belonging,
    of_conversations,
)
from chatmgr.store.tables import MessageRow

WORDS = table("words", column("words"), column("rowid"))
GRAMS = table("grams", column("grams"), column("rowid"))
VOCABULARY = table("grams_terms", column("term"))
SEARCH = table("search", column("key"), column("words"))
Key = SQLColumnExpression[Any]


def _matching(index: TableClause, parameter: str) -> Rows:
    """Keys of one FTS5 table."""
    return select(index.c.rowid).where(index.c[index.name].op("MATCH")(a_text(parameter)))


def _narrowed(key: Key, index: TableClause = WORDS) -> tuple[ColumnElement[bool], ...]:
    """What else the keys of an index must, and must not, match; nothing where that was not asked for."""
    trigrams = or_(a_text("grams") == "", key.in_(_matching(GRAMS, "grams")))
    return (
        *(() if index is GRAMS else (trigrams,)),
        or_(a_text("no_words") == "", key.not_in(_matching(WORDS, "no_words"))),
        or_(a_text("no_grams") == "", key.not_in(_matching(GRAMS, "no_grams"))),
    )


def _asked(key: Key) -> tuple[ColumnElement[bool], ...]:
    """PostgreSQL: what must match, and what must not, as ``chatmgr_query`` takes it.

    A long text has several rows: that none of them holds a word is said of all its rows together.
    """
    return (
        or_(a_text("wanted") == "", key.in_(_answering("wanted"))),
        or_(a_text("unwanted") == "", key.not_in(_answering("unwanted"))),
    )


def _answering(parameter: str) -> Rows:
    question = func.chatmgr_query(cast(a_text(parameter), JSONB))
    return select(SEARCH.c.key).where(SEARCH.c.words.op("@@")(question))


def _turns() -> Rows:
    """A turn as a hit shows it, narrowed by the filters."""
    user, answer = aliased(MessageRow), aliased(MessageRow)
    return (
        select(
            T.stamp,
            C.name,
            C.title,
            T.position,
            user.content,
            func.coalesce(answer.content, ""),
            R.state,
            R.model,
            R.provider,
            A.name,
            T.created_at,
        )
        .select_from(T)
        .join(C, C.id == T.conversation_id)
        .join(A, A.id == C.assistant_id)
        .join(user, and_(user.turn_id == T.id, user.role == "user"))
        .join(R, R.id == T.run_id)
        .outerjoin(answer, answer.run_id == T.run_id)
        .where(
            LIVE,
            or_(an_int("conversation") == 0, T.conversation_id == an_int("conversation")),
            chosen("model", R.model),
            chosen("provider", R.provider),
            chosen("state", R.state),
            or_(an_int("file") == 0, exists().where(F.message_id == user.id)),
            or_(a_big("min_cost") == 0, R.cost >= a_big("min_cost")),
            *of_belonging(),
        )
        .limit(LIMIT)
    )


def _span(key: Key) -> tuple[ColumnElement[bool], ...]:
    return key >= a_big("first"), key <= a_big("last")


def _from_index(index: TableClause, parameter: str) -> Rows:
    """Turns in the order of an FTS5 table's keys, which it gives from either end."""
    key = index.c.rowid
    found = index.c[index.name].op("MATCH")(a_text(parameter))
    return (
        _turns()
        .join_from(T, index, key == T.stamp)
        .where(found, *_narrowed(key, index), *_span(key))
        .order_by(key.desc())
    )


def _names_from(index: TableClause, parameter: str) -> Rows:
    """Conversations whose name or title matches."""
    key = index.c.rowid
    found = index.c[index.name].op("MATCH")(a_text(parameter))
    return (
        conversation()
        .join_from(C, index, C.id == -key)  # so that the index leads: the other way, each name asks it
        .where(LIVE, found, key < 0, *_narrowed(key, index), *of_conversations())
        .order_by(key)
        .limit(LIMIT)
    )


_ASKED_TURNS = _turns().where(*_asked(T.stamp), *_span(T.stamp)).order_by(T.stamp.desc())
_ASKED_NAMES = conversation().where(LIVE, *_asked(-C.id), *of_conversations()).order_by(*NEWEST).limit(LIMIT)
_ALL_TURNS = _turns().where(*_narrowed(T.stamp), *_span(T.stamp)).order_by(T.stamp.desc())

STATEMENTS: dict[str, Either] = {
    "by_words": (_from_index(WORDS, "words"), _ASKED_TURNS),
    "by_grams": (_from_index(GRAMS, "grams"), _ASKED_TURNS),
    "by_turns": (_ALL_TURNS, _ASKED_TURNS),
    "names_by_words": (_names_from(WORDS, "words"), _ASKED_NAMES),
    "names_by_grams": (_names_from(GRAMS, "grams"), _ASKED_NAMES),
    "gram_terms": select(VOCABULARY.c.term).where(
        VOCABULARY.c.term >= a_text("low"), VOCABULARY.c.term < a_text("high")
    ),
}
