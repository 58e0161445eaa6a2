"""Questions to the person at the terminal.

Each function checks for one, or is reached only where there is one. Questions go to standard error, so
that standard output holds answers alone.
"""

import sys
from collections.abc import Callable

import click

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Provider
from chatmgr.domain.text import as_sentence
from chatmgr.terminal import line_input
from chatmgr.terminal.console import console
from chatmgr.terminal.sanitize import one_line
from chatmgr.terminal.typeahead import typeahead_paused
from chatmgr.ui.context import app, interactive

_LONGEST_REASON = 200  # characters of what pip says


def confirm(question: str, action: str, *, yes: bool, final: bool = False) -> None:
    """Return if the person agrees, or if ``--yes`` was given.

    ``action`` begins the error where nobody can be asked: “Deleting “plan” …”; ``final`` marks one that
    cannot be undone. A no is an answer, not an error: the command ends with exit code 0.
    """
    if yes:
        return
    if not interactive():
        warning = "cannot be undone and needs confirmation" if final else "needs confirmation"
        raise UsageFault(f"{action} {warning}.", "Add --yes.")
    while True:
        match ask_line(f"{question} [y/N]").lower():
            case "y" | "yes":
                return
            case "" | "n" | "no":
                console.note("Nothing was changed.")
                raise click.exceptions.Exit(0)
            case _:
                console.note("Type y for yes, or n for no.", "")


def ask_line(question: str, default: str | None = "") -> str:
    """A line that the person types, or the default; with no default, the question is asked again.

    The question may quote what a server wrote, and is cleaned. Raises click.Abort on Ctrl-C and at the end of
    the input.
    """
    shown = one_line(f"{question} [{default}]" if default else question)
    while True:
        try:
            with typeahead_paused():
                answer = line_input.ask_line(f"{shown}: ").strip()
        except (EOFError, KeyboardInterrupt):
            raise click.Abort from None
        if answer or default is not None:
            return answer or default or ""


def ask_choice(question: str, keys: str) -> str:
    """One of these keys, pressed without Enter. Raises click.Abort on Ctrl-C, Ctrl-D, Escape and q.

    A key that is pressed after a wrong one, before the question is back, is not taken for part of a message.
    """
    with typeahead_paused():
        while True:
            try:
                pressed = line_input.ask_keystroke(one_line(question) + " ").lower()
            except KeyboardInterrupt:
                pressed = ""
            if pressed in {"", "q", "\x03", "\x04", "\x1b"}:
                click.echo(err=True)
                raise click.Abort
            wanted = "" if pressed.startswith("\x1b") else next((key for key in pressed if key in keys), "")
            click.echo(wanted, err=True)
            if wanted:
                return wanted


def ask_assistant(default: str) -> str:
    """The assistant's name, which is the first question of ``new``: Enter takes the default one."""
    return ask_line("Name of the assistant (Enter: a helpful assistant)", default)


def ask_name() -> str:
    """The name of a new assistant."""
    return ask_line("Name of the assistant", None)


def ask_instructions() -> str:
    """The assistant's instructions; may be empty."""
    return ask_line("Its instructions")


def ask_key(label: str) -> str:
    """A key, typed unseen: the terminal's echo is off before the question is shown."""
    try:
        with typeahead_paused():
            return line_input.ask_secret(f"{label}: ").strip()
    except (EOFError, KeyboardInterrupt):
        raise click.Abort from None


def provider_or_ask(name: str, assistant: str) -> Provider:
    """The provider in the documented order: named, the assistant's, preferred, available.

    Where there is none, a person is offered the ways to get one; a script gets the error that lists them.
    """
    provider = app().providers.choose(name, assistant)
    if provider is not None:
        return provider
    if not interactive():
        raise app().providers.none_error()
    return _offer_providers()


def _offer_providers() -> Provider:
    """Three ways to get a provider, one keystroke each."""
    from chatmgr.services.providers import SETUP_HINTS

    set_up: dict[str, Callable[[], Provider | None]] = {
        "k": _openai_with_key,
        "o": _running_ollama,
        "l": install_local,
    }
    console.note("There is no provider to talk to yet.", "strong")
    for key, description in zip(set_up, SETUP_HINTS, strict=True):
        console.note(f"  [{key}] {description}", "")
    while True:
        try:
            pressed = line_input.ask_keystroke("Which one (k, o, l; q to leave)? ").lower()
        except KeyboardInterrupt:
            raise click.Abort from None
        click.echo(one_line(pressed), err=True)
        if pressed in {"", "q", "\x03", "\x04", "\x1b"}:
            raise app().providers.none_error()
        if pressed in set_up and (provider := set_up[pressed]()):
            return provider


def _openai_with_key() -> Provider | None:
    from chatmgr.config import keys

    key = ask_key("OpenAI key (not shown)")
    console.note(f"The key is kept in {keys.store_key('openai', key)}.")
    return app().providers.get("openai")


def _running_ollama() -> Provider | None:
    from chatmgr.services.providers import is_reachable

    ollama = app().providers.get("ollama")
    if is_reachable(ollama.base_url):
        return ollama
    console.note(f"Nothing answers at {ollama.endpoint}. Start it with: ollama serve", "attention")
    return None


def install_local() -> Provider | None:
    """The embedded model, its engine installed first if need be; None where that failed."""
    from chatmgr.services.local_model import engine_installed

    if not engine_installed():
        console.note("Installing the embedded model's engine…")
        reason = _install_engine()
        if reason or not engine_installed():
            outcome = f"That did not work: {as_sentence(reason)}" if reason else "That did not work."
            console.note(f"{outcome} Type: pip install 'chatmgr[local]'", "attention")
            return None
    return app().providers.get("local")


def _install_engine() -> str:
    """Have pip install the engine of the embedded model; returns in pip's last words why it could not."""
    import subprocess

    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "chatmgr[local]"]
    pip = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    if not pip.returncode:
        return ""
    lines = [line for line in pip.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines or ["pip could not be run"]
    return one_line(errors[-1].removeprefix("ERROR:").strip(), _LONGEST_REASON)
