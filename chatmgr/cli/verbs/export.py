"""``chatmgr export``: conversations for others to read, or for another program to store."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from chatmgr.cli.params import NameParam, all_option
from chatmgr.cli.selection import filter_options
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.services.export import EXTENSIONS, Exporter
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.status import ProgressBar
from chatmgr.ui.context import app

_BUFFER = 65_536  # characters collected before they are written

Keys = Sequence[int]  # of the conversations to export


@click.command("export", short_help="Export conversations: Markdown, JSON, HTML, text.")
@click.argument(
    "names",
    nargs=-1,
    metavar="[NAME[~PATH]]…",
    type=NameParam("address"),
    help="The conversations, or other paths of them.",
)
@all_option
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(EXTENSIONS)),
    help="The format. Default: by the extension of FILE, or md.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE|DIR/",
    help="Write to FILE, or to one file per conversation in DIR/, with an index.",
)
@click.option("--force", is_flag=True, help="Replace files that chatmgr did not write_file.")
@filter_options
def command(
    names: tuple[str, ...],
    everything: bool,
    format_: str | None,
    output: str | None,
    force: bool,
    filters: Filters,
) -> None:
    """Export conversations: by name, by filters, or all of them.

    Writes to standard output unless -o is given; at a terminal, a bar on stderr shows the progress. JSON and
    JSON Lines contain everything that the database knows about a conversation, including attached files, but
    never a key. HTML is one self-contained page, or a folder of pages with a searchable index. The trash is
    not exported.

    \b
    Examples:
      chatmgr export demo > demo.md
      chatmgr export demo~1 > before.md   (another path of demo)
      chatmgr export --tag work --since "last month" -o work/ --format html
      chatmgr export --all --format jsonl -o everything.jsonl
    """
    if not (names or everything or filters != Filters()):
        raise UsageFault("Which conversations?", "Name them, or: chatmgr export --all")
    if names and (everything or filters != Filters()):
        raise UsageFault("Names cannot be combined with --all or filters.", "Use one or the other.")
    format_ = format_ or _format_of(output) or "md"
    with app().reader.snapshot():
        keys = _selected(names, replace(filters, archived=None) if everything else filters)
        if output is None:
            _print(keys, format_)
        else:
            _write(keys, format_, output, force=force)


def _format_of(output: str | None) -> str:
    """The format by a file's extension; empty for a folder or a name without one."""
    path = Path(output or "")
    extension = path.suffix.removeprefix(".").lower()
    if not extension or (output or "").endswith("/") or path.expanduser().is_dir():
        return ""
    formats = {extension: format_ for format_, extension in EXTENSIONS.items()}
    if extension not in formats:
        known = ", ".join(f".{known}" for known in formats)
        raise UsageFault(
            f"“.{extension}” is not the extension of a format. Those are {known}.",
            f"Or name the format: --format {'|'.join(EXTENSIONS)}",
        )
    return formats[extension]


def _selected(names: tuple[str, ...], filters: Filters) -> Keys:
    if not names:
        return app().reader.export.chosen(filters)
    return list(dict.fromkeys(map(_key, names)))


def _key(name: str) -> int:
    """The key of a conversation; for another of its paths, minus the key of the branch that it ends in."""
    conversation = app().paths.find(name) if "~" in name else app().reader.conversations.get(name)
    return -conversation.branch or conversation.pk


def _print(keys: Keys, format_: str) -> None:
    if format_ == "html" and len(keys) != 1:
        raise UsageFault(f"{len(keys):,} conversations do not fit on one page.", "Name a folder: -o DIR/")
    if not keys:
        console.note("No conversation matches.")
    shown = keys if sys.stdout.isatty() else _with_progress(keys)
    for block in _blocks(Exporter(app().reader).pieces(shown, format_)):
        if console.stdout_closed:
            return
        console.write(clean(block) if sys.stdout.isatty() else block)


def _with_progress(keys: Keys) -> Iterator[int]:
    """The keys, with a progress bar on stderr, if that is a terminal, while they are used up."""
    bar = ProgressBar("Exporting", "conversations")
    try:
        for done, key in enumerate(keys):
            bar(done, len(keys))
            yield key
    finally:
        bar(len(keys), len(keys))


def _blocks(pieces: Iterable[str]) -> Iterator[str]:
    """Join pieces into blocks, so that there are fewer writes."""
    block: list[str] = []
    size = 0
    for piece in pieces:
        block.append(piece)
        size += len(piece)
        if size >= _BUFFER:
            yield "".join(block)
            block, size = [], 0
    yield "".join(block)


def _write(keys: Keys, format_: str, output: str, *, force: bool) -> None:
    from chatmgr.formats.atomic_write import write_file

    path = Path(output).expanduser()
    needs_folder = format_ == "html" and len(keys) != 1
    if output.endswith("/") or path.is_dir() or (needs_folder and not path.exists()):
        _write_folder(keys, format_, path, force=force)
    elif needs_folder:
        raise UsageFault(f"{path} is not a folder, and {len(keys):,} conversations do not fit on one page.")
    else:
        write_file(path, Exporter(app().reader).pieces(_with_progress(keys), format_), force=force)
        _report(len(keys), path)


def _write_folder(keys: Keys, format_: str, folder: Path, *, force: bool) -> None:
    """One file for each conversation, then the index."""
    from chatmgr.formats import file_names
    from chatmgr.formats.atomic_write import private_folder, write_file

    exporter = Exporter(app().reader)
    private_folder(folder)
    conversations = map(app().reader.export.conversation_at, keys)
    stems = file_names.unique_file_names(
        (key, conversation.name, conversation.id)
        for key, conversation in zip(keys, conversations, strict=True)
    )
    files = {key: f"{stem}.{EXTENSIONS[format_]}" for key, stem in stems.items()}
    pieces = _pages(exporter) if format_ == "html" else lambda key: exporter.pieces([key], format_)
    for key in _with_progress(list(files)):
        write_file(folder / files[key], pieces(key), force=force)
    name, index = exporter.index(files, format_, datetime.now(UTC))
    write_file(folder / name, index, force=force)
    _report(len(keys), folder / name)


def _pages(exporter: Exporter) -> Callable[[int], Iterator[str]]:
    from chatmgr.formats import transcript_html

    return lambda key: transcript_html.conversation_page(exporter.transcript(key), "index.html")


def _report(count: int, path: Path) -> None:
    console.note(f"{'One conversation' if count == 1 else f'{count:,} conversations'} → {path}")
