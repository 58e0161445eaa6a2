"""``chatmgr thread``: the remote counterparts of conversations."""

import sys
from shlex import quote
from typing import Any

import click

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Conversation, ThreadRef
from chatmgr.domain.names import slug, valid_name
from chatmgr.services.turns import visible_thread_id
from chatmgr.terminal import tables
from chatmgr.terminal.console import console
from chatmgr.ui.context import AssistantName, ConversationName, ProviderName, app, json_option
from chatmgr.ui.json_output import print_json
from chatmgr.ui.prompts import provider_or_ask
from chatmgr.ui.turn_view import settle


@click.group("thread", short_help="Adopt, sync and show remote threads.")
def command() -> None:
    """Remote threads: what a provider keeps of a conversation. A cache; the transcript is the truth.

    \b
    Examples:
      chatmgr thread show demo
      chatmgr thread adopt thread_abc123 old-plans --provider azure
    """


@command.command("adopt")
@click.argument("thread", help="The thread's id at the provider: conv_… or thread_….")
@click.argument("name", help="The conversation's name.")
@click.option("--provider", type=ProviderName(), default="", help="Where the thread is.")
@click.option(
    "-a", "--assistant", type=AssistantName(), help="The assistant to go on with; a new one if left out."
)
def adopt(thread: str, name: str, provider: str, assistant: str | None) -> None:
    """Make a conversation of a thread that exists on a server, with all its messages.

    \b
    Example:
      chatmgr thread adopt thread_abc123 old-plans --provider azure
    """
    found = app()
    name = valid_name("conversation", name)
    chosen = found.providers.usable(provider_or_ask(provider, ""))
    if found.reader.find_conversation(name):
        raise UsageFault(f"There is a conversation “{name}” already.", "Choose another name.")
    persona = found.reader.assistant(assistant) if assistant else None
    turns = found.threads.fetch_turns(thread, chosen)
    if persona is None:
        label = slug(name, [one.name for one in found.reader.assistants()])
        found.writer.create_assistant(label, "", "", chosen.name, {})
        persona = found.reader.assistant(label)
    found.threads.create_from_thread(name, persona.id, chosen, thread, turns)
    count = f"{len(turns)} turn{'' if len(turns) == 1 else 's'}"
    console.note(f"“{name}” has the thread's {count}. Go on: chatmgr resume {quote(name)}")


@command.command("sync")
@click.argument("name", type=ConversationName(), help="The conversation.")
def sync(name: str) -> None:
    """Fetch what others added to a conversation's remote thread.

    \b
    Example:
      chatmgr thread sync demo
    """
    conversation = app().reader.conversation(name)
    settle(conversation)
    new = app().threads.sync(conversation)
    console.note(f"“{conversation.name}” has {new} new turn{'' if new == 1 else 's'}.")


@command.command("show")
@click.argument("name", type=ConversationName(), help="The conversation.")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a conversation's thread at each provider, and how far it is in step.

    \b
    Examples:
      chatmgr thread show demo
      chatmgr thread show demo --json
    """
    conversation = app().reader.conversation(name)
    rows = [_facts(conversation, *one) for one in app().reader.threads(conversation.pk)]
    if as_json:
        for row in rows:
            print_json(row)
        return
    head = ("PROVIDER", "THREAD", "IN STEP TO", "STATE", "")
    cells = (
        (
            row["provider"],
            row["thread_id"] or "—",
            f"{row['synced']} of {row['turns']}",
            f"{row['behind']} behind" if row["state"] == "behind" else row["state"],
            "the next turn goes here" if row["current"] else "",
        )
        for row in rows
    )
    for line in tables.table(head, cells, terminal=sys.stdout.isatty()):
        console.out(line)
    if not rows:
        console.note(
            f"“{conversation.name}” has no remote thread; its next turn creates one where there are such."
        )


def _facts(conversation: Conversation, provider: str, endpoint: str, thread: ThreadRef) -> dict[str, Any]:
    """The documented shape of a thread."""
    behind = len(app().reader.history(conversation.pk, conversation.turns + 1, thread.synced)) // 2
    kept = bool(visible_thread_id(thread.remote_id))
    state = "behind" if behind else "in step"
    if not kept:
        state = "keeps no threads"
    elif thread.doubtful:
        state = "in doubt"
    return {
        "conversation": conversation.name,
        "provider": provider,
        "base_url": endpoint,
        "thread_id": visible_thread_id(thread.remote_id) or None,
        "synced": thread.synced,
        "turns": conversation.turns,
        "behind": behind if kept else None,
        "state": state,
        "current": provider == conversation.provider,
    }
