"""``chatmgr export``: conversations for others to read, or for another store."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from chatmgr.cli.filters import filter_options
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.filters import Filters
from chatmgr.services.export import EXTENSIONS, Exporter
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean
from chatmgr.ui.context import ConversationName, app

_BUFFER = 65_536  # characters collected before they are written


@click.command("export", short_help="Export conversations: Markdown, JSON, HTML, text.")
@click.argument("names", nargs=-1, metavar="[NAME]…", type=ConversationName(), help="Conversations.")
@click.option("--all", "everything", is_flag=True, help="All conversations, archived ones too.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(EXTENSIONS)),
    help="The format; otherwise what the name of FILE ends in, else md.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE|DIR/",
    help="Where to; into a folder: one file for each conversation, and an index.",
)
@click.option("--force", is_flag=True, help="Replace files that chatmgr did not write.")
@filter_options
def command(
    names: tuple[str, ...],
    everything: bool,
    form: str | None,
    output: str | None,
    force: bool,
    filters: Filters,
) -> None:
    """Export conversations, chosen by name, by filters, or all of them.

    Without -o to standard output. JSON and JSON Lines hold every fact that the database has of a
    conversation, with the files that were sent; never a key. HTML is one page that needs nothing
    else, or a folder of pages with an index to search in. The trash is left out.

    \b
    Examples:
      chatmgr export demo > demo.md
      chatmgr export --tag work --since "last month" -o work/ --format html
      chatmgr export --all --format jsonl -o everything.jsonl
    """
    if not (names or everything or filters != Filters()):
        raise UsageFault("Nothing is chosen to be exported.", "Name conversations, or: chatmgr export --all")
    if names and (everything or filters != Filters()):
        raise UsageFault("Names and --all or filters do not go together.", "Choose one way or the other.")
    form = form or _meant(output) or "md"
    with app().reader.snapshot():
        chosen = _chosen(names, replace(filters, archived=None) if everything else filters)
        if output is None:
            _print(chosen, form)
        else:
            _write(chosen, form, output, force=force)


def _meant(output: str | None) -> str:
    """The format that a file's name ends in; empty where it has no ending, or is a folder's."""
    path = Path(output or "")
    ending = path.suffix.removeprefix(".").lower()
    if not ending or (output or "").endswith("/") or path.expanduser().is_dir():
        return ""
    forms = {extension: form for form, extension in EXTENSIONS.items()}
    if ending not in forms:
        raise UsageFault(
            f"“.{ending}” is the ending of no format: those are {', '.join(f'.{one}' for one in forms)}.",
            f"Or say which: --format {'|'.join(EXTENSIONS)}",
        )
    return forms[ending]


def _chosen(names: tuple[str, ...], filters: Filters) -> list[int]:
    if not names:
        return app().reader.chosen(filters)
    return list(dict.fromkeys(app().reader.conversation(name).pk for name in names))


def _print(chosen: list[int], form: str) -> None:
    if form == "html" and len(chosen) != 1:
        raise UsageFault(f"{len(chosen):,} conversations make no single page.", "Name a folder: -o DIR/")
    if not chosen:
        console.note("No conversation matches.")
    neutral = clean if sys.stdout.isatty() else str
    for block in _blocks(Exporter(app().reader).pieces(chosen, form)):
        if console.stdout_closed:
            return
        console.out(neutral(block), end="")


def _blocks(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces put together, so that each write is worth it."""
    kept: list[str] = []
    size = 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size >= _BUFFER:
            yield "".join(kept)
            kept, size = [], 0
    yield "".join(kept)


def _write(chosen: list[int], form: str, output: str, *, force: bool) -> None:
    from chatmgr.formats.atomic_write import write_file

    path = Path(output).expanduser()
    several = form == "html" and len(chosen) != 1
    if output.endswith("/") or path.is_dir() or (several and not path.exists()):
        _fill(chosen, form, path, force=force)
    elif several:
        raise UsageFault(f"{path} is no folder, and {len(chosen):,} conversations make no single page.")
    else:
        write_file(path, Exporter(app().reader).pieces(chosen, form), force=force)
        _tell(len(chosen), path)


def _fill(chosen: list[int], form: str, folder: Path, *, force: bool) -> None:
    """One file for each conversation, then the index."""
    from chatmgr.formats import file_names
    from chatmgr.formats.atomic_write import private_folder, write_file

    exporter = Exporter(app().reader)
    private_folder(folder)
    known = map(app().reader.conversation_at, chosen)
    extension = EXTENSIONS[form]
    files = file_names.unique_file_names((one.pk, one.name, one.id) for one in known)
    files = {pk: f"{name}.{extension}" for pk, name in files.items()}
    pieces = _pages(exporter) if form == "html" else lambda pk: exporter.pieces([pk], form)
    for pk, file in files.items():
        write_file(folder / file, pieces(pk), force=force)
    name, index = exporter.index(files, form, datetime.now(UTC))
    write_file(folder / name, index, force=force)
    _tell(len(chosen), folder / name)


def _pages(exporter: Exporter) -> Callable[[int], Iterator[str]]:
    from chatmgr.formats import transcript_html

    return lambda pk: transcript_html.conversation_page(exporter.transcript(pk), "index.html")


def _tell(count: int, path: Path) -> None:
    console.note(f"{'One conversation' if count == 1 else f'{count:,} conversations'} → {path}")
