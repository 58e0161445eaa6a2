"""Whatever is in the store, no verb lets it act on a terminal: every verb is run on a store full of escapes.

The verbs come from the tree of commands, and the columns from the tables: what is added later is tried too.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from chatmgr.cli.help.command_tree import contexts
from chatmgr.domain.ids import FAR
from tests.support import sample_stores
from tests.support.commands import Chatmgr
from tests.support.pseudo_terminal import TerminalProcess
from tests.support.sample_stores import python_type
from tests.support.screen import CTRL_D, ESC, Screen
from tests.wire import WireServer

EVIL = (
    "\x1b]0;pwned\x07\x1b]52;c;cm0=\x1b\\\x1b[2J\x1b[8mhidden\x1b[0m\x1bP1$r\x1b\\\x9b5m\x9d0;t\x9c\x90q\x9c"
    "\u202egnp\u202c\u2066iso\u2069 back\x08\x7f over\rwrite \x0c end"
)
LIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# At a terminal: our colours, none of which conceals, and what redraws a line; EVIL's own would be left.
OURS = re.compile("\x1b\\[(?!8m|2J)[0-9;]*[mAJK]|\r(?!write)")
# These hold one of a few words of ours, a hash, or what conversations are found by.
FIXED = {"runs.state", "messages.role", "blobs.sha256", "attachments.sha256", "remote_files.sha256"}
FIXED |= {"meta.key", "meta.value", "conversations.provider", "items.sha256", "sources.key"}
_OF_THE_DATABASE = {"deletions", "exchanges"}  # keys and hashes, of which nothing is shown
COLUMNS = {
    f"{table.name}.{column.name}"
    for table in sample_stores.TABLES.values()
    for column in table.c
    if python_type(column) in {str, dict}
} - FIXED

# Words for each verb; “one” has a run that a dead process left, “two” and “gone” have names full of escapes.
TWO, GONE = f"conversations.name two {EVIL}", f"conversations.name gone {EVIL}"
VERBS: dict[str, list[str]] = {
    "new": ["new fresh hello --provider wire -i brief"],
    "resume": ["resume one"],
    "ask": ["ask hello --provider wire", "ask -c hello", "ask hello --provider wire -i brief --json"],
    "send": ["send @last hello", "send one hello", "send one hello --json", "send one -m other hello"],
    "runs": ["runs", "runs --json"],
    "runs answer": ["runs answer one"],
    "runs cancel": ["runs cancel one"],
    "runs wait": ["runs wait one", "runs wait one --json"],
    "history": [
        *("history", "history --json", "history one --usage --runs", "history one --runs --json"),
        *("history -q content", "history -q content --json", "history two*", "history one --code"),
        *("history one@1 --items", "history one@1 --items --json", "history one@1 --save files"),
        *(
            "history one --tree",
            "history one --tree --json",
            "history two* --log",
            "history two* --log --json",
        ),
        *("history -q content --all-paths", "history one~2"),
    ],
    "fork": ["fork two*", "fork one@1 branched --json"],
    "retry": ["retry two*", "retry one@1 --pick 1", "retry one@1 -m other"],
    "continue": ["continue two*", "continue one"],
    "edit": ["edit two*@1 changed", "edit one@1 changed --json"],
    "undo": ["undo two*", "undo one --json"],
    "redo": ["redo two*", "redo one"],
    "switch": ["switch one~2", "switch one~9"],
    "scrub": [
        "scrub content --dry-run",
        "scrub content --dry-run --json",
        "scrub content -y",
        "scrub --secrets",
    ],
    "push": ["push sqlite:///other.db --dry-run", "push sqlite:///other.db", "push --deletions --yes --json"],
    "pull": ["pull sqlite:///other.db", "pull --json"],
    "import": ["import --found", "import one --dry-run"],
    "stats": ["stats", "stats --by model --json", "stats --by conversation", "stats --html -"],
    "export": [f"export --all --format {form}" for form in ("md", "text", "json", "jsonl")]
    + ["export one --format html"],
    "rename": ["rename one uno", "rename one --title plain", "rename two* --title plain"],
    "tag": ["tag", "tag one +more", "tag --json", "tag --all --dry-run +new"],
    "archive": ["archive one", "archive --all --dry-run"],
    "unarchive": ["unarchive one", "unarchive --all --dry-run"],
    "delete": ["delete one -y", "delete --all --dry-run", "delete one -y --remote"],
    "restore": ["restore --all --dry-run", "restore gone*"],
    "trash empty": ["trash empty -y", "trash empty -y --remote --json"],
    "trash list": ["trash list", "trash list --json"],
    "assistant adopt": ["assistant adopt asst_1 --provider threads"],
    "assistant delete": ["assistant delete kept -y"],
    "assistant edit": ["assistant edit kept -i other"],
    "assistant prune": [
        "assistant prune --dry-run",
        "assistant prune --dry-run --json",
        "assistant prune -y",
    ],
    "assistant list": ["assistant list", "assistant list --json"],
    "assistant new": ["assistant new kept -i x", "assistant new another -i x -m none --provider wire"],
    "assistant show": ["assistant show kept --versions", "assistant show kept --json"],
    "provider add": ["provider add more --api completions --base-url http://127.0.0.1:9/v1"],
    "provider list": ["provider list", "provider list --json"],
    "provider remove": ["provider remove threads -y"],
    "provider show": ["provider show wire", "provider show evil --json", "provider show evil"],
    "provider test": ["provider test wire"],
    "models": ["models --provider wire", "models --provider wire --json"],
    "models pull": ["models pull"],
    "move": ["move one --to threads", "move one --to wire -m none"],
    "thread adopt": ["thread adopt conv_none adopted --provider wire"],
    "thread show": ["thread show one", "thread show one --json"],
    "thread sync": ["thread sync one"],
    "config edit": ["config edit"],
    "config path": ["config path"],
    "config set": ["config set tail 5", "config set provider evil"],
    "config set-key": ["config set-key wire"],
    "config show": ["config show", "config show provider"],
    "config unset": ["config unset tail", "config unset nothing"],
    "db backup": ["db backup backup.db", "db backup --to backups --keep 1 --json"],
    "db check": ["db check"],
    "db copy": ["db copy . copied.db", "db copy . other.db --json"],
    "db reindex": ["db reindex"],
    "db status": ["db status", "db status --json"],
    "db upgrade": ["db upgrade"],
    "completion install": ["completion install bash"],
    "completion show": ["completion show bash"],
    "completion uninstall": ["completion uninstall bash"],
    "man": ["man"],
}


def verbs() -> Iterator[str]:
    """Every command that does something, by its path."""
    for ctx in contexts():
        if not isinstance(ctx.command, click.Group) or (ctx.parent and ctx.command.invoke_without_command):
            yield ctx.command_path.removeprefix("chatmgr ")


def hostile_rows() -> dict[str, list[dict[str, object]]]:
    """The sample store's rows with escapes in every text that is not fixed, and one conversation deleted."""
    tables = sample_stores.rows()
    for table, rows in tables.items():
        for number, row in enumerate(rows):
            for column in sample_stores.TABLES[table].c:
                name = f"{table}.{column.name}"
                if name in COLUMNS and row[column.name] is not None:
                    evil = f"{name} {number} {EVIL}"
                    row[column.name] = {evil: [evil]} if python_type(column) is dict else evil
    first, second = tables["conversations"]
    gone = second | {"id": 3, "name": GONE, "key": f"key {EVIL}", "turns": 0, "last_run_id": None}
    tables["turns"][1]["run_id"] = 3
    gone["branch_id"] = 4
    tables["branches"].append(tables["branches"][1] | {"id": 4, "key": f"key {EVIL}", "conversation_id": 3})
    tables["path_segments"].append({"conversation_id": 3, "first": 1, "branch_id": 4, "last": FAR})
    tables["conversations"].append(gone | {"deleted_at": datetime(2026, 5, 1, tzinfo=UTC)})
    first |= {"name": "one", "key": "aaaa1111", "provider": "wire", "last_run_id": 3, "max_cost": None}
    second |= {"name": TWO, "archived_at": None, "last_run_id": 4, "provider": f"provider {EVIL}"}
    gone |= {"provider": f"provider {EVIL}"}
    tables["assistants"][0] |= {"name": "kept", "deleted_at": None}
    tables["messages"][2]["content"] = (
        f"messages.content\n\n```sh {EVIL}\ncode {EVIL}\n```\n[l](http://h/{EVIL})"
    )
    return tables


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store, made once."""
    path = tmp_path_factory.mktemp("hostile") / "chatmgr.db"
    sample_stores.fill(f"sqlite:///{path}", hostile_rows())
    return path


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """A server whose answers, models and errors are full of escapes, too."""
    with WireServer(
        reply=lambda _messages, _instructions: EVIL, split=list, models=("gpt-4.1", f"gpt {EVIL}")
    ) as running:
        yield running


@pytest.fixture
def hostile(chatmgr: Chatmgr, wire: WireServer, template: Path, tmp_path: Path) -> Chatmgr:
    """chatmgr on a copy of the store, with settings that are hostile as well."""
    chatmgr.provider("responses", wire.base_url)
    shutil.copy(template, chatmgr.home / "chatmgr.db")
    escaped = "".join(f"\\u{ord(char):04x}" for char in EVIL)
    evil = f'api = "completions"\nbase_url = "http://127.0.0.1:9/v1"\ndefault_model = "m {escaped}"\n'
    with (chatmgr.home / "config.toml").open("a", encoding="utf-8") as file:
        file.write(f'[providers.threads]\napi = "assistants"\nbase_url = "{wire.base_url}"\n\n')
        file.write(f'[providers.evil]\n{evil}\n[providers."{escaped}"]\n{evil}')
    chatmgr.env.update(HOME=str(tmp_path), PIP_NO_INDEX="1", PAGER="cat", VISUAL="true")
    return chatmgr


def words_of(line: str) -> list[str]:
    """The words of a command line; a word that ends in a star stands for the name that begins so."""
    full = {"two*": TWO, "two*@1": f"{TWO}@1", "gone*": GONE}
    return [full.get(word, word) for word in line.split()]


def test_every_verb_is_tried() -> None:
    assert set(VERBS) == set(verbs())


def test_every_column_is_filled(hostile: Chatmgr) -> None:
    exported = hostile("export", "--all", "--format", "jsonl").out
    # Parts of an answer are shown as part of it, and an export has no field of theirs.
    left_out = {name for name in COLUMNS if f"{name} " not in exported}
    assert {name for name in left_out if name.split(".")[0] not in _OF_THE_DATABASE} == {
        "answer_parts.content"
    }


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_acts_in_a_pipe(hostile: Chatmgr, verb: str) -> None:
    for line in VERBS[verb]:
        done = hostile.start(*words_of(line), stdin=b"sk-test\n" if verb == "config set-key" else None).wait()
        for written in (done.out, done.err):
            assert not LIVE.search(written), (line, LIVE.findall(written))
        assert "Unexpected fault" not in done.err


@pytest.mark.parametrize("verb", sorted(VERBS.keys() - {"new", "resume", "config set-key"}))
def test_nothing_acts_at_a_terminal(hostile: Chatmgr, verb: str) -> None:
    for line in VERBS[verb]:
        args = ["-m", "chatmgr", *words_of(line)]
        environ = {"TERM": "xterm-256color", "NO_COLOR": ""}
        with TerminalProcess(
            args, hostile.environment(**environ), hostile.home.parent, size=(45, 100)
        ) as process:
            process.send(CTRL_D)  # whatever it may ask
            written = OURS.sub("", process.read_until(None))
        assert not LIVE.search(written), (line, LIVE.findall(written), written)


@pytest.fixture
def open_hostile(hostile: Chatmgr) -> Iterator[Callable[..., Screen]]:
    """The chat at a terminal, on the hostile store."""
    screens: list[Screen] = []

    def opened(*args: str) -> Screen:
        screens.append(Screen(["-m", "chatmgr", *args], hostile.environment(), hostile.home.parent))
        return screens[-1]

    yield opened
    for screen in screens:
        screen.__exit__(None, None, None)


def test_nothing_acts_in_the_chat(open_hostile: Callable[..., Screen]) -> None:
    screen = open_hostile("resume", "one")
    for typed, shown in (
        ("/history", "one@1"),
        ("/search content", "Show one: /history"),
        ("/usage", "tokens"),
        ("/system", "assistant_versions.instructions"),
        ("/title", "has the title"),
        ("/tag", "has the tags"),
        ("/code", "Copy one: /code N"),
        ("/provider evil", "goes on at evil"),
        ("/provider wire", "goes on at wire"),
        ("/model gpt-4.1", ""),
        ("hello", "over␍write"),
        ("/save saved.md", "Saved one@"),
        ("/help", "/exit"),
    ):
        screen.clear()
        screen.say(typed)
        screen.until(shown, at_prompt=True)
    for typed, title in (("/assistant", "assistants"), ("/model", "models"), ("/provider", "providers")):
        screen.clear()
        screen.say(typed)
        screen.until(f"· {title} ·")
        screen.type(ESC)
        screen.until(f"❯ {typed}", at_prompt=True)
    screen.type(CTRL_D)
    screen.end()
    assert not re.search("\x1b\\]|\x1b\\[8m|\x1bP|[\x07\x7f-\x9f\u202a-\u202e\u2066-\u2069]", screen.raw)
    assert screen.title == ""
