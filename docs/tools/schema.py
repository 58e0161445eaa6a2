"""Draws the tables as ``docs/schema.svg``: ``python docs/tools/schema.py``; ``--check`` only compares.

The picture is made from a database that the migrations have just built, so it shows what is there and not
what somebody meant. A new table must be given its place in ``COLUMNS``.
"""

import html
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "docs" / "schema.svg"

COLUMNS = (
    ("assistants", "assistant_versions", "remote_assistants", "meta", "deletions", "exchanges"),
    ("conversations", "threads", "tags", "journal", "sources"),
    ("branches", "path_segments", "turns", "runs", "answer_parts"),
    ("messages", "items", "attachments", "blobs", "remote_files"),
)
# Alembic's own table and the parts of the full-text index: words.*, grams.*
_LEFT_OUT = ("alembic_version", "words", "grams")
_WIDTH, _GAP, _ROW, _HEAD, _MARGIN, _SPACE = 220, 76, 18, 26, 20, 26


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `target` names the table that it refers to, if any."""

    name: str
    kind: str
    required: bool
    primary: bool
    target: str


@dataclass(frozen=True, slots=True)
class Box:
    """A table and the place of its upper left corner."""

    name: str
    rows: tuple[Column, ...]
    x: int
    y: int
    column: int

    @property
    def height(self) -> int:
        """How tall the box is, in pixels."""
        return _HEAD + _ROW * len(self.rows) + 8

    def row(self, index: int) -> int:
        """The middle of a row."""
        return self.y + _HEAD + _ROW * index + 12


def main() -> int:
    """Draw, or compare with what is kept; 1 if the picture is out of date."""
    picture = draw(tables())
    if "--check" not in sys.argv:
        TARGET.write_text(picture, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == picture:
        return 0
    print("docs/schema.svg is out of date. Run: python docs/tools/schema.py", file=sys.stderr)
    return 1


def tables() -> dict[str, tuple[Column, ...]]:
    """Every table of a new database, by name."""
    with tempfile.TemporaryDirectory(prefix="chatmgr-schema-") as home:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("CHATMGR_")}
        subprocess.run(
            [sys.executable, "-m", "chatmgr", "db", "upgrade"],
            env={**kept, "CHATMGR_HOME": home},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        with closing(sqlite3.connect(Path(home) / "chatmgr.db")) as database:
            names = [
                row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            return {name: _columns(database, name) for name in names if not name.startswith(_LEFT_OUT)}


def _columns(database: sqlite3.Connection, table: str) -> tuple[Column, ...]:
    targets = {row[3]: row[2] for row in database.execute(f"PRAGMA foreign_key_list({table})")}
    return tuple(
        Column(name, kind.lower(), bool(required), bool(primary), targets.get(name, ""))
        for _, name, kind, required, _, primary in database.execute(f"PRAGMA table_info({table})")
    )


def draw(found: dict[str, tuple[Column, ...]]) -> str:
    """The picture: arrows first, so that the boxes lie on top of them."""
    placed = {name for column in COLUMNS for name in column}
    if placed != set(found):
        raise SystemExit(f"COLUMNS in {Path(__file__).name} differs from the tables: {placed ^ set(found)}")
    boxes = {box.name: box for box in _boxes(found)}
    width = max(box.x for box in boxes.values()) + _WIDTH + 3 * _MARGIN
    height = max(box.y + box.height for box in boxes.values()) + _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" font-family="ui-monospace,Menlo,Consolas,\'DejaVu Sans Mono\','
            f'monospace" font-size="12">',
            "<title>The tables of chatmgr and their references</title>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0L8 4L0 8z" fill="#8a8fa3"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *(arrow for box in boxes.values() for arrow in _arrows(box, boxes)),
            *(line for box in boxes.values() for line in _drawn(box)),
            "</svg>",
            "",
        ]
    )


def _boxes(found: dict[str, tuple[Column, ...]]) -> Iterator[Box]:
    for index, names in enumerate(COLUMNS):
        y = _MARGIN
        for name in names:
            box = Box(name, found[name], _MARGIN + index * (_WIDTH + _GAP), y, index)
            yield box
            y += box.height + _SPACE


def _arrows(box: Box, boxes: dict[str, Box]) -> Iterator[str]:
    """From each reference to the head of the table that it names."""
    for index, column in enumerate(box.rows):
        if not column.target:
            continue
        target = boxes[column.target]
        start, end = box.row(index), target.y + _HEAD // 2
        if target.column < box.column:
            left, right = box.x, target.x + _WIDTH + 2
            bend = max(40, (left - right) // 2)
            path = f"M{left} {start}C{left - bend} {start} {right + bend} {end} {right} {end}"
        else:
            edge = box.x + _WIDTH
            path = f"M{edge} {start}C{edge + 48} {start} {edge + 48} {end} {edge + 2} {end}"
        yield f'<path d="{path}" fill="none" stroke="#8a8fa3" stroke-width="1.3" marker-end="url(#arrow)"/>'


def _drawn(box: Box) -> Iterator[str]:
    yield (
        f'<rect x="{box.x}" y="{box.y}" width="{_WIDTH}" height="{box.height}" rx="5" fill="#f7f8fb" '
        f'stroke="#5c6384"/>'
    )
    yield (
        f'<path d="M{box.x} {box.y + _HEAD}h{_WIDTH}" stroke="#5c6384"/><text x="{box.x + 9}" '
        f'y="{box.y + 18}" font-weight="bold" fill="#22263a">{html.escape(box.name)}</text>'
    )
    for index, column in enumerate(box.rows):
        y = box.row(index) + 4
        weight = ' font-weight="bold"' if column.primary else ""
        kind = column.kind + ("" if column.required else "?")
        yield (
            f'<text x="{box.x + 9}" y="{y}" fill="#22263a"{weight}>{html.escape(column.name)}</text>'
            f'<text x="{box.x + _WIDTH - 9}" y="{y}" text-anchor="end" fill="#7b8099" font-size="10">'
            f"{html.escape(kind)}</text>"
        )


if __name__ == "__main__":
    sys.exit(main())
