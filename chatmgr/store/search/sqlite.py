"""The search index on SQLite: two FTS5 tables over one view, and the triggers that maintain them.

The view ``searchable`` shows each document as it is now. Before every change that could alter a document, a
trigger removes the old text from the index, and after it another trigger adds the new text: FTS5 removes a
document only if it is given exactly the text that was added. So the index is right whoever writes.

``words`` holds all text by words. ``grams`` (trigrams) holds text in scripts that put no spaces between
words, so that any part of it is found. Each text ends in two blanks there, so that every character begins a
trigram and a search for one or two characters can match the beginning of one.

``GLOB`` compares each character with each range of a class: 170 ns a character with all of ours (measured),
nine tenths of what closing a run of 10 MB cost. So the test for such scripts asks what is cheap first: whether
all is ASCII, then whether a wider class of fewer ranges, without punctuation and emoji, matches.

While the index is rebuilt (``rebuild``), other triggers take the place of these: they leave alone what is not
in the index again yet.
"""

from chatmgr.domain.states import LIVE
from chatmgr.domain.text import SPACELESS
from chatmgr.store.search import INDEXED_FROM

_LIVE = "({})".format(", ".join(f"'{state}'" for state in sorted(LIVE)))
_WIDER = "\u0e00-\u17ff\u2e80-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_IS_SPACELESS = (
    "CASE WHEN length(text) = length(CAST(text AS BLOB)) THEN 0 "
    f"WHEN text GLOB '*[{_WIDER}]*' THEN text GLOB '*[{SPACELESS}]*' ELSE 0 END"
)

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
SELECT key, text || '  ' AS text FROM searchable WHERE {_IS_SPACELESS}"""
TOKENIZERS = {"words": "unicode61 remove_diacritics 2", "grams": "trigram"}
_WORDS = f"""CREATE VIRTUAL TABLE words USING fts5(
text, content='searchable', content_rowid='key', columnsize=0, tokenize='{TOKENIZERS["words"]}')"""
_GRAMS = f"""CREATE VIRTUAL TABLE grams USING fts5(
text, content='searchable_spaceless', content_rowid='key', columnsize=0, detail='none', tokenize='{TOKENIZERS["grams"]}')"""

_INDEXED = " /* indexed */"
_REBUILT = f" AND key >= (SELECT CAST(meta.value AS INTEGER) FROM meta WHERE meta.key = '{INDEXED_FROM}')"

_VOCABULARY = "CREATE VIRTUAL TABLE grams_terms USING fts5vocab(grams, row)"


def _remove(view: str, condition: str) -> str:
    """Remove documents from both tables, with the text that they were added with."""
    source = f"FROM {view} WHERE {condition}"
    return (
        f"INSERT INTO words(words, rowid, text) SELECT 'delete', key, text {source}; "
        "INSERT INTO grams(grams, rowid, text) SELECT 'delete', key, text || '  ' "
        f"{source} AND {_IS_SPACELESS};"
    )


def _add(view: str, condition: str) -> str:
    """Add documents to both tables."""
    source = f"FROM {view} WHERE {condition}"
    return (
        f"INSERT INTO words(rowid, text) SELECT key, text {source}; "
        f"INSERT INTO grams(rowid, text) SELECT key, text || '  ' {source} AND {_IS_SPACELESS};"
    )


def _fill(view: str, condition: str) -> list[str]:
    """Add a range of documents to both tables; FTS5 takes them fastest in their order."""
    source = f"FROM {view} WHERE {condition}"
    return [
        f"INSERT INTO words(rowid, text) SELECT key, text {source} ORDER BY key",
        f"INSERT INTO grams(rowid, text) SELECT key, text || '  ' {source} AND {_IS_SPACELESS} ORDER BY key",
    ]


def fill_keys(view: str, count: int) -> list[str]:
    """Add so many documents, named by their keys, to both tables; see ``bulk``."""
    return _fill(view, f"key IN ({', '.join('?' * count)})")


def _around(name: str, change: str, view: str, condition: str, when: str = "") -> list[str]:
    """The two triggers before and after a change; ``_INDEXED`` stands for which documents they maintain."""
    guard = f" WHEN {when}" if when else ""
    condition += _INDEXED
    return [
        f"CREATE TRIGGER {name}_before BEFORE {change}{guard} BEGIN {_remove(view, condition)} END",
        f"CREATE TRIGGER {name}_after AFTER {change}{guard} BEGIN {_add(view, condition)} END",
    ]


def _triggers() -> list[str]:
    """All triggers. An answer is indexed when its run is closed, not while it is being written."""
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


SQLITE_TRIGGERS = [trigger.replace(_INDEXED, "") for trigger in _triggers()]
SQLITE_REBUILDING_TRIGGERS = [trigger.replace(_INDEXED, _REBUILT) for trigger in _triggers()]
SQLITE = [_TURNS, _NAMES, _ALL, _SPACELESS, _WORDS, _GRAMS, _VOCABULARY, *SQLITE_TRIGGERS]
SQLITE_EMPTY = tuple(f"INSERT INTO {table}({table}) VALUES ('delete-all')" for table in TOKENIZERS)
# From one key up to, but not including, another.
SQLITE_FILL_TURNS = _fill("searchable_turns", "key >= ? AND key < ?")
SQLITE_FILL_NAMES = _fill("searchable_names", "conversation_id <= -? AND conversation_id > -?")
SQLITE_CHECK = tuple(
    f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', 1)" for table in TOKENIZERS
)
# The same two tables, in temporary storage.
SQLITE_COPIES = {
    table: (
        f"CREATE TEMP VIEW {view} AS SELECT key, text FROM main.{view}",
        made.replace("TABLE ", "TABLE temp.", 1),
    )
    for table, view, made in (("words", "searchable", _WORDS), ("grams", "searchable_spaceless", _GRAMS))
}
SQLITE_DROP = [
    *(f"DROP TRIGGER IF EXISTS {trigger.split()[2]}" for trigger in SQLITE_TRIGGERS),
    "DROP TABLE IF EXISTS grams_terms",
    "DROP TABLE IF EXISTS grams",
    "DROP TABLE IF EXISTS words",
    *(f"DROP VIEW IF EXISTS searchable{part}" for part in ("_spaceless", "", "_names", "_turns")),
]
