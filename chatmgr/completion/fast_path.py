"""Answers the shell's commonest questions at once: which names, which commands begin so.

A shell runs the whole program at every Tab. What it is answered here is byte for byte what ``cli.shells``
would print, without importing Click or anything else than SQLite: from a table made of the
commands, and one statement. Whatever is not plainly such a question (options, quotes, another
database, a schema of another version) is left to Click, and nothing was done by then.
"""

import os
import sys
from collections.abc import Callable

CONVERSATION, ASSISTANT = "conversation", "assistant"
_MOST = 50
_WIDTH = 72  # columns of a description
_BUSY_SECONDS = 10
Items = list[tuple[str, str]]


def answer_completion() -> bool:
    """Print what the word at the cursor can become; False where that is for Click to say."""
    shell, _, what = os.environ["_CHATMGR_COMPLETE"].partition("_")
    form = _FORMS.get(shell)
    asked = _asked(shell) if form and what == "complete" else None
    items = _items(*asked) if asked else None
    if form is None or items is None:
        return False
    shown = [(value, _described(about)) for value, about in items if value.isprintable()]
    text = "\n".join(form(*item) for item in shown) + "\n"
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _asked(shell: str) -> tuple[list[str], str] | None:
    """The words before the cursor, and the beginning of the one it is in."""
    line, at = os.environ.get("COMP_WORDS", ""), os.environ.get("COMP_CWORD", "")
    if _special(line) or _special(at):
        return None
    words = _split(line)
    if shell == "fish":
        begun = _split(at)
        if len(begun) > 1 or (at and not begun):
            return None
        args, incomplete = words[1:], begun[0] if begun else ""
        if incomplete and args and args[-1] == incomplete:
            args.pop()
    else:
        if not at.isdecimal() or not at.isascii() or at == "0":
            return None
        args, incomplete = words[1 : int(at)], words[int(at)] if int(at) < len(words) else ""
    return (args, incomplete) if incomplete != "=" else None


def _special(text: str) -> bool:
    """Whether a shell's words are more than what stands between blanks, or are no text."""
    return any(mark in text for mark in "\"'\\") or not _is_text(text)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _split(line: str) -> list[str]:
    return [word for word in line.translate({9: " ", 10: " ", 13: " "}).split(" ") if word]


def _items(args: list[str], incomplete: str) -> Items | None:
    """What there is to choose from; None where Click has to say."""
    from chatmgr.completion.command_table import ARGUMENTS, WORDS

    if any(word.startswith("-") for word in (*args, incomplete)):
        return None
    path = " ".join(args)
    if path in WORDS and (not incomplete or incomplete[0].isalnum()):
        return [item for item in WORDS[path].items() if item[0].startswith(incomplete)]
    for depth in (1, 2):
        if kinds := ARGUMENTS.get(" ".join(args[:depth])):
            at = len(args) - depth
            last = kinds[-1]
            kind = last if last.endswith("*") and at >= len(kinds) else kinds[at] if at < len(kinds) else ""
            return _names(kind.rstrip("*"), incomplete)
    return None


def _names(kind: str, incomplete: str) -> Items | None:
    """Names in the database that begin so."""
    from chatmgr.completion.command_table import SCHEMA

    path = _database() if kind else ""
    if not path:
        return None
    try:
        if os.stat(path).st_size == 0:  # noqa: PTH116 - pathlib alone costs more than the question
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
            return _READ[kind](db.execute, incomplete)
        finally:
            db.close()
    except sqlite3.Error:
        return None


def _database() -> str:
    """The file of the database; empty where it is none, or takes more to find."""
    prefix = "sqlite:///"
    if url := os.environ.get("CHATMGR_DATABASE_URL"):
        path = url.removeprefix(prefix) if url.startswith(prefix) else ""
    elif home := os.environ.get("CHATMGR_HOME"):
        path = "" if home.startswith("~") else f"{home.rstrip('/')}/chatmgr.db"
    else:
        from chatmgr.config.platform_folders import data_folder

        path = f"{data_folder()}/chatmgr.db"
    return "" if path.startswith("//") or not _is_text(path) else path


def _conversations(ask: Callable[..., list[tuple[str, str]]], incomplete: str) -> Items:
    from chatmgr.store.compiled import SQL

    low = incomplete
    if not low.isascii():
        from unicodedata import normalize

        low = normalize("NFC", low)
    return list(ask(SQL["names_prefixed"][0], {"low": low, "high": low + "\U0010ffff", "limit": _MOST}))


def _assistants(ask: Callable[..., list[tuple[object, ...]]], incomplete: str) -> Items:
    from chatmgr.store.compiled import SQL

    rows = ask(SQL["assistants"][0])
    return [(str(row[2]), str(row[4])) for row in rows if str(row[2]).startswith(incomplete)]


def _described(text: str) -> str:
    """A description on one line, short and harmless; most are so already."""
    plain = text.isascii() and text.isprintable() and "  " not in text and text == text.strip()
    if plain and len(text) <= _WIDTH:
        return text
    from chatmgr.terminal.sanitize import one_line

    return one_line(text, _WIDTH)


def _zsh(value: str, about: str) -> str:
    shown = value.replace(":", r"\:") if about else value
    return f"plain\n{shown}\n{about or '_'}"


def _fish(value: str, about: str) -> str:
    return f"plain,{value}\t{about}" if about else f"plain,{value}"


_READ: dict[str, Callable[..., Items]] = {CONVERSATION: _conversations, ASSISTANT: _assistants}
_FORMS: dict[str, Callable[[str, str], str]] = {
    "bash": lambda value, _: f"plain,{value}",
    "zsh": _zsh,
    "fish": _fish,
}
