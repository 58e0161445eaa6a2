"""Records a real session and draws it as ``docs/terminal.svg``: ``python docs/tools/terminal.py``.

Each command runs at a pseudo-terminal in an empty home, and every byte it prints goes through a terminal
emulator. What the emulator shows at the end is the picture; nothing in it is written by hand. The answers
come from the embedded model, so they differ from one recording to the next: look before you commit.
Needs the ``dev`` and ``local`` dependencies, and ``--weights FILE`` where nothing should be downloaded.
"""

import argparse
import html
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pexpect
import pyte
from pyte.screens import Char

TARGET = Path(__file__).parents[1] / "terminal.svg"
COLUMNS, ROWS = 92, 60
SECONDS = 120.0
PROMPT = "\x1b[1;32m$\x1b[0m "
CHAT_PROMPT = "❯"

# A command, and the lines that are typed into it once it shows the chat's prompt.
SESSION: tuple[tuple[str, tuple[str, ...]], ...] = (
    ('chatmgr new demo --provider local -i "You are brief." "What is the capital of France?"', ()),
    ("chatmgr resume demo", ("Write hello world in Python.", "/exit")),
    ("chatmgr history demo@-1 --code", ()),
    ("chatmgr history", ()),
    ("chatmgr history -q capital", ()),
)

_CELL_WIDTH, _LINE_HEIGHT, _MARGIN, _TITLE_HEIGHT = 8.4, 18, 16, 28
_BACKGROUND, _FOREGROUND = "#1e1e2e", "#d9dbe4"
_NAMED_COLOURS = {
    "black": "#45475a",
    "red": "#f38ba8",
    "green": "#8fd694",
    "brown": "#f2c97d",
    "blue": "#89b4fa",
    "magenta": "#d6a4e8",
    "cyan": "#7fd6d6",
    "white": "#bac2de",
    "brightblack": "#7f849c",
}


class Terminal(pyte.Screen):
    """A screen that answers a program's questions, such as where the cursor is."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, ROWS)
        self.child: pexpect.spawn[str] | None = None

    def write_process_input(self, data: str) -> None:
        if self.child is not None:
            self.child.send(data)


def main() -> None:
    """Record the session and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--weights", type=Path, help="The embedded model's weights, if they are here already."
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chatmgr-record-") as folder:
        home = Path(folder)
        if options.weights:
            (home / "models").mkdir()
            (home / "models" / options.weights.name).symlink_to(options.weights.resolve())
        TARGET.write_text(draw(record(home)), encoding="utf-8")
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes", file=sys.stderr)


def record(home: Path) -> pyte.Screen:
    """Run the session in an empty home; returns the terminal as it stands at the end."""
    screen = Terminal()
    stream = pyte.Stream(screen)
    for command, lines in SESSION:
        stream.feed(f"{PROMPT}{command}\r\n")
        _run(command, lines, home, screen, stream)
        stream.feed("\r\n")
    return screen


def _run(command: str, lines: tuple[str, ...], home: Path, screen: Terminal, stream: pyte.Stream) -> None:
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith(("CHATMGR_", "OPENAI_"))
    }
    environment |= {"CHATMGR_HOME": str(home), "TERM": "xterm-256color", "PAGER": "cat"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "chatmgr", *shlex.split(command)[1:]],
        env=environment,
        dimensions=(ROWS, COLUMNS),
        encoding="utf-8",
        timeout=SECONDS,
    )
    screen.child = child
    waiting, deadline = list(lines), time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            stream.feed(child.read_nonblocking(65536, timeout=0.2))
        except pexpect.TIMEOUT:
            if waiting and screen.display[screen.cursor.y].rstrip() == CHAT_PROMPT:
                child.send(waiting.pop(0) + "\r")
        except pexpect.EOF:
            return
    raise TimeoutError(f"no end of: {command}")


def draw(screen: pyte.Screen) -> str:
    """The screen as SVG: one text element per line, one span per run of equal style."""
    rows = [[screen.buffer[row][column] for column in range(COLUMNS)] for row in range(ROWS)]
    while rows and not "".join(cell.data for cell in rows[-1]).strip():
        rows.pop()
    width = round(COLUMNS * _CELL_WIDTH + 2 * _MARGIN)
    height = _TITLE_HEIGHT + len(rows) * _LINE_HEIGHT + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img">',
        "<title>A chatmgr session in a terminal</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{_BACKGROUND}"/>',
        *(
            f'<circle cx="{_MARGIN + 6 + 18 * index}" cy="18" r="6" fill="{colour}"/>'
            for index, colour in enumerate(("#f38ba8", "#f2c97d", "#8fd694"))
        ),
        f'<g font-family="ui-monospace,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" font-size="14" '
        f'fill="{_FOREGROUND}">',
    ]
    for index, row in enumerate(rows):
        baseline = _TITLE_HEIGHT + _MARGIN + index * _LINE_HEIGHT + 13
        parts.extend(_line(row, baseline))
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _line(row: list[Char], baseline: int) -> Iterator[str]:
    """Runs of equal style, each at its own column: no font's own widths can move them."""
    column = 0
    for style, cells in groupby(row, key=_style):
        text = "".join(cell.data for cell in cells)
        length = len(text)
        shown = text.strip()
        if shown:
            left = len(text) - len(text.lstrip())
            x = round(_MARGIN + (column + left) * _CELL_WIDTH, 1)
            fitted = round(len(shown) * _CELL_WIDTH, 1)
            escaped = html.escape(shown, quote=False).replace(" ", "\N{NO-BREAK SPACE}")
            yield f'<text x="{x}" y="{baseline}" textLength="{fitted}"{style}>{escaped}</text>'
        column += length


def _style(cell: Char) -> str:
    """The attributes of a cell's text. Reversed cells are shown in the colour alone."""
    colour = _colour(cell.fg)
    return (
        (f' fill="{colour}"' if colour else "")
        + (' font-weight="bold"' if cell.bold else "")
        + (' font-style="italic"' if cell.italics else "")
        + (' text-decoration="underline"' if cell.underscore else "")
    )


def _colour(name: str) -> str:
    if name == "default":
        return ""
    return _NAMED_COLOURS.get(name, f"#{name}" if len(name) == 6 else "")


if __name__ == "__main__":
    main()
