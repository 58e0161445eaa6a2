"""What a person may type wrong: one clear line, the right exit code, and nothing changed or sent."""

from collections.abc import Iterator

import pytest

from tests.support.commands import Chatmgr
from tests.wire import WireServer

ESC = "\x1b[31mred\x1b]0;title\x07"
NEW = ("-i", "x", "--provider", "wire")
TABLES = ("assistants", "assistant_versions", "turns", "runs", "messages")


@pytest.fixture
def api() -> str:
    return "completions"


def kept(chatmgr: Chatmgr) -> list[object]:
    """All that must stay; that a conversation was resumed may be remembered."""
    conversations = chatmgr.rows("SELECT name, turns, last_run_id, updated_at FROM conversations")
    return [conversations, *(chatmgr.rows(f"SELECT * FROM {item}") for item in TABLES)]


@pytest.fixture
def demo(talking: Chatmgr, wire: WireServer) -> Iterator[Chatmgr]:
    """A conversation of one turn. After the test there is exactly that, and the server heard nothing."""
    before = kept(talking)
    yield talking
    assert kept(talking) == before
    assert wire.turns_heard == ["one"]


class TestNames:
    @pytest.mark.parametrize("verb", ["history", "send", "resume"])
    def test_unknown(self, demo: Chatmgr, verb: str) -> None:
        error = demo.refused(5, verb, "dmeo", stdin=b"hi")
        assert "no conversation “dmeo”. Did you mean “demo”?" in error

    def test_unknown_with_nothing_near(self, demo: Chatmgr) -> None:
        assert demo.refused(5, "send", "xyzzy", "hi").endswith("See them all: chatmgr history")

    @pytest.mark.parametrize("verb", [("show",), ("edit", "-i", "y"), ("delete", "--yes")])
    def test_unknown_assistant(self, demo: Chatmgr, verb: tuple[str, ...]) -> None:
        error = demo.refused(5, "assistant", verb[0], "demmo", *verb[1:])
        assert "no assistant “demmo”. Did you mean “demo”?" in error

    def test_unknown_provider(self, demo: Chatmgr) -> None:
        for command in (
            ("new", "x", "hi", "-i", "y", "--provider"),
            ("provider", "show"),
            ("provider", "test"),
        ):
            assert "no provider “wirre”. Did you mean “wire”?" in demo.refused(5, *command, "wirre")
        assert "“wire”" in demo.refused(5, "provider", "remove", "wirre", "--yes")

    def test_taken(self, demo: Chatmgr) -> None:
        assert "“demo” already" in demo.refused(2, "new", "demo", "hi", *NEW)
        assert "“demo” already" in demo.refused(2, "assistant", "new", "demo", "-i", "x")

    @pytest.mark.parametrize("name", [ESC, "a\nb", "a\u202eb", "x@y", "  ", ""])
    def test_that_are_none(self, demo: Chatmgr, name: str) -> None:
        error = demo.refused(2, "new", name, "hi", *NEW)
        assert "\x1b" not in error
        demo.refused(2, "assistant", "new", name, "-i", "x")
        demo.refused(2, "new", "good", "hi", "-a", name, *NEW)
        command = ("provider", "add", name, "--api", "completions", "--base-url", "http://127.0.0.1:9/v1")
        demo.refused(2, *command)

    def test_that_are_too_long_or_not_utf8(self, demo: Chatmgr) -> None:
        assert "65 characters; 64" in demo.refused(2, "new", "n" * 65, "hi", *NEW)
        assert "not valid text" in demo.refused(2, "new", "a\udcff", "hi", *NEW)
        demo.refused(5, "history", "a\udcff")
        demo.refused(5, "history", ESC)

    def test_ambiguous(self, talking: Chatmgr) -> None:
        talking("new", "demolition", "hi", "-a", "demo")
        error = talking.refused(2, "send", "dem", "hi")
        assert "“dem” could be “demo”, “demolition”." in error
        assert talking.turn("demo@-1")["turn"] == 1  # a whole name is not ambiguous


class TestMessages:
    @pytest.mark.parametrize("message", ["", " ", "\n\t \n"])
    def test_empty(self, demo: Chatmgr, message: str) -> None:
        for command in (("send", "demo"), ("new", "x", *NEW)):
            assert "message is empty" in demo.refused(2, *command, message)
        piped = demo.refused(2, "send", "demo", stdin=message.encode())
        assert ("message is empty" if message else "The message for “demo” is missing.") in piped
        assert "The message for “demo” is missing." in demo.refused(2, "send", "demo")

    def test_five_megabytes(self, demo: Chatmgr) -> None:
        for command in (("send", "demo"), ("new", "x", *NEW), ("resume", "demo")):
            error = demo(*command, stdin=b"x" * 5_000_000, code=2).err
            assert "5,000,000 characters; the limit is 1,048,576" in error

    @pytest.mark.parametrize(
        ("piped", "told"), [(b"caf\xe9 au lait", "0xe9 at offset 3"), (b"one\0two", "NUL"), (b"\xff", "0xff")]
    )
    def test_not_text(self, demo: Chatmgr, piped: bytes, told: str) -> None:
        for command in (("send", "demo"), ("send", "demo", "and this"), ("new", "x", *NEW)):
            assert told in demo.refused(2, *command, stdin=piped)

    def test_not_text_line_by_line(self, demo: Chatmgr) -> None:
        done = demo("resume", "demo", stdin=b"caf\xe9\n", code=2)
        assert "0xe9" in done.err

    def test_not_text_as_an_argument(self, demo: Chatmgr) -> None:
        assert "0xff, which is not UTF-8" in demo.refused(2, "send", "demo", "a\udcffb")
        assert "not UTF-8" in demo.refused(2, "new", "x", "hi", "-i", "a\udcffb", "--provider", "wire")

    def test_escape_sequences_are_kept_exactly_and_shown_harmless(
        self, talking: Chatmgr, wire: WireServer
    ) -> None:
        text = f"{ESC} and \x9b2J, \u202eesrever\u202c, tab\tand\r\nline"
        talking("send", "demo", text)
        assert wire.turns_heard[-1] == text
        assert talking.turn("demo@2")["user"] == text
        shown = talking("history", "demo@2").out
        assert "␛[31mred␛]0;title␇ and <9B>2J, <202E>esrever<202C>, tab\tand\n> line" in shown
        assert not set(shown) & set("\x1b\x07\x9b\u202e\r")


class TestInstructions:
    def test_file(self, demo: Chatmgr) -> None:
        assert "@" not in demo.refused(2, "new", "x", "hi", "-i", "@no/such.md", "--provider", "wire")
        (demo.home.parent / "latin1.md").write_bytes(b"caf\xe9")
        error = demo.refused(2, "assistant", "new", "x", "-i", "@latin1.md")
        assert "latin1.md" in error
        assert "not UTF-8" in error

    def test_missing(self, demo: Chatmgr) -> None:
        assert "-i" in demo.refused(2, "assistant", "new", "x")
        assert "needs a name" in demo.refused(2, "assistant", "new")


class TestUsage:
    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("histroy",), "Did you mean: chatmgr history"),
            (("provider", "lst"), "Did you mean 'list'?"),
            (("send", "demo", "hi", "--jsn"), "Did you mean '--json'?"),
            (("--debgu",), "Did you mean '--debug'?"),
            (("send",), "Missing argument 'NAME'"),
            (("ask",), "The question is missing."),
            (("send", "demo", "two", "words"), "Type: chatmgr send demo 'two words'"),
            (("send", "demo", "a", "fork?", "--wait"), "Type: chatmgr send demo 'a fork?' --wait"),
            (("ask", "two", "--wait", "words"), 'Type: chatmgr ask … "MESSAGE"'),
            (("history", "-n", "-1"), "-1 is not in the range"),
            (("history", "-n", "many"), "'many' is not a valid integer"),
            (
                ("new", "x", "hi", *NEW, "--param", "temperature"),
                "“temperature” is not of the form key=value",
            ),
            (("new", "x", "hi", *NEW, "--param", "=1"), "not of the form key=value"),
            (("provider", "add", "x", "--api", "soap", "--base-url", "http://x"), "'soap' is not one of"),
            (("provider", "add", "x", "--api", "completions", "--base-url", "x.org"), "not an address"),
            (("provider", "add", "x", "--api", "completions", "--base-url", "http://k@x"), "contains a user"),
            (("provider", "add", "openai", "--api", "completions", "--base-url", "http://x"), "is built in"),
            (("provider", "remove", "openai", "--yes"), "is built in"),
            (("provider", "remove", "wire"), "--yes"),
            (("config", "set-key", "local"), "needs no key"),
        ],
    )
    def test_wrong_words(self, demo: Chatmgr, words: tuple[str, ...], told: str) -> None:
        assert told in demo.refused(2, *words)

    def test_every_usage_error_names_the_help_of_its_command(self, demo: Chatmgr) -> None:
        assert demo.refused(2, "assistant", "show").endswith("See: chatmgr assistant show --help")

    def test_a_parameter_inside_a_value(self, demo: Chatmgr) -> None:
        error = demo.refused(2, "new", "x", "hi", *NEW, "--param", "a=1", "--param", "a.b=2")
        assert "“a.b” cannot be set: “a” already has a value" in error
        assert "character 2 is byte 0xff" in demo.refused(2, "new", "x", "hi", *NEW, "--param", "a=\udcff")

    def test_help_and_version_are_no_errors(self, demo: Chatmgr) -> None:
        for words in (("--help",), ("-h",), ("send", "--help"), ("provider", "add", "-h"), ("--version",)):
            assert demo(*words).err == ""
        assert "130  interrupted" in demo("--help").out


@pytest.mark.parametrize(
    ("param", "problem"),
    [
        ("temperature=1e999", "“temperature” is a number that JSON cannot carry."),
        ("temperature=-1e999", "“temperature” is a number that JSON cannot carry."),
        ('a.b={"c":[1,1e400]}', "“a.b” is a number that JSON cannot carry."),
        (f"stop={'[' * 1000}1{']' * 1000}", "“stop” is nested too deeply."),
        (f"stop={'[' * 50_000}", "“stop” is nested too deeply."),
        (f"{'a.' * 1000}b=1", " is nested too deeply."),
    ],
)
def test_parameters_that_no_request_can_carry(demo: Chatmgr, param: str, problem: str) -> None:
    for command in (
        ("new", "other", "hi", *NEW),
        ("assistant", "new", "other", "-i", "x"),
        ("assistant", "edit", "demo"),
    ):
        assert problem in demo.refused(2, *command, "--param", param)
