"""The chat as ``new`` and ``resume`` run it: which conversation it is at, and what a message becomes."""

import shlex
from collections.abc import Callable, Mapping
from functools import cached_property

import click

from chatmgr.chat.commands.registry import command_table
from chatmgr.chat.input.prompt import chat_lines
from chatmgr.chat.lookups import Fact, facts, sources
from chatmgr.chat.loop import Lines, chat
from chatmgr.chat.slash import Command
from chatmgr.domain.errors import ChatmgrError, DatabaseUnreachable, Interrupted
from chatmgr.domain.model import Attachment, Conversation, UserMessage
from chatmgr.domain.text import valid_message
from chatmgr.domain.tree import TipMoved
from chatmgr.services.attachments import check_files
from chatmgr.services.way_back import CHAT
from chatmgr.terminal.console import can_edit_lines, console
from chatmgr.terminal.focus import window_focus
from chatmgr.ui import transcript_view
from chatmgr.ui.answer_frame import AnswerFrame
from chatmgr.ui.context import app, interactive, markdown
from chatmgr.ui.event_view import Events
from chatmgr.ui.moved_tip import IfMoved, place_after
from chatmgr.ui.notifications import wants_notifications
from chatmgr.ui.turn_view import adjust, follow, note_unlisted_model, settle

# What shows a turn at a terminal, the line below it included.
_SCREEN = ("chatmgr.chat.input.streaming_line", "chatmgr.terminal.markdown.streaming_writer")


class ChatSession:
    """One chat: its conversation as it is now, and the files that go with the next message.

    The slash commands see it through ``commands.group.Session``.
    """

    def __init__(
        self,
        conversation: Conversation,
        files: tuple[Attachment, ...] = (),
        *,
        background: bool = False,
        reasoning: bool = False,
        if_moved: IfMoved = "ask",
    ) -> None:
        self.conversation = conversation
        self.files = files
        self._background = background
        self._reasoning = reasoning
        self._if_moved: IfMoved = if_moved
        self._facts: list[Fact] | None = None

    @cached_property
    def commands(self) -> Mapping[str, Command]:
        """The slash commands, by name."""
        return command_table(self)

    @cached_property
    def lines(self) -> Lines:
        """Where the person types."""
        commands, attached = (lambda: self.commands), (lambda: self.files)
        return chat_lines(sources(lambda: self.conversation, self._toolbar, commands, attached))

    def _toolbar(self) -> list[Fact]:
        """The facts of the toolbar, read once after each change."""
        if self._facts is None:
            self._facts = facts(self.conversation)
        return self._facts

    def send(self, text: str) -> None:
        """Run a turn; what is typed meanwhile is kept for the lines after it."""
        checked = valid_message(text, app().settings.get("message_limit"))
        message = UserMessage(checked, self.files, self._background)
        self.check(self.files)
        self.files = ()
        try:
            self.run(lambda conversation: app().turns.ask(conversation, message, commands=CHAT))
        except TipMoved:
            self.files = message.attachments
            raise
        except DatabaseUnreachable as error:
            self.files = () if error.message_kept else message.attachments
            raise

    def run(self, ask: Callable[[Conversation], Events]) -> None:
        """Run a turn of the conversation, or of a fork if that moved meanwhile and the person wants one."""
        show_reasoning = self._reasoning or bool(app().settings.get("show_reasoning"))
        with self.lines.ahead():
            try:
                while True:
                    try:
                        frame = AnswerFrame(self.conversation, self._show_model)
                        events = frame.around(ask(self.conversation))
                        follow(self.conversation, events, reasoning=show_reasoning, heading=frame.heading)
                        break
                    except TipMoved as moved:
                        back = f"/switch {self.conversation.name}"
                        self._go_to(place_after(self.conversation, moved, self._if_moved, back))
                frame.show_footer()
                if interactive():
                    console.gap()
            except ChatmgrError as error:
                console.gap()
                error.footer = frame.footer()
                raise
            except click.Abort:  # Ctrl-C at a question
                console.note("", "")  # after ^C, which stands in the line of the question
                name = shlex.quote(self.conversation.name)
                raise Interrupted(f"The run goes on waiting. Answer: chatmgr runs answer {name}") from None
            finally:
                self._facts = None
        app().titles.start(self.conversation)

    def _show_model(self, model: str) -> None:
        """Name the model that answers in the toolbar, where that did not know it before."""
        if self._facts is not None and all(text != model for _, text in self._facts):
            self._facts = facts(self.conversation, model)
            self.lines.renew_facts()

    def _go_to(self, conversation: Conversation) -> None:
        if conversation.pk != self.conversation.pk:
            self.lines.switched()
        self.conversation = conversation

    def prefill(self, text: str) -> None:
        """Put a text into the next line, to be sent or changed."""
        self.lines.put(text)

    def move(self, provider: str, model: str) -> None:
        """Continue at another provider or with another model; empty leaves either as it is."""
        self.conversation = app().threads.switch(self.conversation, provider, model)
        self._facts = None
        app().turns.preload(self.conversation.provider)
        note_unlisted_model(self.conversation.provider, model)

    def announce(self) -> None:
        """Say where the conversation continues."""
        with app().reader:
            model = app().turns.model_of(self.conversation)
        name, provider = self.conversation.name, self.conversation.provider
        console.note(f"“{name}” goes on at {provider}, with {model or 'its default model'}.")

    def refresh(self) -> None:
        """Read the conversation again after a command changed it."""
        self.conversation = app().reader.conversations.refresh(self.conversation)
        self._facts = None

    def switch(self, conversation: Conversation, turn: int = 0) -> None:
        """Continue with another conversation, showing its last turns or the turns around one."""
        provider = app().providers.usable(app().providers.get(conversation.provider))
        check_files(provider, self.files)
        if not conversation.provider:
            conversation = adjust(conversation, "", "", None)
        app().writer.conversations.touch(conversation.pk, app().here)
        app().tips.see(conversation)
        self.conversation, self._facts = conversation, None
        settle(conversation)
        with app().reader:
            if turn:
                transcript_view.show_around(conversation, turn, transcript_view.CONTEXT)
            else:
                transcript_view.show_tail(conversation, int(app().settings.get("tail")))
        app().turns.preload(conversation.provider)
        self.lines.switched()
        console.note(f"Now at “{conversation.name}”.")
        if turn and turn < conversation.turns:
            console.note(f"The next message goes to its end. To go on from turn {turn}: /fork @{turn}")

    def check(self, files: tuple[Attachment, ...]) -> None:
        """Refuse files that the provider cannot take; those that wait already go on waiting."""
        check_files(app().providers.get(self.conversation.provider), files)


def run_chat(
    conversation: Conversation,
    files: tuple[Attachment, ...] = (),
    *,
    background: bool = False,
    reasoning: bool = False,
    if_moved: IfMoved = "ask",
    first: str = "",
) -> int:
    """Chat until the person leaves, then say how to come back. Returns the last turn's exit code, or 130.

    ``first`` is a message that was given with the command.
    """
    app().providers.usable(app().providers.get(conversation.provider))
    if not conversation.provider:
        conversation = adjust(conversation, "", "", None)
    app().turns.preload(conversation.provider, _SCREEN if can_edit_lines() and markdown() else ())
    app().tips.watch(conversation)
    window_focus.wanted = can_edit_lines() and wants_notifications()
    session = ChatSession(conversation, files, background=background, reasoning=reasoning, if_moved=if_moved)
    try:
        return chat(session.lines, session.send, session.commands, console, first)
    finally:
        if interactive():
            console.note(f"Resume with: chatmgr resume {shlex.quote(session.conversation.name)}")
        app().titles.wait(brief=True)
