"""``chatmgr ask``: one question and its answer, in a new conversation or the one used last."""

import click

from chatmgr.cli.messages import MessageCommand, checked_message, message_from, read_stdin
from chatmgr.cli.model_params import params_from
from chatmgr.cli.params import (
    NameParam,
    background_option,
    continue_option,
    file_option,
    first_model_option,
    first_provider_option,
    instructions_option,
    json_option,
    max_cost_option,
    params_option,
    plain_option,
    reasoning_option,
)
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import UserMessage
from chatmgr.services import budget
from chatmgr.services.attachments import check_files
from chatmgr.terminal.console import console
from chatmgr.ui.attachments import attachments
from chatmgr.ui.context import app
from chatmgr.ui.new_conversation import WhoAnswers, create_conversation
from chatmgr.ui.project_folder import last_conversation, record_use
from chatmgr.ui.turn_view import adjust, send


@click.command("ask", cls=MessageCommand, short_help="Ask a question, in a new conversation or the last one.")
@click.argument("message", required=False, help="The question. Piped input comes before it.")
@continue_option
@click.option("-n", "--name", help="The new conversation's name. Default: made from the question.")
@click.option(
    "-a",
    "--assistant",
    type=NameParam("assistant"),
    help="The assistant that answers. Default: the one called default.",
)
@instructions_option
@first_model_option
@first_provider_option
@params_option
@file_option
@click.option("--wait", is_flag=True, help="With -c: wait if another process is running a turn there.")
@background_option
@max_cost_option
@reasoning_option
@plain_option
@json_option
def command(
    message: str | None,
    go_on: bool,
    name: str | None,
    assistant: str | None,
    instructions: str | None,
    model: str,
    provider: str,
    params: tuple[str, ...],
    files: tuple[str, ...],
    wait: bool,
    background: bool,
    max_cost: float | None,
    reasoning: bool,
    as_json: bool,
) -> None:
    """Ask a question and print only the answer to stdout.

    The question and its answer are kept in a new conversation that is named after the question; a line on
    stderr tells its name. Nothing is asked back, and nothing has to be set up but a provider.

    \b
    Examples:
      chatmgr ask "What is the capital of Peru?"
      chatmgr ask -c "And of Chile?"   (goes on in the same conversation)
      git diff | chatmgr ask "What could break?"
      chatmgr ask -n trip -f plan.pdf "What is missing?"
    """
    if go_on and (name is not None or assistant is not None or instructions is not None or params):
        raise UsageFault(
            "-c goes on with a conversation that has a name and an assistant.",
            "Leave out -c, or -n, -a, -i and --param.",
        )
    attached = attachments(files)
    text = message_from(message, "" if "-" in files else read_stdin())
    if not text and message is None:
        raise UsageFault("The question is missing.", 'Type: chatmgr ask "QUESTION" — or pipe it in.')
    user_message = UserMessage(checked_message(text), attached, background)
    if go_on:
        _go_on(user_message, provider, model, max_cost, wait=wait, as_json=as_json, reasoning=reasoning)
        return
    who = WhoAnswers(assistant, instructions, model, provider, params_from(params))
    new = create_conversation(name, message or text, who, attached, budget.limit_from(max_cost or 0))
    new.run_first_turn(user_message, as_json=as_json, reasoning=reasoning)


def _go_on(
    message: UserMessage,
    provider: str,
    model: str,
    max_cost: float | None,
    *,
    wait: bool,
    as_json: bool,
    reasoning: bool,
) -> None:
    """Ask in the conversation that was used last, and say which one that is."""
    conversation = last_conversation(here=False)
    check_files(app().providers.get(provider or conversation.provider), message.attachments)
    conversation = adjust(conversation, provider, model, max_cost)
    record_use(conversation)
    console.note(f"Going on with “{conversation.name}”.")
    send(conversation, message, wait=wait, as_json=as_json, reasoning=reasoning)
