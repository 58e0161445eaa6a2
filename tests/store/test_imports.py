"""The writer stands on SQLAlchemy Core, and on SQLite it loads nothing of PostgreSQL: both cost start-up."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("chatmgr", "migrations") for path in (HERE / folder).rglob("*.py"))
PROGRAM = """
import sys
from chatmgr.domain.states import RunState
from chatmgr.store.reader import Reader
from chatmgr.store.writer import RunOutcome, Writer

url = sys.argv[1]
writer, reader = Writer(url), Reader(url)
writer.assistants.create("tutor", "Be kind.", "gpt-x", "openai", {})
tutor = reader.assistants.get("tutor")
writer.conversations.create("plan", tutor.id, "", "openai")
plan = reader.conversations.get("plan").pk
run = writer.turns.open(plan, tutor, "gpt-x", "openai", "https://api.example.test/v1", "hello")
writer.runs.mark_sent(run)
writer.runs.close(run, RunOutcome(RunState.COMPLETED, "Hello."))
writer.conversations.rename({plan: "trip"})
writer.conversations.tag([plan], ["work"], [])
writer.trash.put([plan])
writer.close()
print(*sys.modules)
"""


def _imported(source: Path) -> Iterator[str]:
    """The names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_nothing_imports_the_orm() -> None:
    assert len(SOURCES) > 150
    users = [path for path in SOURCES if any(name.startswith("sqlalchemy.orm") for name in _imported(path))]
    assert users == []


@pytest.mark.parametrize("fresh", [True, False])
def test_writing_to_sqlite_loads_neither_the_orm_nor_postgresql(sqlite_url: str, *, fresh: bool) -> None:
    """Where the database is fresh, Alembic creates it, which loads the PostgreSQL dialect."""
    if not fresh:
        prepare = "import sys; from chatmgr.store.migrate import upgrade; upgrade(sys.argv[1])"
        subprocess.run([sys.executable, "-c", prepare, sqlite_url], check=True, cwd=HERE)
    command = [sys.executable, "-c", PROGRAM, sqlite_url]
    done = subprocess.run(command, check=True, cwd=HERE, capture_output=True, text=True)
    loaded = done.stdout.split()
    assert "sqlalchemy.dialects.sqlite.pysqlite" in loaded
    heavy = ["sqlalchemy.orm", "psycopg"]
    if not fresh:
        heavy.append("sqlalchemy.dialects.postgresql")
    assert [name for name in loaded if name.startswith(tuple(heavy))] == []
