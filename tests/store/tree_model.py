"""A pure model of the tree of turns: what conversations, their paths, runs and the trash must be.

A path is a list of turns, and paths share turns. A conversation has all the paths that it ever went; it is at
one of them, up to its tip. What no path of any conversation holds is gone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(eq=False, slots=True)
class ModelRun:
    """One attempt at an answer, which counts for the conversation that made it; a copy counts for none."""

    maker: "ModelConversation"
    answer: str
    cost: int
    is_copy: bool = False
    broke_off: bool = False

    @property
    def state(self) -> str:
        """How it ended."""
        return "completed" if self.answer and not self.broke_off else "failed"


@dataclass(eq=False, slots=True)
class ModelTurn:
    """A question with its attempts; ``home`` is the path that it was said on."""

    text: str
    file: bytes
    home: "ModelPath"
    runs: list[ModelRun] = field(default_factory=list)
    chosen: int = 0

    @property
    def answer(self) -> str:
        """What answers it."""
        return self.runs[self.chosen].answer


@dataclass(eq=False, slots=True)
class ModelPath:
    """Turns from the first on, also those after the tip, which were undone."""

    turns: list[ModelTurn]


@dataclass(eq=False, slots=True)
class ModelConversation:
    """A name for a path. ``pk`` is the conversation's key in the database, ``thread`` what a server holds."""

    name: str
    paths: list[ModelPath]
    tip: int = 0
    pk: int = 0
    current: int = 0
    in_trash: bool = False
    thread: list[ModelTurn] | None = None

    @property
    def path(self) -> ModelPath:
        """The path that it is at."""
        return self.paths[self.current]

    @property
    def visible(self) -> list[ModelTurn]:
        """The turns up to its tip."""
        return self.path.turns[: self.tip]

    def ever(self) -> list[ModelTurn]:
        """The turns of all its paths, each once."""
        return list(dict.fromkeys(turn for path in self.paths for turn in path.turns))


class Tree:
    """All conversations, in the order in which they were made."""

    def __init__(self) -> None:
        self.conversations: list[ModelConversation] = []

    def listed(self) -> list[ModelConversation]:
        """The conversations that are not in the trash."""
        return [conversation for conversation in self.conversations if not conversation.in_trash]

    def turns(self, conversations: Iterable[ModelConversation]) -> list[ModelTurn]:
        """The turns of all paths of conversations, each once."""
        return list(dict.fromkeys(turn for conversation in conversations for turn in conversation.ever()))

    def holders(self, turn: ModelTurn) -> list[ModelConversation]:
        """The conversations that show a turn, in the order in which they were made."""
        return [conversation for conversation in self.listed() if turn in conversation.visible]

    def create(self, name: str) -> ModelConversation:
        """An empty conversation."""
        self.conversations.append(made := ModelConversation(name, [ModelPath([])]))
        return made

    def fork(self, path: ModelPath, position: int, name: str) -> ModelConversation:
        """Another conversation that goes on after a position of a path."""
        path = ModelPath(path.turns[:position])
        self.conversations.append(made := ModelConversation(name, [path], position))
        return made

    def say(self, conversation: ModelConversation, text: str, file: bytes, answer: str, cost: int) -> None:
        """A turn after the tip; what was undone stays on the path before."""
        if conversation.tip < len(conversation.path.turns):
            conversation.paths.append(ModelPath(conversation.visible))
            conversation.current = len(conversation.paths) - 1
        turn = ModelTurn(text, file, conversation.path)
        turn.runs.append(ModelRun(conversation, answer, cost))
        conversation.path.turns.append(turn)
        conversation.tip += 1

    def retry(self, conversation: ModelConversation, answer: str, cost: int) -> None:
        """Another run of the last turn, which answers it unless it has nothing to say."""
        turn = conversation.visible[-1]
        turn.runs.append(ModelRun(conversation, answer, cost))
        answered = [number for number, run in enumerate(turn.runs) if run.answer]
        if answer or not answered:
            turn.chosen = len(turn.runs) - 1
        elif not turn.answer:
            turn.chosen = answered[-1]

    def copy(self, conversation: ModelConversation, turn: ModelTurn, number: int) -> None:
        """In place of the last turn, one like it with a copy of a run."""
        conversation.tip -= 1
        source = turn.runs[number]
        self.say(conversation, turn.text, turn.file, source.answer, 0)
        conversation.visible[-1].runs = [replace(source, maker=conversation, cost=0, is_copy=True)]

    def go_on(self, conversation: ModelConversation, answer: str, cost: int) -> None:
        """Another run of the last turn, which answers it if it says more than the answer before."""
        turn = conversation.visible[-1]
        turn.runs.append(ModelRun(conversation, answer, cost, broke_off=answer == turn.answer))
        if answer != turn.answer:
            turn.chosen = len(turn.runs) - 1

    def shared(self, conversation: ModelConversation, turn: ModelTurn) -> bool:
        """Whether a turn must not be changed: it is on another path too, or was said on another one."""
        others = [path for other in self.conversations for path in other.paths if turn in path.turns]
        return turn.home is not conversation.path or len(others) > 1

    def purge(self, doomed: list[ModelConversation]) -> None:
        """Delete for good; the runs of turns that stay go to the first conversation that holds them."""
        self.conversations = [left for left in self.conversations if left not in doomed]
        for turn in self.turns(self.conversations):
            for run in turn.runs:
                if run.maker in doomed:
                    run.maker = self._heir(turn)

    def _heir(self, turn: ModelTurn) -> ModelConversation:
        """The first whose path holds a turn, else the first that left it."""
        at_it = [conversation for conversation in self.conversations if turn in conversation.path.turns]
        left_it = [conversation for conversation in self.conversations if turn in conversation.ever()]
        return (at_it or left_it)[0]
