"""The tree of turns: turns that are said or answered anew. What only moves along it is in ``services.paths``.

A turn that others hold too, or that something goes on after, is never changed: a new one takes its place, on
a branch of its own.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chatmgr.domain.errors import NoRun, UsageFault
from chatmgr.domain.model import Attachment, Conversation, Run, Turn, UserMessage
from chatmgr.domain.states import RunState
from chatmgr.domain.turn_target import TurnTarget
from chatmgr.services.forks import idle
from chatmgr.services.paths import PathService
from chatmgr.services.turn_parts import Parts
from chatmgr.services.turns import Events, Prepared, TurnService
from chatmgr.services.way_back import SHELL, ShellCommands

if TYPE_CHECKING:
    from chatmgr.services.threads import ThreadService


class TreeService:
    """Asks turns of conversations anew, and lets them take other paths, each while it is locked."""

    def __init__(
        self, parts: Parts, turns: TurnService, paths: PathService, threads: "Callable[[], ThreadService]"
    ) -> None:
        self._parts = parts
        self._turns = turns
        self._paths = paths
        self._threads = threads

    def edit(
        self,
        conversation: Conversation,
        position: int,
        text: str,
        files: tuple[Attachment, ...] | None = None,
        *,
        wait: bool = False,
        commands: ShellCommands = SHELL,
    ) -> Events:
        """Say a turn differently, and go on from there; what there was stays as another path.

        Without ``files``, those of the turn go along again.
        """

        def prepare() -> Prepared:
            current, turn, old_files = self._asked(
                conversation, position, "turn to say differently", commands
            )
            attached = old_files if files is None else files
            return UserMessage(text, attached), self._anew(
                current, turn, "edit", "is said differently", commands
            )

        return self._turns.run(conversation, prepare, wait=wait, commands=commands)

    def retry(
        self,
        conversation: Conversation,
        position: int | None = None,
        *,
        provider: str = "",
        model: str = "",
        wait: bool = False,
        commands: ShellCommands = SHELL,
    ) -> Events:
        """Have a turn answered again, by a provider and a model that are meant for this run alone.

        The last turn gets another run. An earlier one, or one that others hold too, is asked anew on a branch
        of its own.
        """
        asked = self._for_once(conversation, provider, model)

        def prepare() -> Prepared:
            current, turn, files = self._asked(asked, position, "turn to ask again", commands)
            if not self._is_free(current, turn):
                target = self._anew(current, turn, "retry", "is answered anew", commands)
            else:
                answered = any(run.chosen and (run.answer or run.items) for run in self._runs(current, turn))
                notice = self._kept_notice(current, turn, commands) if answered else ""
                target = TurnTarget(turn.turn, "retry", notice, again=True)
            return UserMessage(turn.user, files), target

        return self._turns.run(asked, prepare, wait=wait, commands=commands)

    def go_on(
        self, conversation: Conversation, *, wait: bool = False, commands: ShellCommands = SHELL
    ) -> Events:
        """Have the last answer continued where it broke off: a new run answers with the whole text.

        Raises UsageFault where the answer is complete.
        """

        def prepare() -> Prepared:
            current, turn, files = self._asked(conversation, None, "answer to go on from", commands)
            _refuse_complete(turn, commands)
            chosen = next(run for run in self._runs(current, turn) if run.chosen)
            again = self._is_free(current, turn)
            notice = (
                self._kept_notice(current, turn, commands)
                if again
                else self._anew(current, turn, "", "is continued", commands).notice
            )
            target = TurnTarget(turn.turn, "continue", notice, again, turn.answer, chosen.pk)
            return UserMessage(turn.user, files), target

        return self._turns.run(conversation, prepare, wait=wait, commands=commands)

    def pick(
        self,
        conversation: Conversation,
        position: int | None,
        number: int,
        commands: ShellCommands = SHELL,
    ) -> str:
        """Let another run answer a turn, by its number; returns what was done, in one line."""
        with self._parts.tips.locked(conversation):
            current = idle(self._parts.reader, conversation)
            turn = self._turn(current, position, "turn to ask again", commands)
            address = f"{current.name}@{turn.turn}"
            runs = self._runs(current, turn)
            if not 1 <= number <= len(runs):
                raise NoRun(address, len(runs), number)
            run = runs[number - 1]
            if run.chosen:
                raise UsageFault(f"Run {number} answers {address} already.")
            if not (run.answer or run.items):
                raise UsageFault(f"Run {number} of {address} has no answer.")
            if self._is_free(current, turn):
                self._parts.writer.tree.pick(current.pk, turn.turn, run.pk)
                return f"Run {number} answers {address} now. {_back_to_run(turn, runs, commands)}"
            notice = self._anew(current, turn, "pick", f"is answered by run {number}", commands).notice
            self._parts.writer.tree.pick_copy(current.pk, turn.turn, run.pk)
            return notice

    def _asked(
        self, conversation: Conversation, position: int | None, what: str, commands: ShellCommands
    ) -> tuple[Conversation, Turn, tuple[Attachment, ...]]:
        """A conversation as it is now, one of its turns, and the files that were sent with that."""
        current = self._parts.reader.conversations.refresh(conversation)
        turn = self._turn(current, position, what, commands)
        if not turn.user and not turn.files:
            raise UsageFault(f"{current.name}@{turn.turn} has no question to answer.")
        return current, turn, self._parts.reader.export.files(turn)

    def _turn(
        self, conversation: Conversation, position: int | None, what: str, commands: ShellCommands
    ) -> Turn:
        """A turn, or the last one; raises UsageFault where there is none, which is ``what`` was meant."""
        if position is None and not conversation.turns:
            raise UsageFault(f"“{conversation.name}” has no {what}.", commands.first(conversation.name))
        return self._parts.reader.turns.get(conversation, -1 if position is None else position)

    def _runs(self, conversation: Conversation, turn: Turn) -> list[Run]:
        return self._parts.reader.turns.runs(conversation, turn.turn)

    def _is_free(self, conversation: Conversation, turn: Turn) -> bool:
        """Whether a turn may get another answer: nothing goes on after it, and nobody else holds it."""
        tree = self._parts.reader.tree
        if tree.last_position(conversation.pk) > turn.turn:
            return False
        return not tree.is_shared(conversation.pk, turn.turn)

    def _anew(
        self, conversation: Conversation, turn: Turn, action: str, what: str, commands: ShellCommands
    ) -> TurnTarget:
        path = self._paths.address(conversation).removeprefix(conversation.name)
        notice = (
            f"{conversation.name}@{turn.turn} {what}, on a path of its own.\n"
            f"The path before: {commands.switch(conversation.name, path)}"
        )
        return TurnTarget(turn.turn, action, notice)

    def _kept_notice(self, conversation: Conversation, turn: Turn, commands: ShellCommands) -> str:
        back = _back_to_run(turn, self._runs(conversation, turn), commands)
        return f"The answer before is kept. {back}"

    def _for_once(self, conversation: Conversation, provider: str, model: str) -> Conversation:
        """A conversation as if it were at another provider and model, for one run."""
        if not provider and not model:
            return conversation
        return self._threads().for_once(conversation, provider, model)


def _back_to_run(turn: Turn, runs: list[Run], commands: ShellCommands) -> str:
    number = next(number for number, run in enumerate(runs, 1) if run.chosen)
    return f"Take it back: {commands.retry(turn.conversation, turn.turn, number)}"


def _refuse_complete(turn: Turn, commands: ShellCommands) -> None:
    address = f"{turn.conversation}@{turn.turn}"
    if not turn.answer:
        raise UsageFault(
            f"{address} has no answer to go on from.",
            f"Ask again: {commands.retry(turn.conversation, turn.turn)}",
        )
    if turn.state == RunState.COMPLETED:
        raise UsageFault(f"The answer of {address} is complete.", commands.more(turn.conversation))
