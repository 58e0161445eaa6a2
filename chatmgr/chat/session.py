"""The chat as ``new`` and ``resume`` hold it: where it is, what is message, where it goes on."""

import shlex
from collections.abc import Mapping
from functools import cached_property

import click

from chatmgr.chat.commands import Commands
from chatmgr.chat.input.prompt import chat_lines
from chatmgr.chat.lookups import Fact, facts, sources
from chatmgr.chat.loop import Lines, chat
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import Interrupted
from chatmgr.domain.model import Attachment, Conversation, UserMessage
from chatmgr.services.attachments import check_files
from chatmgr.terminal.console import console
from chatmgr.ui import transcript_view
from chatmgr.ui.context import app, checked_message, interactive
from chatmgr.ui.turn_view import run_turn, settle


class ChatSession:
    """One chat: its conversation as it stands now, and the files that go with the next message."""

    def __init__(
        self,
        conversation: Conversation,
        files: tuple[Attachment, ...] = (),
        *,
        background: bool = False,
        reasoning: bool = False,
    ) -> None:
        self.conversation = conversation
        self.files = files
        self._background = background
        self._reasoning = reasoning
        self._facts: list[Fact] | None = None

    @cached_property
    def _commands(self) -> Commands:
        return Commands(self)

    @cached_property
    def lines(self) -> Lines:
        """Where the person types."""
        return chat_lines(sources(self))

    @property
    def facts(self) -> list[Fact]:
        """What the toolbar tells; read once after each change."""
        if self._facts is None:
            self._facts = facts(self.conversation)
        return self._facts

    def commands(self) -> Mapping[str, Command]:
        """The chat's commands, by name."""
        return self._commands.table

    def say(self, text: str) -> None:
        """Run a turn, keeping what is typed meanwhile for the lines after it."""
        message = UserMessage(checked_message(text), self.files, self._background)
        self.check(self.files)
        self.files = ()
        with self.lines.ahead():
            try:
                run_turn(self.conversation, message, reasoning=self._reasoning)
                if interactive():
                    console.note("", "")
            except click.Abort:  # Ctrl-C at a question
                name = shlex.quote(self.conversation.name)
                raise Interrupted(f"The run waits: chatmgr runs answer {name}") from None
            finally:
                self._facts = None
        app().titles.start(self.conversation)

    def put(self, text: str) -> None:
        """Let a text stand in the next line."""
        self.lines.put(text)

    def move(self, provider: str, model: str) -> None:
        """Go on at a provider, with a model."""
        self.conversation = app().threads.switch(self.conversation, provider, model)
        self._facts = None
        app().turns.preload(self.conversation.provider)

    def announce(self) -> None:
        """Say where the conversation goes on."""
        with app().reader:
            model = app().turns.model_of(self.conversation)
        console.note(
            f"“{self.conversation.name}” goes on at {self.conversation.provider}, with {model or '—'}."
        )

    def changed(self) -> None:
        """The conversation was changed: know it as it is now."""
        self.conversation = app().reader.again(self.conversation)
        self._facts = None

    def switch(self, conversation: Conversation, turn: int = 0) -> None:
        """Go on with another conversation: its tail, or a turn of it; what was said there, its provider."""
        found = app()
        provider = found.providers.usable(found.providers.get(conversation.provider))
        check_files(provider, self.files)
        found.writer.touch(conversation.pk, found.here)
        self.conversation, self._facts = conversation, None
        settle(conversation)
        with found.reader:
            if turn:
                transcript_view.around(conversation, turn, transcript_view.AROUND)
            else:
                transcript_view.tail(conversation, int(found.settings.get("tail")))
        found.turns.preload(conversation.provider)
        self.lines.switched()
        console.note(f"Now at “{conversation.name}”.")

    def check(self, files: tuple[Attachment, ...]) -> None:
        """Refuse files that the provider cannot take; those that wait go on waiting."""
        check_files(app().providers.get(self.conversation.provider), files)


def run_chat(
    conversation: Conversation,
    files: tuple[Attachment, ...] = (),
    *,
    background: bool = False,
    reasoning: bool = False,
) -> int:
    """Chat until the user leaves; says how to come back. Returns the last turn's exit code, or 130."""
    found = app()
    found.providers.usable(found.providers.get(conversation.provider))
    found.turns.preload(conversation.provider)
    talk = ChatSession(conversation, files, background=background, reasoning=reasoning)
    try:
        return chat(talk.lines, talk.say, talk.commands(), console)
    finally:
        if interactive():
            console.note(f"Resume with: chatmgr resume {shlex.quote(talk.conversation.name)}")
        found.titles.wait(brief=True)
