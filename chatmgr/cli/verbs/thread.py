"""``chatmgr thread``: the remote counterparts of conversations."""

import sys
from shlex import quote
from typing import Any

import click

from chatmgr.cli.params import NameParam, json_option
from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.events import visible_thread_id
from chatmgr.domain.model import Assistant, Conversation, Provider
from chatmgr.domain.names import slug, valid_name
from chatmgr.domain.redaction import safe_url
from chatmgr.domain.remote import ThreadRef
from chatmgr.domain.text import counted
from chatmgr.terminal import list_tables
from chatmgr.terminal.console import console
from chatmgr.ui.context import app
from chatmgr.ui.json_output import print_json
from chatmgr.ui.prompts import provider_or_ask
from chatmgr.ui.turn_view import settle


@click.group("thread", short_help="Adopt, sync and show remote threads.")
def command() -> None:
    """Remote threads: a provider's copies of conversations. The transcript kept here is what counts.

    \b
    Examples:
      chatmgr thread show demo
      chatmgr thread adopt thread_abc123 old-plans --provider azure
    """


@command.command("adopt")
@click.argument("thread", help="The thread's id at the provider: conv_… or thread_….")
@click.argument("name", help="The conversation's name.")
@click.option("--provider", type=NameParam("provider"), default="", help="The provider that has the thread.")
@click.option(
    "-a",
    "--assistant",
    type=NameParam("assistant"),
    help="The assistant to continue with. Default: a new one.",
)
def adopt(thread: str, name: str, provider: str, assistant: str | None) -> None:
    """Create a conversation from a thread on a server, with all its messages.

    \b
    Example:
      chatmgr thread adopt thread_abc123 old-plans --provider azure
    """
    name = valid_name("conversation", name)
    endpoint = app().providers.usable(provider_or_ask(provider, ""))
    if app().reader.conversations.find(name):
        raise UsageFault(f"There is a conversation “{name}” already.", "Choose another name.")
    known = app().reader.assistants.get(assistant) if assistant else None
    turns = app().threads.fetch_turns(thread, endpoint)
    used = known or _blank_assistant(name, endpoint)
    app().threads.create_from_thread(name, used.id, endpoint, thread, turns)
    console.note(
        f"“{name}” has the thread's {counted(len(turns), 'turn')}. Go on: chatmgr resume {quote(name)}"
    )


def _blank_assistant(conversation: str, provider: Provider) -> Assistant:
    """A new assistant without instructions, named after the conversation."""
    name = slug(conversation, [assistant.name for assistant in app().reader.assistants.list()])
    app().writer.assistants.create(name, "", "", provider.name, {})
    return app().reader.assistants.get(name)


@command.command("sync")
@click.argument("name", type=NameParam("conversation"), help="The conversation.")
def sync(name: str) -> None:
    """Fetch messages that others added to a conversation's remote thread.

    \b
    Example:
      chatmgr thread sync demo
    """
    conversation = app().reader.conversations.get(name)
    settle(conversation)
    new = app().threads.sync(conversation)
    console.note(f"“{conversation.name}” has {counted(new, 'new turn')}.")


@command.command("show")
@click.argument("name", type=NameParam("conversation"), help="The conversation.")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a conversation's thread at each provider, and how many turns it holds.

    \b
    Examples:
      chatmgr thread show demo
      chatmgr thread show demo --json
    """
    conversation = app().reader.conversations.get(name)
    threads = [_facts(conversation, *row) for row in app().reader.threads.list(conversation.pk)]
    if as_json:
        for thread in threads:
            print_json(thread)
        return
    head = ("PROVIDER", "THREAD", "IN STEP TO", "STATE", "")
    rows = (
        (
            thread["provider"],
            thread["thread_id"] or "—",
            f"{thread['synced']} of {thread['turns']}",
            f"{thread[thread['state']]} {thread['state']}" if thread["state"] in _APART else thread["state"],
            "the next turn goes here" if thread["current"] else "",
        )
        for thread in threads
    )
    for line in list_tables.table(head, rows, terminal=sys.stdout.isatty()):
        console.out(line)
    if not threads:
        console.note(
            f"“{conversation.name}” has no remote thread; its next turn creates one if its provider has any."
        )


_APART = ("behind", "ahead")  # states that are counted in turns


def _address(provider: str) -> str:
    """Where a provider is now; empty for one that is no longer configured."""
    try:
        return app().providers.get(provider).endpoint
    except NotFound:
        return ""


def _facts(conversation: Conversation, provider: str, endpoint: str, thread: ThreadRef) -> dict[str, Any]:
    """The documented shape of a thread."""
    behind = len(app().reader.turns.context(conversation.pk, conversation.turns + 1, thread.synced)) // 2
    stored = bool(visible_thread_id(thread.remote_id))
    state = "behind" if behind else "in step"
    if not stored:
        state = "keeps no threads"
    elif thread.ahead:
        state = "ahead"
    elif thread.doubtful:
        state = "in doubt"
    return {
        "conversation": conversation.name,
        "provider": provider,
        "base_url": safe_url(endpoint),
        "thread_id": visible_thread_id(thread.remote_id) or None,
        "synced": thread.synced,
        "turns": conversation.turns,
        "behind": behind if stored else None,
        "ahead": thread.ahead if stored else None,
        "state": state,
        "current": (provider, endpoint) == (conversation.provider, _address(provider)),
    }
