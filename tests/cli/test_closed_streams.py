"""Standard streams that were closed before the start: as if they were the null device."""

import pytest

from tests.support.commands import CHATMGR, Chatmgr, CommandResult
from tests.wire import WireServer


@pytest.fixture
def api() -> str:
    return "completions"


def closed(
    chatmgr: Chatmgr, how: str, *words: str, code: int = 0, env: dict[str, str] | None = None
) -> CommandResult:
    """Run a command with a stream closed by the shell."""
    return chatmgr.program(["sh", "-c", f'exec "$@" {how}', "-", *CHATMGR, *words], code=code, env=env or {})


@pytest.mark.parametrize(
    "words", [("history",), ("history", "demo"), ("export", "--all"), ("config", "show"), ("--help",)]
)
def test_no_output(talking: Chatmgr, words: tuple[str, ...]) -> None:
    error = closed(talking, ">&-", *words).err
    assert "NoneType" not in error
    assert "fault" not in error


def test_no_input(talking: Chatmgr, wire: WireServer) -> None:
    assert "The message for “demo” is missing." in closed(talking, "<&-", "send", "demo", code=2).err
    assert closed(talking, "<&-", "new", "aa", "-a", "demo").err.startswith("“aa” with demo at wire.")
    assert wire.turns_heard == ["one"]


@pytest.mark.parametrize(("name", "code"), [("nosuch", 5), ("demo", 0)])
def test_no_errors(talking: Chatmgr, name: str, code: int) -> None:
    assert closed(talking, "2>&-", "history", name, code=code).err == ""


def test_the_database_is_never_a_standard_stream(talking: Chatmgr) -> None:
    """A turn is written whole where nothing but the database could have been descriptor 0, 1 or 2."""
    closed(talking, "<&- >&- 2>&-", "send", "demo", "two")
    assert talking.said() == ["one", "two"]
    assert talking("db", "check").out == "The database is intact.\n"


def test_completing(talking: Chatmgr) -> None:
    for words in ("chatmgr send d", "chatmgr send --w"):  # answered at once, and by Click
        env = {"_CHATMGR_COMPLETE": "zsh_complete", "COMP_WORDS": words, "COMP_CWORD": "2"}
        assert closed(talking, ">&-", env=env).err == ""


def test_other_peoples_words_end_before_the_hint(chatmgr: Chatmgr) -> None:
    error = chatmgr.refused(2, "archive", "--nope")
    assert " See: chatmgr archive --help" in error
    error = chatmgr.refused(2, "config", "path", "b", "c")
    assert "arguments (b c). See: chatmgr config path --help" in error
