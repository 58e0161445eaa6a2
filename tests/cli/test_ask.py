"""Talking at once: ``ask``, a question in place of a name, and the conversation used last."""

import pytest

from tests.support.commands import Chatmgr
from tests.wire import Fault, WireServer

QUESTION = "What is the capital of Peru?"
NAME = "what-is-the-capital-of"


@pytest.fixture
def api() -> str:
    return "responses"


@pytest.fixture
def ready(chatmgr: Chatmgr, wire: WireServer, api: str) -> Chatmgr:
    """A provider, and nothing else."""
    chatmgr.provider(api, wire.base_url)
    chatmgr.env["CHATMGR_PROVIDER"] = "wire"
    return chatmgr


def asked_twice(ready: Chatmgr) -> None:
    ready("ask", "-n", "first", "one")
    ready("ask", "-n", "second", "two")


class TestAsk:
    def test_the_answer_alone_on_stdout_and_the_name_on_stderr(
        self, ready: Chatmgr, wire: WireServer
    ) -> None:
        done = ready("ask", QUESTION)
        assert done.out == f"1 user turns; you said: '{QUESTION}'\n"
        assert done.err == f"Kept as “{NAME}”. Go on with: chatmgr resume {NAME}\n"
        [conversation] = ready("history", "--json").json()
        assert (conversation["name"], conversation["assistant"], conversation["turns"]) == (
            NAME,
            "default",
            1,
        )
        told = [request.body["instructions"] for request in wire.requests if request.path == "/responses"]
        assert told == ["You are a helpful assistant."]

    def test_questions_that_begin_alike_share_an_assistant_and_no_name(self, ready: Chatmgr) -> None:
        for _ in range(2):
            ready("ask", QUESTION)
        assert {row["name"] for row in ready("history", "--json").json()} == {NAME, f"{NAME}-2"}
        assert [row["name"] for row in ready("assistant", "list", "--json").json()] == ["default"]

    def test_a_pipe_and_a_question_are_one_message_named_after_the_question(
        self, ready: Chatmgr, wire: WireServer
    ) -> None:
        done = ready("ask", "What could break?", stdin=b"-old\n+new\n")
        assert wire.turns_heard == ["-old\n+new\n\nWhat could break?".replace("\n\n\n", "\n\n")]
        assert "“what-could-break”" in done.err
        assert "“old-new”" in ready("ask", stdin=b"-old\n+new\n").err

    def test_options_make_the_assistant_and_tell_it(self, ready: Chatmgr) -> None:
        done = ready("ask", "-n", "trip", "-i", "Be brief.", "-m", "gpt-4.1", "--json", "Where to?")
        assert done.json()[0]["conversation"] == "trip"
        assert done.err == "The assistant is called “trip”. To use it again: chatmgr new -a trip\n"
        assert "gpt-4.1" in ready("assistant", "show", "trip").out
        assert ready("ask", "-a", "trip", "-n", "again", "hi").err == ""
        assert "no assistant “nobody”" in ready.refused(5, "ask", "-a", "nobody", "hi")

    def test_parameters_alone_are_those_of_a_helpful_assistant(self, ready: Chatmgr) -> None:
        ready("assistant", "edit", "default", "-i", "Be terse.", code=5)
        ready("ask", "-n", "warm", "--param", "temperature=0.2", "hi")
        [shown] = ready("assistant", "show", "warm", "--json").json()
        assert shown["instructions"] == "You are a helpful assistant."
        assert shown["params"] == {"temperature": 0.2}

    def test_a_failure_is_one_line_that_names_the_conversation(
        self, ready: Chatmgr, wire: WireServer
    ) -> None:
        wire.fault(Fault(kind="status", match=("POST", "/responses"), status=400))
        error = ready.refused(8, "ask", QUESTION)
        assert error.endswith(f"It is kept as “{NAME}”: chatmgr resume {NAME}")

    def test_nothing_is_kept_where_nobody_can_be_asked(self, ready: Chatmgr) -> None:
        ready.refused(7, "ask", QUESTION, "--provider", "openai")
        assert ready("history", "--json").out == ""

    def test_without_a_question(self, ready: Chatmgr) -> None:
        assert "The question is missing." in ready.refused(2, "ask")
        assert "The message is empty." in ready.refused(2, "ask", " ")


class TestContinue:
    def test_it_goes_on_with_the_conversation_used_last(self, ready: Chatmgr) -> None:
        asked_twice(ready)
        done = ready("ask", "-c", "And of Chile?")
        assert done.out == "2 user turns; you said: 'And of Chile?'\n"
        assert done.err == "Going on with “second”.\n"
        ready("send", "first", "three")
        assert ready("send", "-c", "four").out.startswith("3 user turns")
        assert ready("send", "@last", "five").out.startswith("4 user turns")
        assert [row["turns"] for row in ready("history", "--json").json()] == [4, 2]

    def test_with_c_there_is_no_other_name(self, ready: Chatmgr) -> None:
        asked_twice(ready)
        assert "Leave out -c" in ready.refused(2, "send", "-c", "first", "hi")
        assert "The message is missing." in ready.refused(2, "send", "-c")
        for option in (("-n", "x"), ("-a", "default"), ("-i", "x"), ("--param", "top_p=1")):
            assert "Leave out -c" in ready.refused(2, "ask", "-c", *option, "hi")

    def test_before_the_first_conversation(self, ready: Chatmgr) -> None:
        for words in (("ask", "-c", "hi"), ("send", "-c", "hi"), ("send", "@last", "hi")):
            assert "There is no conversation yet." in ready.refused(5, *words)

    def test_last_stands_wherever_a_name_does(self, ready: Chatmgr) -> None:
        asked_twice(ready)
        done = ready("history", "@last@1", "--json")
        assert (done.json()[0]["conversation"], done.err) == ("second", "@last is “second”.\n")
        assert "two" in ready("export", "@last", "--format", "text").out
        assert "as “second-2”" in ready("fork", "@last@1").err
        ready("tag", "@last", "+work")
        assert [row["tags"] for row in ready("history", "--json").json() if row["tags"]] == [["work"]]
        ready("rename", "@last", "third")
        assert "third" in {row["name"] for row in ready("history", "--json").json()}


class TestNew:
    @pytest.mark.parametrize("text", [QUESTION, "Say hello.", "tell me a joke", "why?", "¿qué?", "one\ntwo"])
    def test_what_was_hardly_meant_as_a_name_is_asked(self, ready: Chatmgr, text: str) -> None:
        done = ready("new", text)
        assert done.out == f"1 user turns; you said: {text!r}\n"
        assert done.err.startswith("Kept as “")

    @pytest.mark.parametrize("name", ["plan", "my plan", "Trip to Rome", "v1.2", "St. Gallen"])
    def test_a_name_is_a_name(self, ready: Chatmgr, name: str) -> None:
        assert ready("new", name).out == ""
        [conversation] = ready("history", "--json").json()
        assert (conversation["name"], conversation["turns"]) == (name, 0)

    def test_nothing_but_a_name_and_a_message(self, ready: Chatmgr) -> None:
        done = ready("new", "demo", "hi")
        assert (done.out, done.err) == ("1 user turns; you said: 'hi'\n", "")
        assert ready("history", "--json").json()[0]["assistant"] == "default"

    def test_its_own_instructions_make_an_assistant_whose_name_is_told(self, ready: Chatmgr) -> None:
        ready("new", "demo", "hi")
        ready("assistant", "new", "trip", "-i", "Be kind.")
        done = ready("new", "trip", "-i", "Be brief.", "hi")
        assert done.err == "The assistant is called “trip-2”. To use it again: chatmgr new -a trip-2\n"

    def test_the_default_assistant_can_be_named(self, ready: Chatmgr) -> None:
        ready("new", "demo", "-a", "default", "hi")
        ready("assistant", "edit", "default", "-i", "Be terse.", "--provider", "wire")
        ready("new", "other", "hi", env={"CHATMGR_PROVIDER": "ollama"})
        ready("send", "demo", "and now")
        [shown] = ready("assistant", "show", "default", "--json").json()
        assert (shown["version"], shown["instructions"]) == (2, "Be terse.")


class TestResume:
    def test_a_message_is_said_at_once(self, ready: Chatmgr, wire: WireServer) -> None:
        ready("new", "demo", "hi")
        assert ready("resume", "demo", "/and then?").out == "2 user turns; you said: '/and then?'\n"
        assert ready("resume", "demo", "of that?", stdin=b"one\ntwo\n").out.startswith("3 user turns")
        assert wire.turns_heard[-1] == "one\ntwo\n\nof that?"
        assert "The message is empty." in ready.refused(2, "resume", "demo", " ")


class TestMissingParts:
    def test_one_word_is_a_name_or_a_message(self, ready: Chatmgr) -> None:
        ready("new", "demo", "hi")
        assert "The message for “demo” is missing." in ready.refused(2, "send", "demo")
        error = ready.refused(2, "send", "hello")
        assert "There is no conversation “hello”; if that is the message, the name is missing." in error
        assert error.endswith("chatmgr ask hello")

    def test_an_empty_name_is_told_as_that(self, ready: Chatmgr) -> None:
        ready("new", "demo", "hi")
        for words in (
            ("send", "", "x"),
            ("resume", ""),
            ("edit", "", "x"),
            ("retry", ""),
            ("rename", "demo", ""),
            ("tag", "", "+work"),
            ("fork", ""),
            ("history", ""),
            ("new", "", "x"),
            ("ask", "-n", "", "x"),
        ):
            assert "The conversation name is empty." in ready.refused(2, *words)
        assert "The assistant name is empty." in ready.refused(2, "assistant", "show", "")

    def test_the_part_that_lacks_is_named(self, ready: Chatmgr) -> None:
        ready("new", "demo", "hi")
        assert "The new name for “demo” is missing." in ready.refused(2, "rename", "demo")
        assert "Which tags?" in ready.refused(2, "tag", "demo")
        assert "What is to be said instead?" in ready.refused(2, "edit", "demo@1")
