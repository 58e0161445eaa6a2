"""Words from other tools: each alias does what its verb does, and each hint names a command that there is."""

import re
from pathlib import Path

import pytest

from chatmgr.cli.aliases import ALIASES, COMPLETED, HINTS, expand, shown
from chatmgr.cli.main import COMMANDS
from tests.support.command_lines import resolve
from tests.support.commands import Chatmgr
from tests.wire import WireServer

GUIDE = Path(__file__).parents[2] / "docs/guide/first-steps.md"


@pytest.fixture
def api() -> str:
    return "completions"


@pytest.mark.parametrize("typed", ALIASES, ids=" ".join)
def test_each_alias_is_a_command(typed: tuple[str, ...]) -> None:
    message = ["x"] if typed[0] in {"-c", "--continue"} else []  # alone, they go on with the last
    words = expand([*typed, *message])
    assert words == [*ALIASES[typed][0], *message]
    assert typed[0] not in COMMANDS or len(typed) == 2
    if not words[0].startswith("-"):
        _, _, rest = resolve(words)
        assert rest in ([], ["-c", "x"])


@pytest.mark.parametrize("word", HINTS)
def test_each_hint_names_commands_that_there_are(chatmgr: Chatmgr, word: str) -> None:
    assert word not in COMMANDS
    assert (word,) not in ALIASES
    error = chatmgr.refused(2, word)
    assert error.startswith(f"chatmgr: There is no command “{word}”. Type: chatmgr ")
    for command in HINTS[word]:
        words = command.replace("…", "").split()
        assert f"chatmgr {' '.join(words)}" in error
        resolve(words)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ls", "history"),
        ("list -n 1", "history -n 1"),
        ("show demo", "history demo"),
        ("show demo@1 --usage", "history demo@1 --usage"),
        ("search one", "history -q one"),
        ("search -n 3 one answer", "history -n 3 -q 'one answer'"),
        ("search one --tag work --json", "history -q one --tag work --json"),
        ("help", "--help"),
        ("help config", "config --help"),
        ("help config set", "config set --help"),
        ("help rm", "delete --help"),
        ("version", "--version"),
        ("-v", "-V"),
        ("--debug ls", "--debug history"),
        ("config get tail", "config show tail"),
        ("models list --json", "models --json"),
        ("assistant ls", "assistant list"),
        ("provider rm wire -y --help", "provider remove wire -y --help"),
        ("rm demo --dry-run", "delete demo --dry-run"),
    ],
)
def test_an_alias_does_what_its_verb_does(talking: Chatmgr, typed: str, meant: str) -> None:
    talking("tag", "demo", "+work")
    expected = talking(*(word.strip("'") for word in re.findall(r"'[^']+'|\S+", meant)))
    assert talking(*typed.split()) == expected


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        (["two?"], "two?"),
        (["Say two"], "Say two"),
        (["-p", "two"], "two"),
        (["--print", "two", "--provider", "wire"], "two"),
        (["-c", "two"], "two"),
        (["-p", "-c", "two"], "two"),
        (["--debug", "what is two", "--json"], "what is two"),
    ],
)
def test_a_question_is_asked(talking: Chatmgr, wire: WireServer, typed: list[str], heard: str) -> None:
    talking("config", "set", "provider", "wire")
    assert f"you said: '{heard}'" in talking(*typed).out
    names = {conversation["name"]: conversation["turns"] for conversation in talking.json("history")}
    assert names["demo"] == (2 if "-c" in typed else 1)
    assert wire.turns_heard == ["one", heard]


def test_piped_text_goes_before_the_question(talking: Chatmgr, wire: WireServer) -> None:
    talking("config", "set", "provider", "wire")
    talking("What could break?", stdin=b"the diff\n")
    assert wire.turns_heard == ["one", "the diff\n\nWhat could break?"]


def test_going_on_without_a_message_is_resuming(talking: Chatmgr) -> None:
    assert talking("-c", "--help").out == talking("ask", "--help").out
    assert expand(["-c"]) == expand(["--continue"]) == ["resume"]


def test_rm_and_keys_set_do_their_work(talking: Chatmgr) -> None:
    assert "is in the trash" in talking("rm", "demo", "-y").err
    assert "is kept in" in talking("keys", "set", "wire", stdin=b"sk-test-1\n").err


def test_words_to_exclude_from_a_search_go_after_two_hyphens(talking: Chatmgr) -> None:
    assert "demo" in talking("search", "one").out
    assert talking("search", "--", "one", "-one").out == ""
    assert "Search all conversations" in talking("search", "--help").out
    assert "Missing argument" in talking.refused(2, "search")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("logs", "-n", "3"), "Type: chatmgr history -n 3"),
        (("chat", "my plan"), "Type: chatmgr resume 'my plan' — or: chatmgr new 'my plan'"),
        (("histroy", "demo@2"), "Did you mean: chatmgr history demo@2"),
        (("serach", "x y"), "Did you mean: chatmgr search 'x y'"),
        (("xyzzy",), "There is no command “xyzzy”. See: chatmgr --help"),
        (("xyzzy", "is", "a", "word"), "To ask a question, put it in quotes: chatmgr 'xyzzy is a word'"),
        (("help", "xyzzy"), "There is no command “xyzzy”. See: chatmgr --help"),
        (("continue",), "chatmgr continue NAME. To go on talking where you left: chatmgr resume"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_the_error_can_be_copied(chatmgr: Chatmgr, words: tuple[str, ...], error: str) -> None:
    assert chatmgr.refused(2, *words).endswith(error)


def test_a_key_that_was_typed_is_not_repeated(chatmgr: Chatmgr) -> None:
    for words in (("keys", "sk-proj-4f9a8b7c6d5e4f3a2b1c"), ("login", "hunter2-hunter2")):
        error = chatmgr.refused(2, *words)
        assert "chatmgr config set-key PROVIDER" in error
        assert words[1] not in error


def test_the_guide_and_the_help_list_the_same(chatmgr: Chatmgr) -> None:
    section = GUIDE.read_text("utf-8").split("## Words from other tools")[1].split("\n## ")[0]
    rows = [
        (typed.replace("`", ""), meant.replace("`", ""))
        for typed, meant in re.findall(r"^\| (`.+`) \| (.+) \|$", section, re.MULTILINE)
    ]
    assert rows == shown()
    for text in (chatmgr("--help").out, chatmgr("man").out.replace("\\-", "-").replace("\\(dq", '"')):
        for row in rows:
            assert re.search(r"[\s\\fR]+".join(map(re.escape, row)), text), row


def test_each_alias_of_one_word_completes_once_it_is_begun(chatmgr: Chatmgr) -> None:
    assert set(COMPLETED) == {typed for typed, *more in ALIASES if not more and not typed.startswith("-")}

    def offered(line: str) -> set[str]:
        env = {"_CHATMGR_COMPLETE": "bash_complete", "COMP_WORDS": line}
        env["COMP_CWORD"] = str(len(line.split(" ")) - 1)
        return set(chatmgr(env=env).out.replace("plain,", "").split())

    assert offered("chatmgr ") == set(COMMANDS)
    for word in COMPLETED:
        assert word in offered(f"chatmgr {word[:2]}")
    assert offered("chatmgr help config ") >= {"show", "set", "set-key"}
    assert offered("chatmgr keys set o") == {"openai", "ollama"}
    assert offered("chatmgr config get edit") == {"edit_mode"}
