"""``chatmgr import`` as it is typed: what it says, what it leaves alone, and how an imported one goes on."""

import json
from pathlib import Path

import pytest

from tests.importers.chatgpt.export import conversation
from tests.services.imports.importing import export, pair, said, tree
from tests.support.commands import Chatmgr
from tests.support.screen import Screen, environment
from tests.wire import WireServer


@pytest.fixture
def api() -> str:
    return "completions"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    whole = tree([*pair(1), *pair(2)], "a2", title="Trip to Peru")
    branched = [*pair(1), said("b1", "q1", "assistant", "Better.", 20)]
    return export(tmp_path / "conversations.json", whole, tree(branched, "b1", "c-2", title="Trip to Peru"))


def test_what_came_is_said_and_the_second_time_that_it_is_known(chatmgr: Chatmgr, file: Path) -> None:
    assert chatmgr("import", str(file), "--tag", "old").err.splitlines() == [
        "Imported: 2 new conversations; 3 turns in all.",
        "Go on with one: chatmgr resume 'Trip to Peru' — or see them: chatmgr history",
    ]
    assert {row["name"]: row["tags"] for row in chatmgr.json("history", "--json")} == {
        "Trip to Peru": ["old"],
        "Trip to Peru-2": ["old"],
    }
    assert chatmgr("import", str(file)).err == "Imported: 2 known.\n"
    assert chatmgr("import", str(file.parent), "--json").json()[0]["sources"][0]["known"] == 2


def test_a_dry_run_counts_and_makes_no_database(chatmgr: Chatmgr, file: Path) -> None:
    done = chatmgr("import", str(file), "--dry-run")
    head, row = done.out.splitlines()
    assert dict(zip(head.split()[:6], row.split()[:6], strict=True)) == {
        **{"SOURCE": "ChatGPT", "CONVERSATIONS": "2", "TURNS": "3"},
        **{"BRANCHES": "0", "FILES": "0", "NEW": "2"},
    }
    assert done.err == "Nothing was written.\n"
    assert not (chatmgr.home / "chatmgr.db").exists()


def test_standard_input(chatmgr: Chatmgr, file: Path) -> None:
    assert "2 new" in chatmgr("import", "-", stdin=file.read_bytes()).err


def test_what_is_bad_is_named_with_its_place(chatmgr: Chatmgr, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    good = json.dumps(tree(pair(1), "a1"))
    file.write_text(f"[{good}, {{broken}}, {good.replace('c-1', 'c-2')}]", "utf-8")
    done = chatmgr("import", str(file), code=1)
    assert "2 new conversations" in done.err
    assert f"{file}, no. 2: " in done.err
    assert "1 conversation or file could not be imported" in done.err


def test_nothing_that_can_be_imported(chatmgr: Chatmgr, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("some notes", "utf-8")
    assert f"{file}: no conversation is in it" in chatmgr("import", str(file), code=1).err
    assert "no file" in chatmgr.refused(2, "import", str(tmp_path / "absent.json"))
    assert "--found" in chatmgr.refused(2, "import")


def test_an_imported_conversation_goes_on_at_the_default_provider(
    chatmgr: Chatmgr, wire: WireServer, file: Path
) -> None:
    chatmgr("import", str(file))
    chatmgr.provider("completions", wire.base_url)
    chatmgr("config", "set", "provider", "wire")
    chatmgr("send", "Trip to Peru", "And then?")
    [last] = [turn for turn in chatmgr.json("history", "Trip to Peru", "--json") if turn["turn"] == 3]
    assert (last["provider"], last["state"]) == ("wire", "completed")


def test_an_imported_turn_is_answered_anew_by_the_default_provider(
    chatmgr: Chatmgr, wire: WireServer, file: Path
) -> None:
    chatmgr("import", str(file))
    chatmgr.provider("completions", wire.base_url)
    chatmgr("config", "set", "provider", "wire")
    chatmgr("retry", "Trip to Peru")
    assert chatmgr.turn("Trip to Peru@2")["provider"] == "wire"


def test_what_is_imported_costs_nobody_knows_what(chatmgr: Chatmgr, file: Path) -> None:
    chatmgr("import", str(file))
    [total, *_] = chatmgr.json("stats", "--json")
    assert (total["turns"], total["runs"], total["cost"], total["unpriced_runs"]) == (3, 4, None, 4)


def test_titles_cannot_act_on_a_terminal(chatmgr: Chatmgr, home: Path, tmp_path: Path) -> None:
    evil = "\x1b]0;pwned\x07\x1b[2J title"
    nodes = pair(1)
    shell = {**conversation([*nodes], "c-3"), "mapping": {}, evil: 1}
    export(tmp_path / f"e{evil[:2]}.json", tree(nodes, "a1", "c-4", title=evil), shell)
    with Screen(["-m", "chatmgr", "import", str(tmp_path)], environment(home), tmp_path) as screen:
        screen.end()
        assert "\x1b]0;" not in screen.raw
        assert "\x1b[2J" not in screen.raw


class TestFound:
    @pytest.fixture(autouse=True)
    def logs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """What a program keeps: here, an export where llm would have its database."""
        monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
        folder = tmp_path / "logs"
        folder.mkdir()
        return export(folder / "logs.db", tree(pair(1), "a1", title="demo"))

    def test_it_lists_and_imports_nothing_without_a_yes(self, chatmgr: Chatmgr, logs: Path) -> None:
        env = {"LLM_USER_PATH": str(logs.parent)}
        done = chatmgr("import", "--found", env=env)
        assert str(logs) in done.out
        assert "chatmgr import --found --yes" in done.err
        assert not (chatmgr.home / "chatmgr.db").exists()
        assert "1 new conversation" in chatmgr("import", "--found", "--yes", env=env).err

    def test_nothing_is_there(self, chatmgr: Chatmgr) -> None:
        assert "No conversations" in chatmgr("import", "--found").err

    def test_paths_are_refused(self, chatmgr: Chatmgr) -> None:
        assert "--found" in chatmgr.refused(2, "import", "--found", "file")
