"""``chatmgr db backup``: a copy of the database, in a file of your choice or one of several in a folder."""

from pathlib import Path

import click

from chatmgr.cli.params import json_option
from chatmgr.domain.errors import UsageFault
from chatmgr.store import migrate
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import clean
from chatmgr.terminal.status import ProgressBar
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json


@click.command("backup")
@click.argument(
    "file",
    required=False,
    type=click.Path(path_type=Path),
    help="The copy. Default: a dated file in the data folder.",
)
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Make a dated copy in this folder, and check it.",
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep the newest N backups there, and remove older ones.",
)
@json_option
def command(file: Path | None, folder: Path | None, keep: int | None, as_json: bool) -> None:
    """Copy the database, even while it is in use, and print the copy's path.

    At a terminal, a bar on stderr shows how far the copy is. With --to, the copy is checked when it is
    written; only then, and only with --keep, older backups in that folder are removed. A PostgreSQL database
    becomes a SQLite file, which chatmgr db copy brings back.

    \b
    Examples:
      chatmgr db backup
      chatmgr db backup /mnt/disk/chatmgr.db
      chatmgr db backup --to /mnt/disk/backups --keep 30
    """
    if file and (folder or keep):
        raise UsageFault("A file has one name: --to and --keep are for folders.", "Leave one of them out.")
    removed: list[Path] = []
    if file:
        copy = migrate.backup(app().url, target=file, progress=ProgressBar("Copying"))
    else:
        from chatmgr.store.backups import backup_to

        copy, removed = backup_to(app().url, folder, ProgressBar("Copying"), keep or 0)
    if as_json:
        size = copy.stat().st_size
        print_json({"backup": str(copy), "bytes": size, "removed": [str(path) for path in removed]})
        return
    console.out(clean(str(copy)))
    for path in removed:
        console.note(f"Removed an older one: {clean(str(path))}")
