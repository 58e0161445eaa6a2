"""The reader's statements: SQL text from ``sql/<subject>.sql``, as each driver takes it.

``statement("trash.list", "sqlite")`` is what stands under ``-- name: list`` in ``sql/trash.sql``. A file is
read when a statement of it is first asked for, and nothing is imported for it, since every start pays.

A line ``-- include: row`` stands for the text under ``-- fragment: row`` of the same file, and
``-- include: conversations.row`` for one of another. What differs between the databases is there twice,
under ``-- name: list [sqlite]`` and ``[postgresql]``. Parameters are written as ``sqlite3`` takes them
(``:name``); columns carry the names of the fields that take them.

``python -m chatmgr.store.statements trash.list`` prints a statement to paste into the ``sqlite3`` shell.
"""

import os.path

_FOLDER = os.path.join(os.path.dirname(__file__), "sql")  # noqa: PTH118, PTH120 - pathlib is slower
_HEADINGS = ("-- name: ", "-- fragment: ")
_INCLUDE = "-- include: "

_files: dict[str, dict[str, list[str]]] = {}
_statements: dict[tuple[str, str], str] = {}


def statement(name: str, dialect: str) -> str:
    """The text of a statement as the driver of ``dialect`` takes it; KeyError where there is none."""
    if (name, dialect) not in _statements:
        text = "\n".join(_lines(name, dialect))
        _statements[name, dialect] = text if dialect == "sqlite" else _for_psycopg(text)
    return _statements[name, dialect]


def names(subject: str, dialect: str) -> list[str]:
    """Every statement, fragments apart, that a file has for one database."""
    headings = [heading for heading in _blocks(subject) if heading.startswith(_HEADINGS[0])]
    plain = [heading.removeprefix(_HEADINGS[0]).removesuffix(f" [{dialect}]") for heading in headings]
    return [f"{subject}.{name}" for name in plain if "[" not in name]


def _lines(name: str, dialect: str, kind: str = _HEADINGS[0], indent: str = "") -> list[str]:
    """The lines of a statement or a fragment, those of its fragments in their places, without comments."""
    subject, _, heading = name.partition(".")
    blocks = _blocks(subject)
    block = blocks.get(f"{kind}{heading} [{dialect}]") or blocks[f"{kind}{heading}"]
    lines: list[str] = []
    for line in block:
        text = line.lstrip()
        if text.startswith(_INCLUDE):
            fragment = text.removeprefix(_INCLUDE)
            source = fragment if "." in fragment else f"{subject}.{fragment}"
            lines += _lines(source, dialect, _HEADINGS[1], indent + line[: -len(text)])
        elif text and not text.startswith("--"):
            lines.append(indent + line)
    return lines


def _blocks(subject: str) -> dict[str, list[str]]:
    """The lines of a file under each of its headings."""
    if subject not in _files:
        blocks = _files[subject] = {}
        lines: list[str] = []
        with open(f"{_FOLDER}/{subject}.sql", encoding="utf-8") as file:  # noqa: PTH123
            for line in file.read().split("\n"):
                if line.startswith(_HEADINGS):
                    lines = blocks[line] = []
                else:
                    lines.append(line)
    return _files[subject]


def _for_psycopg(text: str) -> str:
    """``:name`` becomes ``%(name)s``, and a literal percent sign is doubled."""
    import re

    return re.sub(r"(?<!:):(\w+)|%", lambda mark: f"%({mark[1]})s" if mark[1] else "%%", text)


if __name__ == "__main__":
    import sys

    print(statement(sys.argv[1], "sqlite") + ";")
