"""Where the chat goes on: another conversation, a new one, another provider or model."""

from chatmgr.chat.commands.group import Group
from chatmgr.chat.slash import Command
from chatmgr.domain.addresses import parse_address
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.names import valid_name
from chatmgr.services.attachments import check_files
from chatmgr.terminal.console import can_edit_lines
from chatmgr.ui.context import app

_HEADING = "Where it goes on"


class Going(Group):
    """Going on somewhere else."""

    def commands(self) -> tuple[Command, ...]:
        """The entries of the table."""
        return (
            Command(
                "/switch",
                "[NAME[@TURN]]",
                "go on with another conversation; alone: pick one",
                _HEADING,
                self._switch,
                "conversation",
            ),
            Command(
                "/new",
                "[NAME]",
                "begin a new conversation with the same assistant, model and provider",
                _HEADING,
                self._new,
            ),
            Command(
                "/model",
                "[NAME]",
                "go on with this model; alone: say which",
                _HEADING,
                self._model,
                "model",
            ),
            Command(
                "/provider",
                "[NAME]",
                "go on at this provider; alone: say which",
                _HEADING,
                self._provider,
                "provider",
            ),
        )

    def _switch(self, name: str) -> None:
        if not name:
            from chatmgr.chat.lookups import choose

            if not can_edit_lines():
                raise UsageFault("Name a conversation: /switch NAME")
            chosen = choose()
            if chosen is None:
                return
            name = chosen.name
        wanted = parse_address(name)
        found = app().reader.conversation(wanted.name)
        turn = app().reader.turn(found, wanted.turn).turn if wanted.turn else 0
        self._talk.switch(found, turn)

    def _new(self, name: str) -> None:
        reader, old = app().reader, self._here
        if name:
            name = valid_name("conversation", name)
            if reader.taken(name):
                raise UsageFault(
                    f"There is a conversation “{name}” already.", f"Go on with it: /switch {name}"
                )
        else:
            name = reader.unused_name(old.assistant)
        persona = reader.assistant_of(old.pk)
        check_files(app().providers.get(old.provider), self._talk.files)
        app().writer.create_conversation(name, "", persona.id, old.own_model, old.provider)
        self._talk.switch(reader.conversation(name))

    def _model(self, name: str) -> None:
        if name:
            self._talk.move("", name)
        self._talk.announce()

    def _provider(self, name: str) -> None:
        if name:
            self._talk.move(name, "")
        self._talk.announce()
