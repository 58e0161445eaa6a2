"""A terminal that draws images, or does not: it answers questions as real ones do, and keeps what it drew."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

_SEQUENCES = re.compile(
    r"\x1b_G(?P<kitty>[^\x1b]*)\x1b\\"
    r"|\x1b\]1337;File=(?P<iterm2>[^\x07\x1b]*)\x07"
    r"|\x1bP(?P<sixel>[\d;]*q[^\x1b]*)\x1b\\"
    r"|(?P<question>\x1b\[>q|\x1b\[16t|\x1b\[\?1004\$p|\x1b\[c)"
)
_UNFINISHED = re.compile(
    r"\x1b(?:_[^\x1b]*\x1b?|\]1337[^\x07\x1b]*|\](?:1(?:3(?:3)?)?)?|P[^\x1b]*\x1b?|\[[>?\d]*\$?)?\Z"
)
_KITTY, _NAME, _CELL, _FOCUS, _FENCE = "kitty", "\x1b[>q", "\x1b[16t", "\x1b[?1004$p", "\x1b[c"
_NO_FOCUS = "\x1b[?1004;0$y"
PLAIN = {_FENCE: "\x1b[?62;22c", _FOCUS: _NO_FOCUS}
KITTY = {
    _KITTY: "\x1b_Gi=31;OK\x1b\\",
    _NAME: "\x1bP>|kitty(0.46.0)\x1b\\",
    _CELL: "\x1b[6;20;10t",
    _FENCE: "\x1b[?62;c",
}
ITERM2 = {_NAME: "\x1bP>|iTerm2 3.6.4\x1b\\", _CELL: "\x1b[6;18;9t", _FENCE: "\x1b[?64;1;2c"}
SIXEL = {_NAME: "\x1bP>|XTerm(406)\x1b\\", _CELL: "\x1b[6;16;8t", _FENCE: "\x1b[?64;1;2;4;6;9;15;22c"}
SILENT: Mapping[str, str] = {}


@dataclass(slots=True)
class Drawing:
    """What was drawn, by which protocol, with which keys, and on which row of the screen."""

    protocol: str
    keys: dict[str, str]
    data: bytes
    row: int


@dataclass(slots=True)
class DrawingTerminal:
    """Answers questions by ``answers``, and takes images out of what it is sent.

    ``held`` keeps the answers back until ``release``: they come late. ``questions`` are those it was asked.
    """

    answers: Mapping[str, str] = field(default_factory=lambda: PLAIN)
    held: bool = False
    drawings: list[Drawing] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    before_answers: str = ""
    _late: str = ""
    _unread: str = ""
    _chunks: list[str] = field(default_factory=list)
    _keys: dict[str, str] = field(default_factory=dict)

    def pieces(self, output: str, row: Callable[[], int], send: Callable[[str], object]) -> Iterator[str]:
        """What of the output is to be shown, piece by piece, so that the row of each image is known."""
        output, self._unread = self._unread + output, ""
        position = 0
        for match in _SEQUENCES.finditer(output):
            yield output[position : match.start()]
            position = match.end()
            if match["question"] or (match["kitty"] or "").find("a=q") >= 0:
                self._answer(match["question"] or _KITTY, send)
            else:
                self._draw(match, row())
        rest = output[position:]
        if unfinished := _UNFINISHED.search(rest):
            self._unread, rest = unfinished[0], rest[: unfinished.start()]
        yield rest

    def release(self, send: Callable[[str], object]) -> None:
        """Give the answers that were held back."""
        send(self._late)
        self._late = ""

    def _answer(self, question: str, send: Callable[[str], object]) -> None:
        self.questions.append(question)
        answer = self.answers.get(question, "")
        if self.before_answers:
            send(self.before_answers)
            self.before_answers = ""
        if self.held:
            self._late += answer
        elif answer:
            send(answer)

    def _draw(self, match: re.Match[str], row: int) -> None:
        if match["sixel"]:
            self.drawings.append(Drawing("sixel", {}, match["sixel"].encode(), row))
        elif match["iterm2"]:
            keys, _, text = match["iterm2"].partition(":")
            self.drawings.append(Drawing("iterm2", _pairs(keys, ";"), b64decode(text), row))
        else:
            keys, _, text = match["kitty"].partition(";")
            assert len(text) <= 4096
            self._keys = _pairs(keys, ",") | self._keys
            self._chunks.append(text)
            if _pairs(keys, ",").get("m") != "1":
                data = b64decode("".join(self._chunks))
                self.drawings.append(Drawing("kitty", self._keys, data, row))
                self._chunks, self._keys = [], {}


def _pairs(keys: str, separator: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in keys.split(separator))
