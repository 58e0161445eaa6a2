"""Who answers: the conversation's assistant and its instructions."""

from chatmgr.chat import offers
from chatmgr.chat.choosing import Offer
from chatmgr.chat.commands.group import CommandGroup
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import NotFound, UsageFault
from chatmgr.domain.model import Assistant
from chatmgr.domain.text import valid_text
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.terminal.sanitize import clean
from chatmgr.ui.attachments import instructions_from
from chatmgr.ui.context import app

_HEADING = "Assistant"


class AssistantCommands(CommandGroup):
    """``/assistant`` and ``/system``; changes apply from the next turn on."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/assistant",
                "[NAME]",
                "switch to an assistant; without a name, pick one",
                _HEADING,
                self._assistant,
                "assistant",
            ),
            Command(
                "/system",
                "[TEXT|@FILE|-e]",
                "change the instructions for this conversation; -e opens the editor; without text, show them",
                _HEADING,
                self._system,
            ),
        )

    def _assistant(self, typed: str) -> None:
        conversation = self._conversation
        current = app().reader.assistants.of(conversation.pk)
        offer = offers.assistants(current)
        new = _named(typed, offer) if typed else offer.pick()
        if new is None:
            return
        if new.id == current.id:
            console.note(f"“{conversation.name}” is with {new.name} already.")
            return
        brings_model = bool(new.model) and new.provider in {"", conversation.provider}
        app().writer.assistants.use(conversation.pk, new.id, own_model=not brings_model)
        self._session.refresh()
        model = app().turns.model_of(self._session.conversation)
        endpoint = f"{conversation.provider}, {model}" if model else conversation.provider
        console.note(f"“{conversation.name}” goes on with {new.name}, version {new.version}, at {endpoint}.")
        if new.provider not in {"", conversation.provider}:
            console.note(f"{new.name} was made for {new.provider}. To go on there: /provider {new.provider}")

    def _system(self, typed: str) -> None:
        conversation = self._conversation
        with app().reader as reader:
            old = reader.assistants.of(conversation.pk)
        if not typed:
            if old.instructions:
                console.out(clean(old.instructions))
            else:
                console.note("No instructions. Give some: /system TEXT")
            return
        instructions = valid_text(
            _edited(old) if typed == "-e" else instructions_from(typed), what="instruction set"
        )
        if instructions == old.instructions:
            console.note("Nothing changed.")
            return
        copied = app().writer.assistants.instruct(conversation.pk, conversation.name, old, instructions)
        self._session.refresh()
        new = app().reader.assistants.of(conversation.pk)
        if copied:
            console.note(
                f"In force from the next turn on, as “{new.name}”, a copy of {old.name}, which is unchanged."
            )
        else:
            console.note(f"In force from the next turn on, as version {new.version} of {new.name}.")


def _named(typed: str, offer: Offer[Assistant]) -> Assistant | None:
    """The assistant of a name, or what is picked of those like it; None if the person leaves the list."""
    try:
        return app().reader.assistants.get(typed)
    except NotFound as error:
        return offer.meant(typed, otherwise=error)


def _edited(assistant: Assistant) -> str:
    """The instructions as the person leaves them in the editor."""
    from chatmgr.ui.external_editor import edit_text

    if not can_edit_lines():
        raise UsageFault("There is no terminal to edit at.", "Type: /system TEXT, or /system @FILE")
    return edit_text(assistant.instructions)
