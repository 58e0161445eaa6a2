"""Where every verb and the chat begin: this process's application, and what its terminal allows."""

import sys
from functools import cache

import click

from chatmgr.config import paths
from chatmgr.domain.errors import ChatmgrError
from chatmgr.services.app import App
from chatmgr.store.location import sqlite_path
from chatmgr.terminal.console import console
from chatmgr.terminal.markdown import wants_markdown
from chatmgr.terminal.status import ProgressBar
from chatmgr.terminal.theme import Look, choose_look

PLAIN = "chatmgr.plain"  # where Click's context keeps whether --plain was given


@cache
def app() -> App:
    """This process's application, made when it is first asked for."""
    application = App(
        progress=ProgressBar("Fetching the model", then="Unpacking and checking the model…"),
        announce=announce,
    )
    choose_look(lambda: _look(application))
    return application


def _look(application: App) -> Look:
    """What the settings say of how text looks; the default where they cannot be read."""
    try:
        settings = application.settings
    except ChatmgrError:
        return Look()
    return Look(
        theme=str(settings.get("theme")),
        prose_width=int(settings.get("prose_width")),
        code_frame=bool(settings.get("code_frame")),
    )


def announce(text: str) -> None:
    """Say what is waited for."""

    console.note(text, "attention")


def close_app() -> None:
    """Close the database, if it was opened."""
    if app.cache_info().currsize:
        app().close()


def empty_suffix() -> str:
    """“yet”, for a message that there is nothing; with the path, if the user chose one that has no file."""
    path = sqlite_path(app().url)
    return f"yet in {path}" if path and paths.is_location_overridden() and not path.exists() else "yet"


def interactive() -> bool:
    """Whether a person can be asked: standard input and standard error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def markdown() -> bool:
    """Whether answers are rendered: at a terminal, unless --plain or the setting says otherwise."""
    return sys.stdout.isatty() and wants_markdown(sys.stdout, plain=wants_plain())


def wants_plain() -> bool:
    """Whether the person asked for plain text, by ``--plain`` or the setting."""
    return bool(click.get_current_context().meta.get(PLAIN) or app().settings.get("plain"))
