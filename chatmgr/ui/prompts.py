"""Questions to a person at a terminal; nothing here is reached without one."""

import subprocess
import sys

import click

from chatmgr.domain.model import Provider
from chatmgr.services.local_model import engine_installed
from chatmgr.services.providers import SETUP_HINTS, is_reachable
from chatmgr.terminal.console import console
from chatmgr.ui.context import app, interactive


def ask_name() -> str:
    """The assistant's name, as every Assistants walk-through begins."""
    return str(click.prompt("Name of the assistant", err=True))


def ask_instructions() -> str:
    """The assistant's instruction set; empty is allowed."""
    return str(click.prompt("Its instructions", default="", show_default=False, err=True))


def ask_key(label: str) -> str:
    """A key, typed unseen: the terminal is deaf to its own keys before the question is shown."""
    from getpass import getpass

    try:
        return getpass(f"{label}: ", stream=None).strip()
    except EOFError:
        raise click.Abort from None


def provider_or_ask(named: str, assistant: str) -> Provider:
    """The provider by the documented order; at a terminal, an offer where there is none."""
    found = app().providers.choose(named, assistant)
    if found is not None:
        return found
    if not interactive():
        raise app().providers.none_error()
    return _offer()


def _offer() -> Provider:
    """Three ways to have a provider, one keystroke each."""
    console.note("There is no provider to talk to yet.", "bold")
    for key, way in zip("kol", SETUP_HINTS, strict=True):
        console.note(f"  [{key}] {way}", "")
    while True:
        click.echo("Which one (k, o, l; q to leave)? ", nl=False, err=True)
        pressed = click.getchar().lower()
        click.echo(pressed, err=True)
        if pressed in {"q", "\x03", "\x04", "\x1b"}:
            raise app().providers.none_error()
        if found := {"k": _with_key, "o": _with_ollama, "l": with_local}.get(pressed, lambda: None)():
            return found


def _with_key() -> Provider | None:
    from chatmgr.config import keys

    key = ask_key("OpenAI key (not shown)")
    console.note(f"Kept in {keys.store_key('openai', key)}.")
    return app().providers.get("openai")


def _with_ollama() -> Provider | None:
    provider = app().providers.get("ollama")
    if is_reachable(provider.base_url):
        return provider
    console.note(f"Nothing is_reachable at {provider.base_url}. Start it with: ollama serve", "yellow")
    return None


def with_local() -> Provider | None:
    """The embedded model, its engine installed where it is missing; None where that failed."""
    if not engine_installed():
        console.note("Installing the embedded model's engine (34 MB)…")
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "chatmgr[local]"],
            check=False,
            stdout=sys.stderr,
        )
        if done.returncode or not engine_installed():
            console.note("That did not work. Type: pip install 'chatmgr[local]'", "yellow")
            return None
    return app().providers.get("local")
