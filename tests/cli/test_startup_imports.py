"""What each verb imports: start-up is a feature, and an import too many is how it is lost."""

import sys

import pytest

from chatmgr.cli.main import COMMANDS, cli
from tests.support.commands import Chatmgr
from tests.wire import WireServer

# Run by a fresh interpreter: prints, at its end, every module that the command has brought in.
PROBE = """
import atexit, os, runpy, sys
before = set(sys.modules)
def tell():
    os.write(3, " ".join(sorted(set(sys.modules) - before)).encode())
atexit.register(tell)
runpy.run_module("chatmgr", run_name="__main__", alter_sys=True)
"""
# As above, but of the moment when the first connection is opened.
CONNECT_PROBE = """
import os, runpy, sys
heard = []
def hook(event, args):
    if event == "socket.connect" and not heard:
        heard.append(args)
        os.write(3, " ".join(sorted(sys.modules)).encode())
sys.addaudithook(hook)
runpy.run_module("chatmgr", run_name="__main__", alter_sys=True)
"""
STARTED = '"$@" 3>modules'
HEAVY = {"alembic", "httpx2", "keyring", "openai", "prompt_toolkit", "sqlalchemy", "tomlkit", "xllamacpp"}


@pytest.fixture
def api() -> str:
    return "completions"


def modules(chatmgr: Chatmgr, *words: str, probe: str = PROBE, **env: str) -> set[str]:
    """The modules that a command loads."""
    command = ["sh", "-c", STARTED, "-", sys.executable, "-c", probe, *words]
    chatmgr.program(command, env=env)
    return set((chatmgr.home.parent / "modules").read_text("utf-8").split())


def foreign(loaded: set[str]) -> set[str]:
    """Those top-level packages that are neither ours nor the standard library's."""
    tops = {name.partition(".")[0] for name in loaded}
    return {
        module for module in tops if module not in sys.stdlib_module_names and not module.startswith("_")
    } - {"chatmgr"}


@pytest.mark.parametrize("words", [("--help",), ("--version",)])
def test_help_loads_click_alone(chatmgr: Chatmgr, words: tuple[str, ...]) -> None:
    loaded = modules(chatmgr, *words)
    assert foreign(loaded) == {"click"}
    standard = {"asyncio", "sqlite3", "tomllib", "json", "logging", "dataclasses", "http", "ssl", "email"}
    assert not loaded & standard
    assert {name for name in loaded if name.startswith("chatmgr.cli.")} == {
        "chatmgr.cli.main",
        "chatmgr.cli.aliases",
    }


@pytest.mark.parametrize(
    "words",
    [
        ("history",),
        ("history", "demo"),
        ("history", "demo@-1"),
        ("history", "--json"),
        ("stats",),
        ("stats", "--by", "day", "--json"),
        ("stats", "--html", "-"),
        ("assistant", "list"),
        ("assistant", "prune", "--dry-run"),
        ("assistant", "show", "demo"),
        ("config", "path"),
        ("config", "show"),
        ("db", "status"),
        ("send", "--help"),
        ("import", "--help"),
        ("push", "--help"),
        ("pull", "--help"),
        ("new", "--help"),
        ("ask", "--help"),
        ("history", "@last"),
    ],
    ids=" ".join,
)
def test_reading_loads_click_alone(talking: Chatmgr, words: tuple[str, ...]) -> None:
    loaded = modules(talking, *words)
    assert foreign(loaded) == {"click"}
    assert not loaded & {"asyncio", "http.client", "ssl", "email", "logging"}


def test_listing_loads_nothing_of_settings_or_networks(talking: Chatmgr) -> None:
    loaded = modules(talking, "history")
    assert not loaded & {
        "tomllib",
        "socket",
        "difflib",
        "chatmgr.services.providers",
        "chatmgr.config.settings",
    }


def test_completing_a_name_loads_sqlite_and_nothing_else(talking: Chatmgr) -> None:
    env = {"_CHATMGR_COMPLETE": "zsh_complete", "COMP_WORDS": "chatmgr send d", "COMP_CWORD": "2"}
    loaded = modules(talking, **env)
    assert foreign(loaded) == set()
    assert "sqlite3" in loaded
    assert not loaded & {"re", "pathlib", "dataclasses", "json", "typing", "shlex", "inspect"}


def test_other_completions_load_click_alone(talking: Chatmgr) -> None:
    env = {"_CHATMGR_COMPLETE": "zsh_complete", "COMP_WORDS": "chatmgr send --w", "COMP_CWORD": "2"}
    assert foreign(modules(talking, **env)) == {"click"}


def test_a_list_of_providers_loads_no_sdk(talking: Chatmgr) -> None:
    assert not foreign(modules(talking, "provider", "list")) & (HEAVY - {"keyring"})


def test_writing_without_a_server_loads_no_sdk(talking: Chatmgr) -> None:
    assert foreign(modules(talking, "assistant", "new", "x", "-i", "y")) & HEAVY == {"sqlalchemy"}


@pytest.mark.parametrize("words", [("fork", "demo"), ("undo", "demo"), ("switch", "demo~1")], ids=" ".join)
def test_changing_course_without_a_server_loads_no_sdk(talking: Chatmgr, words: tuple[str, ...]) -> None:
    assert foreign(modules(talking, *words)) & HEAVY == {"sqlalchemy"}


def test_a_turn_loads_neither_migrations_nor_a_line_editor(talking: Chatmgr, wire: WireServer) -> None:
    loaded = foreign(modules(talking, "send", "demo", "two"))
    assert loaded & HEAVY == {"httpx2", "openai", "sqlalchemy"}
    assert wire.turns_heard == ["one", "two"]


@pytest.mark.parametrize(
    "words", [("ask", "two"), ("ask", "--continue", "two"), ("send", "--continue", "two")], ids=" ".join
)
def test_a_question_loads_what_a_message_does(talking: Chatmgr, words: tuple[str, ...]) -> None:
    talking.env["CHATMGR_PROVIDER"] = "wire"
    sent = modules(talking, "send", "demo", "one")
    asked = modules(talking, *words)
    own = {"chatmgr.cli.verbs.ask", "chatmgr.cli.model_params", "chatmgr.ui.new_conversation"}
    own |= {"chatmgr.domain.parameters", "chatmgr.services.assistants"}
    assert asked - sent <= own | {"chatmgr.store.writer.assistants", "chatmgr.store.writer.conversations"}


@pytest.mark.parametrize(
    "words",
    [
        ("send", "demo", "two"),
        ("ask", "two", "--provider", "wire"),
        ("rename", "demo", "plan"),
        ("tag", "demo", "+work"),
        ("delete", "demo", "-y"),
        ("fork", "demo"),
        ("undo", "demo"),
    ],
    ids=" ".join,
)
def test_writing_loads_neither_the_orm_nor_another_database(talking: Chatmgr, words: tuple[str, ...]) -> None:
    loaded = modules(talking, *words)
    assert "sqlalchemy.dialects.sqlite.pysqlite" in loaded
    heavy = ("sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "psycopg", "alembic")
    assert [name for name in loaded if name.startswith(heavy)] == []


@pytest.mark.parametrize("api", ["responses", "completions"])
def test_nothing_that_only_the_answer_needs_is_loaded_before_the_request(talking: Chatmgr) -> None:
    loaded = modules(talking, "send", "demo", "two", probe=CONNECT_PROBE)
    assert "openai" in loaded
    answers = {"chatmgr.services.titles", "chatmgr.terminal.markdown.writer", "chatmgr.ui.transcript_view"}
    assert not loaded & answers
    assert not loaded & {
        "genai_prices",
        "openai.resources",
        "openai.types.batch",
        "openai.types.responses.tool",
    }
    assert len([name for name in loaded if name.startswith("openai.types")]) < 100  # of five hundred


def test_the_table_of_commands_says_what_the_commands_say() -> None:
    with cli.make_context("chatmgr", [], resilient_parsing=True) as ctx:
        for name, (module, line) in COMMANDS.items():
            command = cli.get_command(ctx, name)
            assert command is not None
            assert (command.name, command.short_help) == (name, line)
            assert command.callback is not None
            assert command.callback.__module__ == f"chatmgr.cli.verbs.{module}"
