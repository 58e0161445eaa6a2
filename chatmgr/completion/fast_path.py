"""Answers the most common shell completions at once: names in the database, and commands.

A shell runs the whole program at every Tab. The answers here are byte for byte what Click, with
``completion.shells``, would print, but they need neither Click nor any module beyond SQLite: only a table
generated from the commands, and one statement. Anything else (options, quotes, another database, a schema
of another version) is left to Click, and nothing has been printed by then.
"""

import os
import sys
from collections.abc import Callable

CONVERSATION, ADDRESS, ASSISTANT = "conversation", "address", "assistant"
LAST = "@last"
_MAX_NAMES = 50
_DESCRIPTION_WIDTH = 72  # columns
_BUSY_SECONDS = 10
Candidates = list[tuple[str, str]]

# The reader's ``conversations.names`` and ``assistants.list``, without its loader and its files.
CONVERSATION_NAMES = """
SELECT name, title
FROM conversations
WHERE deleted_at IS NULL AND name >= :low AND name < :high
ORDER BY name
LIMIT :limit
"""
ASSISTANT_NAMES = """
SELECT assistants.name, assistant_versions.instructions
FROM assistants
JOIN assistant_versions ON assistant_versions.assistant_id = assistants.id
WHERE assistant_versions.version = assistants.version AND assistants.deleted_at IS NULL
ORDER BY assistants.name
"""


def answer_completion() -> bool:
    """Print the completions of the word at the cursor; False if Click has to answer."""
    shell, _, action = os.environ["_CHATMGR_COMPLETE"].partition("_")
    formatter = _FORMATTERS.get(shell)
    words = _command_line(shell) if formatter and action == "complete" else None
    candidates = _candidates(*words) if words else None
    if formatter is None or candidates is None:
        return False
    printable = [
        (value, _short_description(description)) for value, description in candidates if is_typable(value)
    ]
    text = "\n".join(formatter(*candidate) for candidate in printable) + "\n"
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def is_typable(value: str) -> bool:
    """Whether a shell can be offered a value: printable, but for the joiners that names may hold."""
    return value.replace("\u200c", "").replace("\u200d", "").isprintable()


def _command_line(shell: str) -> tuple[list[str], str] | None:
    """The words before the cursor, and the start of the word it is in; None if Click has to parse it."""
    line, cursor = os.environ.get("COMP_WORDS", ""), os.environ.get("COMP_CWORD", "")
    if _needs_click(line) or _needs_click(cursor):
        return None
    words = _split_words(line)
    if shell == "fish":
        current = _split_words(cursor)
        if len(current) > 1 or (cursor and not current):
            return None
        args, incomplete = words[1:], current[0] if current else ""
        if incomplete and args and args[-1] == incomplete:
            args.pop()
    else:
        if not cursor.isdecimal() or not cursor.isascii() or cursor == "0":
            return None
        args, incomplete = words[1 : int(cursor)], words[int(cursor)] if int(cursor) < len(words) else ""
    return (args, incomplete) if incomplete != "=" else None


def _needs_click(text: str) -> bool:
    """Whether the text has quotes or escapes, or is not valid text."""
    return any(mark in text for mark in "\"'\\") or not _is_text(text)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _split_words(line: str) -> list[str]:
    return [word for word in line.translate({9: " ", 10: " ", 13: " "}).split(" ") if word]


def _candidates(args: list[str], incomplete: str) -> Candidates | None:
    """The candidates for a word; None if Click has to answer."""
    from chatmgr.completion.command_table import ALIASES, ARGUMENTS, WORDS

    if any(word.startswith("-") for word in (*args, incomplete)):
        return None
    path = " ".join(args)
    if path in WORDS and (not incomplete or incomplete[0].isalnum()):
        words = {**WORDS[path], **ALIASES} if incomplete and not path else WORDS[path]
        return [item for item in words.items() if item[0].startswith(incomplete)]
    for depth in (1, 2):
        if kinds := ARGUMENTS.get(" ".join(args[:depth])):
            index = len(args) - depth
            if index >= len(kinds) and kinds[-1].endswith("*"):  # the last argument repeats
                index = len(kinds) - 1
            kind = kinds[index] if index < len(kinds) else ""
            return _read_names(kind.rstrip("*"), incomplete)
    return None


def _read_names(kind: str, incomplete: str) -> Candidates | None:
    """Names in the database that start with ``incomplete``."""
    from chatmgr.completion.command_table import SCHEMA

    path = _database_path() if kind else ""
    if not path:
        return None
    try:
        if os.stat(path).st_size == 0:  # noqa: PTH116 - importing pathlib costs more than the answer
            return []
    except FileNotFoundError:
        return []
    except OSError:
        return None
    import sqlite3

    escaped = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        db = sqlite3.connect(f"file:{escaped}?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            if db.execute("SELECT version_num FROM alembic_version").fetchall() != [(SCHEMA,)]:
                return None
            return _READERS[kind](db.execute, incomplete)
        finally:
            db.close()
    except sqlite3.Error:
        return None


def _database_path() -> str:
    """The path of the SQLite database; empty if it is another one, or takes more to find."""
    prefix = "sqlite:///"
    if url := os.environ.get("CHATMGR_DATABASE_URL"):
        path = url.removeprefix(prefix) if url.startswith(prefix) else ""
    elif home := os.environ.get("CHATMGR_HOME"):
        path = "" if home.startswith("~") else f"{home.rstrip('/')}/chatmgr.db"
    else:
        from chatmgr.config.platform_folders import data_folder

        path = f"{data_folder()}/chatmgr.db"
    return "" if path.startswith("//") or not _is_text(path) else path


def _conversations(ask: Callable[..., list[tuple[str, str]]], incomplete: str) -> Candidates:
    if incomplete and LAST.startswith(incomplete):
        return [(LAST, "the conversation used last")]
    low = _as_stored(incomplete)
    return list(ask(CONVERSATION_NAMES, {"low": low, "high": low + "\U0010ffff", "limit": _MAX_NAMES}))


def _addresses(ask: Callable[..., list[tuple[str, str]]], incomplete: str) -> Candidates:
    """Conversations, and the paths of one whose name is typed already."""
    names = _conversations(ask, incomplete)
    if "~" not in incomplete:
        return names
    from chatmgr.completion.path_addresses import addresses_in

    return [*names, *addresses_in(ask, incomplete, _as_stored)]


def _as_stored(name: str) -> str:
    if name.isascii():
        return name
    from unicodedata import normalize

    return normalize("NFC", name)


def _assistants(ask: Callable[..., list[tuple[object, ...]]], incomplete: str) -> Candidates:
    rows = ask(ASSISTANT_NAMES)
    return [(str(name), str(about)) for name, about in rows if str(name).startswith(incomplete)]


def _short_description(text: str) -> str:
    """A description on one line, short and safe for a terminal; most are already."""
    is_plain = text.isascii() and text.isprintable() and "  " not in text and text == text.strip()
    if is_plain and len(text) <= _DESCRIPTION_WIDTH:
        return text
    from chatmgr.terminal.sanitize import one_line

    return one_line(text, _DESCRIPTION_WIDTH)


def _zsh(value: str, description: str) -> str:
    escaped = value.replace(":", r"\:") if description else value
    return f"plain\n{escaped}\n{description or '_'}"


def _fish(value: str, description: str) -> str:
    return f"plain,{value}\t{description}" if description else f"plain,{value}"


_READERS: dict[str, Callable[..., Candidates]] = {
    CONVERSATION: _conversations,
    ADDRESS: _addresses,
    ASSISTANT: _assistants,
}
_FORMATTERS: dict[str, Callable[[str, str], str]] = {
    "bash": lambda value, _: f"plain,{value}",
    "zsh": _zsh,
    "fish": _fish,
}
