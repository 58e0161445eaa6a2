"""The chat as ``new`` and ``resume`` hold it, with the commands that change where it goes on."""

import shlex
from collections.abc import Callable

from chatmgr.cli.common import app, checked_message
from chatmgr.cli.files import attachments
from chatmgr.cli.showing import run_turn
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.model import Attachment, Conversation
from chatmgr.domain.said import Said
from chatmgr.terminal.console import console
from chatmgr.terminal.prompt import chat_prompt
from chatmgr.terminal.repl import chat

_REMEMBERED = 200


class Talk:
    """One chat: its conversation as it stands now, and the files that go with the next message."""

    def __init__(
        self,
        conversation: Conversation,
        files: tuple[Attachment, ...] = (),
        *,
        background: bool = False,
        reasoning: bool = False,
    ) -> None:
        self._conversation = conversation
        self._background = background
        self._reasoning = reasoning
        self._files = files

    def say(self, text: str) -> None:
        """Run a turn."""
        said = Said(checked_message(text), self._files, self._background)
        self._check(self._files)
        self._files = ()
        run_turn(self._conversation, said, reasoning=self._reasoning)
        console.note("", "")

    def commands(self) -> dict[str, tuple[str, Callable[[str], None]]]:
        """The chat's commands: what each takes and does."""
        return {
            "/model": ("NAME: go on with this model", self._model),
            "/provider": ("NAME: go on at this provider", self._provider),
            "/file": ("PATH or URL: send this file with the next message; alone: send none", self._file),
        }

    def _model(self, name: str) -> None:
        if name:
            self._conversation = app().keeper.switch(self._conversation, "", name)
        self._tell()

    def _provider(self, name: str) -> None:
        if name:
            self._conversation = app().keeper.switch(self._conversation, name, "")
        self._tell()

    def _tell(self) -> None:
        model = app().model_of(self._conversation)
        app().reader.close()
        console.note(
            f"“{self._conversation.name}” goes on at {self._conversation.provider}, with {model or '—'}."
        )

    def _file(self, named: str) -> None:
        if named in {"", "-"}:
            if not self._files or named:
                raise UsageFault("Name a file: /file PATH")
            self._files = ()
            console.note("No file goes with the next message.")
            return
        [found] = attachments((named,))
        self._check((found,))
        self._files += (found,)
        console.note(
            f"{found.name} ({found.content_type}, {len(found.data):,} bytes) goes with the next message."
        )

    def _check(self, files: tuple[Attachment, ...]) -> None:
        """Refuse files that the provider cannot take; those that wait go on waiting."""
        found = app()
        found.providers.check_files(found.providers.get(self._conversation.provider), files)


def hold(
    conversation: Conversation,
    files: tuple[Attachment, ...] = (),
    *,
    background: bool = False,
    reasoning: bool = False,
) -> int:
    """Chat until the user leaves; says how to come back. Returns the last turn's exit code."""
    found = app()
    found.providers.usable(found.providers.get(conversation.provider))
    earlier = [turn.user for turn in found.reader.tail(conversation, _REMEMBERED)]
    found.reader.close()
    found.warm(conversation.provider)
    talk = Talk(conversation, files, background=background, reasoning=reasoning)
    try:
        return chat(chat_prompt(earlier), talk.say, talk.commands(), console)
    finally:
        console.note(f"Resume with: chatmgr resume {shlex.quote(conversation.name)}")
