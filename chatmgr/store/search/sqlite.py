"""The search index on SQLite: two FTS5 tables over one view, and the triggers that keep them in step.

The view ``searchable`` says what each document is now. Around every change that could alter one, a
trigger takes the old text out of the index and another puts the new one in: FTS5 must be told exactly
what it was given. So the index follows whoever writes, and no program is needed to keep it.

``words`` holds all text by words. ``grams`` (trigrams) holds text in scripts that put no spaces between
words, so that any part of it is found; it ends in two blanks there, so that every character begins a
trigram, and one or two of them are the beginning of some.
"""

from chatmgr.domain.states import LIVE
from chatmgr.domain.text import SPACELESS

_LIVE = "({})".format(", ".join(f"'{state}'" for state in sorted(LIVE)))

_TURNS = f"""CREATE VIEW searchable_turns AS
SELECT t.stamp AS key, t.id AS turn_id,
u.content || char(10) || CASE WHEN r.state IN {_LIVE} THEN '' ELSE coalesce(a.content, '') END AS text
FROM turns t
JOIN messages u ON u.turn_id = t.id AND u.role = 'user'
LEFT JOIN runs r ON r.id = t.run_id
LEFT JOIN messages a ON a.run_id = r.id"""
_NAMES = """CREATE VIEW searchable_names AS
SELECT -c.id AS key, c.id AS conversation_id, c.name || char(10) || c.title AS text FROM conversations c"""
_ALL = """CREATE VIEW searchable AS
SELECT key, text FROM searchable_turns UNION ALL SELECT key, text FROM searchable_names"""
_SPACELESS = f"""CREATE VIEW searchable_spaceless AS
SELECT key, text || '  ' AS text FROM searchable WHERE text GLOB '*[{SPACELESS}]*'"""
_WORDS = """CREATE VIRTUAL TABLE words USING fts5(
text, content='searchable', content_rowid='key', columnsize=0, tokenize='unicode61 remove_diacritics 2')"""
_GRAMS = """CREATE VIRTUAL TABLE grams USING fts5(
text, content='searchable_spaceless', content_rowid='key', columnsize=0, detail='none', tokenize='trigram')"""

_VOCABULARY = "CREATE VIRTUAL TABLE grams_terms USING fts5vocab(grams, row)"


def _out(view: str, which: str) -> str:
    """Take documents out of both tables, with the text that they were put in with."""
    found = f"FROM {view} WHERE {which}"
    return (
        f"INSERT INTO words(words, rowid, text) SELECT 'delete', key, text {found}; "
        "INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' "
        f"{found} AND text GLOB '*[{SPACELESS}]*';"
    )


def _in(view: str, which: str) -> str:
    """Put documents into both tables."""
    found = f"FROM {view} WHERE {which}"
    return (
        f"INSERT INTO words(rowid, text) SELECT key, text {found}; "
        f"INSERT INTO grams(rowid, text) SELECT key, text || '  ' {found} AND text GLOB '*[{SPACELESS}]*';"
    )


def _around(name: str, change: str, view: str, which: str, when: str = "") -> list[str]:
    """The pair of triggers around a change."""
    said = f" WHEN {when}" if when else ""
    return [
        f"CREATE TRIGGER {name}_before BEFORE {change}{said} BEGIN {_out(view, which)} END",
        f"CREATE TRIGGER {name}_after AFTER {change}{said} BEGIN {_in(view, which)} END",
    ]


def _triggers() -> list[str]:
    """An answer counts when its run is closed: what a checkpoint writes of a live one is not indexed."""
    turns, names = "searchable_turns", "searchable_names"
    counts = f"({{0}}.run_id IS NULL OR EXISTS (SELECT 1 FROM runs WHERE id = {{0}}.run_id AND state NOT IN {_LIVE}))"
    closing = f"(OLD.state IN {_LIVE}) <> (NEW.state IN {_LIVE})"
    new, old = counts.format("NEW"), counts.format("OLD")
    return [
        *_around("search_said", "INSERT ON messages", turns, "turn_id = NEW.turn_id", new),
        *_around("search_resaid", "UPDATE OF content ON messages", turns, "turn_id = NEW.turn_id", new),
        *_around("search_unsaid", "DELETE ON messages", turns, "turn_id = OLD.turn_id", old),
        *_around("search_closed", "UPDATE OF state ON runs", turns, "turn_id = NEW.turn_id", closing),
        *_around("search_unrun", "DELETE ON runs", turns, "turn_id = OLD.turn_id"),
        *_around(
            "search_rerun", "UPDATE OF run_id ON turns", turns, "turn_id = NEW.id", "OLD.run_id IS NOT NULL"
        ),
        *_around("search_unturned", "DELETE ON turns", turns, "turn_id = OLD.id")[:1],
        *_around("search_named", "INSERT ON conversations", names, "conversation_id = NEW.id")[1:],
        *_around(
            "search_renamed", "UPDATE OF name, title ON conversations", names, "conversation_id = NEW.id"
        ),
        *_around("search_unnamed", "DELETE ON conversations", names, "conversation_id = OLD.id")[:1],
    ]


SQLITE_TRIGGERS = _triggers()
SQLITE = [_TURNS, _NAMES, _ALL, _SPACELESS, _WORDS, _GRAMS, _VOCABULARY, *SQLITE_TRIGGERS]
SQLITE_FILL = ("INSERT INTO words(words) VALUES ('rebuild')", "INSERT INTO grams(grams) VALUES ('rebuild')")
SQLITE_CHECK = tuple(
    f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', 1)" for table in ("words", "grams")
)
SQLITE_DROP = [
    *(f"DROP TRIGGER IF EXISTS {one.split()[2]}" for one in SQLITE_TRIGGERS),
    "DROP TABLE IF EXISTS grams_terms",
    "DROP TABLE IF EXISTS grams",
    "DROP TABLE IF EXISTS words",
    *(f"DROP VIEW IF EXISTS searchable{part}" for part in ("_spaceless", "", "_names", "_turns")),
]
