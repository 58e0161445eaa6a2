"""The README's command reference and the manual page, made from ``--help`` itself.

``python -m chatmgr.cli.help.reference`` writes both, and the table in ``completion_table``. Tests hold all three
against the commands, so that they cannot drift apart.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from chatmgr.cli.help import completion_table
from chatmgr.cli.main import cli

BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
_WIDTH = 96


def contexts(command: click.Command = cli, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Every command, open for questions, in the order of ``--help``."""
    name = command.name or "" if parent else "chatmgr"
    settings = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    with click.Context(command, info_name=name, parent=parent, **settings) as ctx:
        yield ctx
        if isinstance(command, click.Group):
            for each in command.list_commands(ctx):
                if found := command.get_command(ctx, each):
                    yield from contexts(found, ctx)


def pages() -> Iterator[tuple[str, str]]:
    """Every command's path and help."""
    for ctx in contexts():
        yield ctx.command_path, ctx.command.get_help(ctx)


def render() -> str:
    """The reference as Markdown: one folded section a command."""
    parts = []
    for path, text in pages():
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        parts.append(
            f"<details><summary><code>{path}</code></summary>\n\n```text\n{lines}\n```\n\n</details>"
        )
    return "\n".join(parts)


def placed(readme: str) -> str:
    """A README with the reference between its two marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render()}\n{END}{after}"


if __name__ == "__main__":
    completion_table.write()
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "README.md")
    target.write_text(placed(target.read_text(encoding="utf-8")), encoding="utf-8")
    from chatmgr.cli.help import man_page

    target.with_name("chatmgr.1").write_text(man_page.render(), encoding="ascii")
