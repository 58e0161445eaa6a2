"""Looking back from the chat, what it took, titles and tags, and a new conversation beside."""

from tests.support.screen import CTRL_D, ENTER, TAB, Open
from tests.wire import WireServer

NEW = ("new", "demo", "-i", "Be brief.")
KILL = "\x15"


def test_history(open_chat: Open, wire: WireServer) -> None:
    assert open_chat("new", "other", "-i", "", "far away").end() == 0
    screen = open_chat(*NEW)
    screen.say("/history")
    screen.until("“demo” has no turns yet.", at_prompt=True)
    for number, text in enumerate(("one", "two", "three"), 1):
        screen.say(text)
        screen.until(f"{number} user turns", at_prompt=True)
    screen.clear()
    screen.say("/history 2")
    screen.until("demo@2", "▌ two", "demo@3", "3 user turns; you said: 'three'", at_prompt=True)
    assert "demo@1" not in screen.text
    screen.clear()
    screen.say("/history @-3")
    screen.until("demo@1", "▌ one", at_prompt=True)
    assert "demo@2" not in screen.text
    screen.say("/history other")
    screen.until("other@1", "▌ far away", at_prompt=True)
    screen.say("/history demo@2")
    screen.until("▌ two", at_prompt=True)
    for typed, message in (
        ("/history 0", "How many turns?"),
        ("/history demo@4", "There is no turn “demo@4”."),
        ("/history dema", "There is no conversation “dema”. Did you mean “demo”?"),
    ):
        screen.say(typed)
        screen.until(message, at_prompt=True)
    assert wire.turns_heard == ["far away", "one", "two", "three"]


def test_search_and_going_where_it_was(open_chat: Open, wire: WireServer) -> None:
    evil = "zebra \x1b]0;pwned\x07"
    wire.world.reply = lambda messages, instructions: f"about {evil}"
    assert open_chat("new", "zoo", "-i", "", "a zebra").end() == 0
    screen = open_chat(*NEW)
    screen.say("/search")
    screen.until("Search for what? For instance: /search", at_prompt=True)
    screen.say("/search unheard")
    screen.until("Nothing found for “unheard”.", at_prompt=True)
    screen.say("/search zebra -lion")
    screen.until(" 1. zoo@1 · ", "about zebra ␛]0;pwned␇", "/switch NAME@TURN", at_prompt=True)
    assert wire.turns_heard == ["a zebra"]
    screen.say("/switch zoo@2")
    screen.until("There is no turn “zoo@2”.", "“zoo” has one turn.", at_prompt=True)
    screen.say("/switch zoo@1")
    screen.until("▌ a zebra", "Now at “zoo”.", at_prompt=True)
    assert "\x1b]0;" not in screen.raw
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert screen.lines[-1] == "Resume with: chatmgr resume zoo"


def test_usage(open_chat: Open, wire: WireServer) -> None:
    priced = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": wire.base_url}
    screen = open_chat(*NEW, "--provider", "openai", "-m", "gpt-4.1", "--max-cost", "2", **priced)
    screen.say("/usage")
    screen.until("“demo” has no turns yet.", "Limit: $2.00, of which $2.00 are left", at_prompt=True)
    for number, text in enumerate(("one", "two"), 1):
        screen.say(text)
        screen.until(f"{number} user turns; you said: '{text}'", at_prompt=True)
    screen.clear()
    screen.say("/usage")
    # $2 and $8 a million; in: two words of instructions, all messages and answers; out: six words each
    screen.until("demo@2: 10 tokens in · 6 tokens out · $0.000068", at_prompt=True)
    assert "demo, 2 runs: 13 tokens in · 12 tokens out · $0.000122\n" in screen.text
    assert "Context: 16 tokens\n" in screen.text
    assert "Limit: $2.00, of which $1.999878 are left\n" in screen.text
    screen.say("/usage now")
    screen.until("/usage takes no argument.", at_prompt=True)


def test_usage_of_what_nobody_prices(open_chat: Open) -> None:
    screen = open_chat(*NEW, "--max-cost", "2")
    screen.say("one")
    screen.until("1 user turns; you said: 'one'", at_prompt=True)
    screen.say("/usage")
    screen.until("demo, 1 run: 3 tokens in · 6 tokens out · cost unknown", at_prompt=True)
    assert "of which $2.00 are left, minus 1 run of unknown price\n" in screen.text


def test_title_and_tags(open_chat: Open, wire: WireServer) -> None:
    assert open_chat("new", "other", "-i", "", "far away").end() == 0
    assert open_chat("tag", "other", "+urgent").end() == 0
    screen = open_chat(*NEW)
    for typed, message in (
        ("/title", "“demo” has no title. Give it one: /title TEXT"),
        ("/title Where to go", "“demo” has the title “Where to go”."),
        ("/title a\u202eb", "The title contains control or invisible characters."),
        (f"/title {'x' * 60} {'y' * 150}", "The title has 211 characters; 200 is the limit."),
        ("/tag", "“demo” has no tags. Add one: /tag +work"),
        ("/tag +work +draft", "“demo” has the tags draft, work."),
        ("/tag -draft +a/b", "“demo” has the tags a/b, work."),
        ("/tag work", "“work” has no sign."),
        ("/tag +work -work", "“work” cannot be added and removed at once."),
        ("/tag +a,b", "“a,b” cannot be a tag."),
    ):
        screen.until(at_prompt=True)
        screen.type(f"{typed}{ENTER}")
        screen.until(message, at_prompt=True)
    for typed, completed in (
        ("/title ", "❯ /title Where to go"),
        ("/tag +new +u", "❯ /tag +new +urgent"),
        ("/tag -w", "❯ /tag -work"),
    ):
        screen.type(KILL)
        screen.clear()
        screen.type(typed)
        screen.until(f"❯ {typed}".rstrip())
        screen.type(TAB)
        screen.until(completed)
    screen.type(ENTER)
    screen.until("“demo” has the tags a/b.", at_prompt=True)
    screen.say("/title -")
    screen.until("“demo” has no title.", at_prompt=True)
    assert wire.turns_heard == ["far away"]


def test_a_new_conversation_beside(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW, "-m", "gpt-4.1")
    screen.say("one")
    screen.until("1 user turns", at_prompt=True)
    screen.say("/new")
    screen.until("Now at “demo-2”.", "demo-2 · demo · gpt-4.1", at_prompt=True)
    screen.say("two")
    screen.until("1 user turns; you said: 'two'", at_prompt=True)
    screen.say("/new Another one")
    screen.until("“Another one” has no turns yet.", "Now at “Another one”.", at_prompt=True)
    screen.say("/new demo")
    screen.until("There is a conversation “demo” already.", "Go on with it: /switch demo", at_prompt=True)
    screen.say("/new a@b")
    screen.until("may not contain “@”", at_prompt=True)
    screen.type(CTRL_D)
    assert screen.end() == 0
    assert screen.lines[-1] == "Resume with: chatmgr resume 'Another one'"
    told = [
        (request.body["instructions"], request.body["model"])
        for request in wire.requests
        if request.path == "/responses"
    ]
    assert told == [("Be brief.", "gpt-4.1")] * 2
    again = open_chat("resume", "demo")
    again.until("you said: 'one'", at_prompt=True)


def test_the_help_has_them_in_groups(open_chat: Open, wire: WireServer) -> None:
    screen = open_chat(*NEW, rows=60)
    screen.say("/help")
    screen.until(
        "Conversation, provider and model  /switch /new /clear",
        "Answers                           /copy /code /save\n",
        "About all: /help all",
        at_prompt=True,
    )
    screen.clear()
    screen.say("/help all")
    screen.until(
        "Answers\n  /copy",
        "Looking back\n",
        "The chat\n",
        "Keys\n",
        "  /save PATH                 save the last answer to a file, or its images and files to a folder:\n"
        "                             /save DIR/",
        at_prompt=True,
    )
    for topic in ("/save", "save"):
        screen.clear()
        screen.say(f"/help {topic}")
        screen.until("/save PATH\n  Save the last answer to a file, or its images and files", at_prompt=True)
    screen.say("/help regenerate")
    screen.until("/retry [@TURN] [-m MODEL]\n", "  Also /regenerate.", at_prompt=True)
    screen.say("/rename x")
    screen.until("There is no command /rename in the chat. In the shell: chatmgr rename\n", at_prompt=True)
    screen.say("/help swich")
    screen.until("There is no command /swich. Did you mean /switch?", at_prompt=True)
    screen.say("/histroy")
    screen.until("There is no command /histroy. Did you mean /history?", at_prompt=True)
    assert wire.turns_heard == []
