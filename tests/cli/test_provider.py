"""Providers: added, listed, shown, tested, removed; and the settings file is the user's own."""

from tests.support.commands import Chatmgr, last_body
from tests.wire import WireServer

FIELDS = ["name", "api", "base_url", "default_model", "key_env", "key", "built_in"]
MINE = ("provider", "add", "mine", "--api", "completions", "--base-url")


def test_a_life(chatmgr: Chatmgr, wire: WireServer) -> None:
    chatmgr(*MINE, f"{wire.base_url}/", "--key-env", "WIRE_KEY", "-m", "gpt-4o-mini")
    [shown] = chatmgr.json("provider", "show", "mine")
    assert list(shown) == FIELDS
    assert list(shown.values()) == [
        "mine",
        "completions",
        wire.base_url,
        "gpt-4o-mini",
        "WIRE_KEY",
        "WIRE_KEY",
        False,
    ]
    assert "base url: http://127.0.0.1" in chatmgr("provider", "show", "mine").out
    assert [provider["name"] for provider in chatmgr.json("provider", "list")] == [
        "openai",
        "ollama",
        "local",
        "mine",
    ]
    [tested] = chatmgr.json("provider", "test", "mine")
    assert (tested["answers"], tested["models"]) == (True, 3)
    listed = chatmgr.json("models", "--provider", "mine")
    assert [record["id"] for record in listed if record["default"]] == ["gpt-4o-mini"]
    chatmgr("new", "demo", "hi", "-i", "x", "--provider", "mine")
    assert last_body(wire)["model"] == "gpt-4o-mini"
    chatmgr("provider", "remove", "mine", "--yes")
    assert "mine" not in chatmgr("provider", "list").out
    # What was said there can still be read, and the way on is told.
    assert chatmgr.turn("demo@1")["provider"] == "mine"
    assert "no provider “mine”" in chatmgr.refused(5, "send", "demo", "two")


def test_the_rest_of_the_file_stays(chatmgr: Chatmgr) -> None:
    mine = "# my settings\ntail = 7  # a week\n\n[local]\nthreads = 2\n"
    chatmgr.home.mkdir()
    path = chatmgr.home / "config.toml"
    path.write_text(mine, "utf-8")
    chatmgr(*MINE, "http://127.0.0.1:8080/v1")
    chatmgr("provider", "add", "two words", "--api", "responses", "--base-url", "https://x.org/v1")
    assert path.read_text("utf-8").startswith(mine)
    [settings] = chatmgr.json("config", "show")
    assert (settings["tail"], settings["local.threads"]) == (7, 2)
    assert chatmgr.json("provider", "show", "two words")[0]["base_url"] == "https://x.org/v1"
    chatmgr("provider", "remove", "mine", "--yes")
    chatmgr("provider", "remove", "two words", "--yes")
    assert path.read_text("utf-8").startswith(mine)


def test_removing_the_last_leaves_valid_settings(chatmgr: Chatmgr) -> None:
    chatmgr(*MINE, "http://127.0.0.1:8080/v1")
    chatmgr("provider", "remove", "mine", "--yes")
    assert "built in and cannot" in chatmgr.refused(2, "provider", "remove", "ollama", "--yes")
    assert len(chatmgr.json("provider", "list")) == 3


def test_paths(chatmgr: Chatmgr) -> None:
    [document] = chatmgr.json("config", "path")
    home = str(chatmgr.home)
    assert document == {"config": f"{home}/config.toml", "keys": f"{home}/keys.json", "data": home} | {
        "database": f"{home}/chatmgr.db",
        "models": f"{home}/models",
    }
    env = {"CHATMGR_DATABASE_URL": "postgresql://me:hush@127.0.0.1:9/x"}
    elsewhere = chatmgr("config", "path", env=env).out
    assert "PostgreSQL" in elsewhere
    assert "hush" not in elsewhere


def test_what_is_shown_of_settings_may_be_written_there(chatmgr: Chatmgr) -> None:
    import tomllib

    from chatmgr.config.settings import SETTINGS

    rows = [line.split() for line in chatmgr("config", "show").out.splitlines()[1:]]
    shown = tomllib.loads("\n".join(f'"{key}" = {value}' for key, value, *_ in rows))
    assert shown == {setting.key: setting.default for setting in SETTINGS}


def test_testing_what_does_not_answer_advises_something_else(chatmgr: Chatmgr) -> None:
    chatmgr(*MINE, "http://127.0.0.1:9/v1")
    error = chatmgr.refused(6, "provider", "test", "mine")
    assert "provider test" not in error
    assert "change it: chatmgr provider add mine …" in error
