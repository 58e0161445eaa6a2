"""Images at terminals of every kind: drawn where they can be, named everywhere; no answer is typed text."""

import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.support.commands import Chatmgr
from tests.support.drawing_terminal import ITERM2, KITTY, PLAIN, SIXEL, DrawingTerminal
from tests.support.item_server import ItemServer, said, streamed
from tests.support.output_items import IMAGE
from tests.support.sample_items import answered, item
from tests.support.screen import CTRL_D, ENTER, Screen, environment
from tests.support.store import Store

NO_MULTIPLEXER = {"TMUX": "", "STY": "", "TERM_PROGRAM": "", "LC_TERMINAL": ""}
Look = Callable[..., Screen]


def png(width: int = 200, height: int = 100) -> bytes:
    """An image as a file."""
    stream = BytesIO()
    Image.new("RGB", (width, height), "teal").save(stream, "PNG")
    return stream.getvalue()


PICTURE = png()
NAMED = f"[image: cat.png · 200×100 · {len(PICTURE)} bytes]"


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """A store in which ``demo@1`` is answered with a picture between two texts."""
    made = Store(sqlite_url)
    content = {"name": "cat.png", "content_type": "image/png", "size": len(PICTURE)}
    texts = (item("text", {"text": "Here:"}, "msg_1"), item("text", {"text": "A cat."}, "msg_2"))
    image = item("image", content, "ig_1", PICTURE)
    answered(made, "Here:\n\nA cat.", texts[0], image, texts[1], name="demo")
    yield made
    made.close()


@pytest.fixture
def server(store: Store, chatmgr: Chatmgr) -> Iterator[ItemServer]:
    """A server where ``demo`` can go on."""
    with ItemServer() as running:
        chatmgr.provider("responses", running.server.base_url)
        yield running


@pytest.fixture
def look(store: Store, chatmgr: Chatmgr) -> Iterator[Look]:
    """chatmgr at a terminal, to look at that store."""
    opened: list[Screen] = []

    def open_screen(*args: str, terminal: DrawingTerminal, term: str = "xterm", **env: str) -> Screen:
        variables = environment(chatmgr.home, **{**NO_MULTIPLEXER, **chatmgr.env, **env})
        command = ["-m", "chatmgr", *args]
        opened.append(Screen(command, variables, chatmgr.home.parent, term=term, terminal=terminal))
        return opened[-1]

    yield open_screen
    for screen in opened:
        screen.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("answers", "protocol", "rows"), [(KITTY, "kitty", 5), (ITERM2, "iterm2", 6), (SIXEL, "sixel", 7)]
)
def test_an_image_is_drawn_below_its_name(
    answers: Mapping[str, str], protocol: str, rows: int, look: Look
) -> None:
    terminal = DrawingTerminal(answers)
    screen = look("history", "demo@1", terminal=terminal)
    assert screen.end() == 0
    [drawing] = terminal.drawings
    assert drawing.protocol == protocol
    lines = screen.rows
    at = lines.index(NAMED)
    assert drawing.row == at + 1
    assert lines[at + 1 : at + 1 + rows] == [""] * rows
    assert lines[at + 1 + rows] == "A cat."
    if protocol != "sixel":
        assert drawing.data == PICTURE
    assert terminal.questions.count("\x1b[c") == 1


@pytest.mark.parametrize(
    ("env", "term", "asked"),
    [
        ({}, "xterm-256color", True),
        ({"TMUX": "/tmp/tmux-0/default,1,0"}, "tmux-256color", False),
        ({"STY": "1.pts-0.host"}, "screen", False),
        ({"TERM_PROGRAM": "Apple_Terminal"}, "xterm-256color", False),
        ({}, "linux", False),
        ({}, "dumb", False),
    ],
)
def test_elsewhere_it_is_named(env: dict[str, str], term: str, *, asked: bool, look: Look) -> None:
    terminal = DrawingTerminal(PLAIN)
    screen = look("history", "demo@1", "--no-pager", terminal=terminal, term=term, **env)
    assert screen.end() == 0
    assert NAMED in screen.text
    assert terminal.drawings == []
    assert bool(terminal.questions) == asked


@pytest.mark.parametrize("args", [("--plain",), ("--json",), ("--code",)])
def test_plain_output_asks_nothing(args: tuple[str, ...], look: Look) -> None:
    terminal = DrawingTerminal(KITTY)
    look("history", "demo@1", *args, terminal=terminal).end()
    assert (terminal.drawings, terminal.questions) == ([], [])


def test_a_conversation_without_images_asks_nothing(store: Store, look: Look) -> None:
    store.answer("hello", "Plain.", "demo")
    terminal = DrawingTerminal(KITTY)
    look("history", "demo@2", "--no-pager", terminal=terminal).end()
    assert terminal.questions == []


def test_the_pager_gets_the_name_and_no_pager_draws(look: Look) -> None:
    terminal = DrawingTerminal(KITTY)
    assert look("history", "demo", terminal=terminal, PAGER="cat").end() == 0
    assert terminal.drawings == []
    look("history", "demo", "--no-pager", terminal=terminal).end()
    assert len(terminal.drawings) == 1


@pytest.mark.parametrize(("value", "count"), [("none", 0), ("kitty", 1)])
def test_the_setting_decides_without_asking(value: str, count: int, chatmgr: Chatmgr, look: Look) -> None:
    (chatmgr.home / "config.toml").write_text(f'images = "{value}"\n', encoding="utf-8")
    (chatmgr.home / "config.toml").chmod(0o600)
    terminal = DrawingTerminal(PLAIN)
    look("history", "demo@1", terminal=terminal, TMUX="x").end()
    assert len(terminal.drawings) == count
    assert terminal.questions == []


@pytest.mark.parametrize(
    "garbage", ["\x1b[?62", "\x1b_Gi=31;OK", "\x1bP>|" + "x" * 5000, "\x1b[?1;2;\x07\x07", "\0\xff"]
)
def test_a_terminal_that_answers_nonsense_draws_nothing(garbage: str, look: Look) -> None:
    terminal = DrawingTerminal({"\x1b[c": garbage})
    screen = look("history", "demo@1", terminal=terminal)
    assert screen.end() == 0
    assert terminal.drawings == []
    assert NAMED in screen.text


def test_keys_typed_while_the_terminal_is_asked_are_kept(server: ItemServer, look: Look) -> None:
    terminal = DrawingTerminal(KITTY, before_answers="hello")
    screen = look("resume", "demo", "--provider", "wire", terminal=terminal)
    screen.until("❯ hello")
    assert len(terminal.drawings) == 1
    screen.type("\x15" + CTRL_D)
    assert screen.end() == 0


def test_what_was_typed_for_the_shell_is_left_to_it(look: Look, chatmgr: Chatmgr, tmp_path: Path) -> None:
    when_typed = "import runpy, select, sys; select.select([0], [], []); sys.argv[0] = 'chatmgr'; "
    when_typed += "runpy.run_module('chatmgr', run_name='__main__')"
    terminal, variables = DrawingTerminal(KITTY), environment(chatmgr.home, **NO_MULTIPLEXER)
    command = ["-c", when_typed, "history", "demo@1", "--no-pager"]
    with Screen(command, variables, tmp_path, terminal=terminal) as screen:
        screen.type("ls\n")
        assert screen.end() == 0
        assert NAMED in screen.text
        assert (terminal.questions, terminal.drawings) == ([], [])
        assert os.read(screen.terminal, 100) == b"ls\n"


def test_late_answers_are_never_typed_text(server: ItemServer, look: Look) -> None:
    terminal = DrawingTerminal(KITTY, held=True)
    screen = look("resume", "demo", "--provider", "wire", terminal=terminal)
    screen.until(NAMED, at_prompt=True)
    terminal.release(screen.type)
    screen.type("mine")
    screen.until("❯ mine")
    assert terminal.drawings == []
    screen.type("\x15" + CTRL_D)
    assert screen.end() == 0


def test_an_attached_image_is_drawn_and_typing_goes_on(
    server: ItemServer, look: Look, tmp_path: Path
) -> None:
    (tmp_path / "dot.png").write_bytes(png(10, 20))
    terminal = DrawingTerminal(KITTY, before_answers="next")
    screen = look("resume", "demo", "--provider", "wire", "-n", "0", terminal=terminal)
    screen.until(at_prompt=True)
    screen.type(f"/file {tmp_path / 'dot.png'}{ENTER}")
    screen.until("goes with the next message.", "❯ next")
    assert "dot.png (10×20, " in screen.text
    assert [drawing.keys["r"] for drawing in terminal.drawings] == ["1"]
    screen.type("\x15" + CTRL_D)
    assert screen.end() == 0


def test_an_attached_image_is_drawn_below_the_question(
    server: ItemServer, look: Look, tmp_path: Path
) -> None:
    (tmp_path / "dot.png").write_bytes(png(10, 20))
    server.turns.append(streamed(said("A dot.")))
    terminal = DrawingTerminal(KITTY)
    screen = look("resume", "demo", "--provider", "wire", "-n", "0", terminal=terminal)
    screen.say(f"/file {tmp_path / 'dot.png'}")
    screen.until("goes with the next message.", at_prompt=True)
    screen.say("what is this?")
    screen.until("  demo@2", at_prompt=True)
    assert "▌ + dot.png" in screen.text
    assert [drawing.data for drawing in terminal.drawings] == [png(10, 20)] * 2  # attached, and sent
    screen.type(CTRL_D)
    assert screen.end() == 0
    replayed = DrawingTerminal(KITTY)
    look("history", "demo@2", terminal=replayed).end()
    assert [drawing.data for drawing in replayed.drawings] == [png(10, 20)]


def test_an_image_that_arrives_is_drawn(server: ItemServer, look: Look) -> None:
    generated = {**IMAGE, "result": b64encode(PICTURE).decode()}
    server.turns.append(streamed(generated, said("There it is.", id="msg_9")))
    terminal = DrawingTerminal(KITTY, before_answers="more")
    screen = look("resume", "demo", "--provider", "wire", "-n", "0", terminal=terminal)
    screen.say("draw")
    screen.until("There it is.", "❯ more")
    [drawing] = terminal.drawings
    assert drawing.data == PICTURE
    screen.type("\x15" + CTRL_D)
    assert screen.end() == 0
