"""Where the chat continues: another conversation, a new one, another provider or model."""

from chatmgr.chat import offers
from chatmgr.chat.commands.group import CommandGroup
from chatmgr.chat.commands.tree import switch_path
from chatmgr.chat.slash import Command
from chatmgr.domain import addresses
from chatmgr.domain.errors import ChatmgrError, NotFound, UsageFault
from chatmgr.domain.model import Conversation, Provider
from chatmgr.domain.names import DEFAULT_ASSISTANT, valid_name
from chatmgr.services.free_names import create_under_free_name
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.ui.context import app

_HEADING = "Conversation, provider and model"


class NavigationCommands(CommandGroup):
    """``/switch``, ``/new``, ``/clear``, ``/model``, ``/provider``."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/switch",
                "[NAME[@TURN]|~N]",
                "switch to another conversation, or to path N of this one; without a name, pick one",
                _HEADING,
                self._switch,
                "place",
            ),
            Command(
                "/new",
                "[NAME]",
                "start a new conversation with the same assistant, model and provider",
                _HEADING,
                self._new,
            ),
            Command(
                "/clear", "", "begin afresh, as /new does; Ctrl-L clears the screen", _HEADING, self._clear
            ),
            Command(
                "/model",
                "[NAME]",
                "switch to a model; without a name, pick one",
                _HEADING,
                self._model,
                "model",
            ),
            Command(
                "/provider",
                "[NAME]",
                "switch to a provider; without a name, pick one",
                _HEADING,
                self._provider,
                "provider",
            ),
        )

    def _switch(self, name: str) -> None:
        if name.startswith("~"):
            switch_path(self._conversation, name)
            self._session.refresh()
            return
        if name:
            conversation, turn = self._meant(name)
        else:
            conversation, turn = offers.conversations(self._session.conversation).pick(), 0
        if conversation:
            self._session.switch(conversation, turn)

    def _meant(self, typed: str) -> tuple[Conversation | None, int]:
        """The conversation and the turn that an address means, else what is picked of those like it."""
        address = addresses.parse_address(typed)
        try:
            conversation = app().reader.conversations.get(address.name)
        except (NotFound, UsageFault) as error:
            return offers.conversations(self._session.conversation).meant(typed, otherwise=error), 0
        return conversation, app().reader.turns.get(conversation, address.turn).turn if address.turn else 0

    def _new(self, name: str) -> None:
        reader, current = app().reader, self._conversation
        named = valid_name("conversation", name) if name else ""
        if named and reader.conversations.taken(named):
            raise UsageFault(f"There is a conversation “{named}” already.", f"Go on with it: /switch {named}")
        stem = "" if current.assistant == DEFAULT_ASSISTANT else current.assistant
        assistant = reader.assistants.of(current.pk)
        self._session.check(self._session.files)
        name = create_under_free_name(
            lambda: named or reader.conversations.unused_name(stem),
            lambda name: app().writer.conversations.create(
                name, assistant.id, current.own_model, current.provider
            ),
        )
        self._session.switch(reader.conversations.get(name))

    def _clear(self, typed: str) -> None:
        """A new conversation, as in other tools, and a word of where the old one is: nothing is deleted."""
        if typed:
            raise UsageFault("/clear takes no argument.", "To name the new conversation: /new NAME")
        left = self._conversation
        if not left.turns:
            console.note(f"“{left.name}” has no turns yet. Ctrl-L clears the screen.")
            return
        self._new("")
        console.note(f"Ctrl-L clears the screen. “{left.name}” is kept as it was: /switch {left.name}")

    def _model(self, typed: str) -> None:
        conversation = self._conversation
        try:
            provider = app().providers.get(conversation.provider)
            current = app().turns.shown_model(conversation)
            name = offers.model_meant(provider, typed, current) if typed else _picked(provider, current)
        except ChatmgrError as error:
            if typed:
                raise
            console.note(f"{error.message} {error.hint}".strip(), "attention")
            name = ""
            if can_edit_lines():
                self._session.prefill("/model ")
        if name:
            self._session.move("", name)
        self._session.announce()

    def _provider(self, typed: str) -> None:
        offer = offers.providers(self._conversation.provider)
        name = typed or offer.pick() or ""
        try:
            if name:
                self._session.move(name, "")
        except NotFound as error:
            if chosen := offer.meant(name, otherwise=error):
                self._session.move(chosen, "")
        self._session.announce()


def _picked(provider: Provider, current: str) -> str:
    """The model that the person picks of those that a server lists; empty where they keep the current one."""
    name = offers.models(offers.listed_models(provider), current).pick() or ""
    return "" if name == current else name
