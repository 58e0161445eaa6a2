"""The tree of a conversation's paths, and its journal, as lines of text; the caller prints them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from chatmgr.domain.text import counted
from chatmgr.domain.tree import Author, JournalEntry, Piece, Sharing, TreePath
from chatmgr.terminal.sanitize import display_width, one_line
from chatmgr.terminal.theme import Style, styled

Questions = Callable[[Piece], Iterable[tuple[int, str]]]
Place = tuple[int, int]  # a branch, and a position in it

_BAR, _KNOT = "│  ", "├─ "
_WIDTH = 72  # columns of a question where there is no terminal


class TreeLines:
    """The lines of one tree: the current path from top to bottom, and the others where they part from it."""

    def __init__(
        self,
        name: str,
        paths: Sequence[TreePath],
        sharing: Iterable[Sharing],
        questions: Questions,
        *,
        terminal: bool,
        width: int = 0,
    ) -> None:
        self._name = one_line(name)
        self._questions = questions
        self._terminal, self._width = terminal, width
        self._paths: dict[Place, list[TreePath]] = {}
        for path in paths:
            if not path.current:
                self._paths.setdefault((path.branch_before, path.after), []).append(path)
        self._sharing: dict[Place, list[str]] = {}
        for other in sharing:
            self._sharing.setdefault((other.branch, other.position), []).append(other.conversation)
        self._current = next((path for path in paths if path.current), None)
        self._count = len(paths)

    def __iter__(self) -> Iterator[str]:
        path = self._current
        if path is None:
            return
        others = f" · {counted(self._count, 'path')}" if self._count > 1 else ""
        end = f"ends at @{path.tip}" if path.tip else "has no turns"
        heading = f"{self._name} · path ~{path.number}{others} · {end}"
        yield styled(heading, "strong", self._terminal)
        yield from self._parting((0, 0), "  ")
        yield from self._turns(path, "  ")

    def _turns(self, path: TreePath, margin: str) -> Iterator[str]:
        """The turns of a path, each followed by what parts from the path there."""
        for piece in path.pieces:
            for position, question in self._questions(piece):
                yield self._turn(path, position, question, margin)
                yield from self._parting((piece.branch, position), margin)

    def _turn(self, path: TreePath, position: int, question: str, margin: str) -> str:
        address = f"@{position}" if path.current else f"~{path.number}@{position}"
        is_tip = path.current and position == path.tip
        mark = "* " if is_tip else margin[:2]
        is_undone = position > path.tip
        note = "  (undone)" if is_undone else ""
        head = f"{mark}{margin[2:]}{address}  "
        room = self._width - display_width(head + note) if self._width else _WIDTH
        line = f"{head}{one_line(question, max(room, 1))}{note}"
        style: Style = "strong" if is_tip else "fact" if is_undone or not path.current else ""
        return styled(line, style, self._terminal)

    def _parting(self, place: Place, margin: str) -> Iterator[str]:
        for path in self._paths.get(place, ()):
            yield from self._branch(path, margin)
        for name in self._sharing.get(place, ()):
            yield styled(f"{margin}{_KNOT}{one_line(name)} goes on from here", "accent", self._terminal)

    def _branch(self, path: TreePath, margin: str) -> Iterator[str]:
        turns = counted(path.end - path.after, "turn") if path.end > path.after else "ends here"
        yield styled(f"{margin}{_KNOT}{self._name}~{path.number} · {turns}", "accent", self._terminal)
        yield from self._turns(path, margin + _BAR)


def journal_lines(entries: Iterable[JournalEntry], *, terminal: bool) -> Iterator[str]:
    """The entries of a journal, one a line: when, by which process, and what."""
    for entry in entries:
        at = entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        who = f" · {one_line(Author(entry.pid, entry.host, entry.at).process)}" if entry.pid else ""
        yield styled(f"{at}{who}", "fact", terminal) + f"  {one_line(_deed(entry))}"


_DEEDS = {
    "create": "created",
    "fork": "forked from {name}{turn}",
    "forked": "forked at {path}{turn} as {name}",
    "undo": "undone: from {before} to {after}",
    "redo": "redone: from {before} to {after}",
    "switch": "switched to another path: from {before} to {path}{after}",
    "edit": "{turn} said differently",
    "retry": "{turn} answered again",
    "continue": "the answer of {turn} continued",
    "pick": "another run answers {turn}",
    "rename": "renamed from {before} to {name}",
    "title": "title: {title}",
    "move": "moved to {provider} {model}",
    "assistant": "assistant: {name}, version {version}",
    "tag": "tags:{add}{remove}",
    "pull": "brought from another database: {turns} turns",
    "push": "brought from another database: {turns} turns",
    "archive": "archived",
    "unarchive": "unarchived",
    "delete": "moved to the trash",
    "restore": "restored from the trash",
    "scrub": "scrubbed: {kinds}",
    "adopt": "{turns} turns adopted from {thread} at {provider}",
    "sync": "{turns} turns added from {thread} at {provider}",
}


def _deed(entry: JournalEntry) -> str:
    """What was done, in words; an action or a detail that is not known here is named as it is."""
    try:
        return _DEEDS[entry.action].format_map(dict(_in_words(entry))).rstrip()
    except (KeyError, ValueError, IndexError):
        details = ", ".join(f"{key} {value}" for key, value in entry.detail.items())
        return f"{entry.action}{f': {details}' if details else ''}"


def _in_words(entry: JournalEntry) -> Iterator[tuple[str, object]]:
    """The details of an entry as they are shown: positions as addresses, counts in brackets."""
    yield "path", ""
    for key, value in entry.detail.items():
        if key == "name" and value is None:
            yield key, "a conversation that was deleted"
        elif key == "path":
            yield key, f"~{value}"
        elif key in {"turn", "before", "after"} and isinstance(value, int):
            yield key, f"@{value}"
        elif key in {"add", "remove"} and isinstance(value, Sequence):
            yield key, "".join(f" {'+' if key == 'add' else '-'}{tag}" for tag in value)
        elif isinstance(value, Mapping):
            yield key, ", ".join(f"{kind} ({count})" for kind, count in value.items())
        else:
            yield key, value
