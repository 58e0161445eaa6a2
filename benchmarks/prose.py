"""Text that looks like what people and models write, made quickly and always the same for one seed."""

import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

from benchmarks.vocabulary import MIX, SCRIPTS, Script

COMMON, RARE = "budget", "quokka"
_TOPICS = "trip tax code essay recipe garden physics review letter writer story sql latin music repair yoga"
_KINDS = "plan notes draft ideas questions log help check outline todo"
_SENTENCES = {"english": 40_000}  # of any other script a few thousand: there are fewer texts in it
_FEW = 4_000
_LONGEST = 12_000
_THEME = 14  # words that a passage keeps coming back to,
_BACK = 0.67  # and how often: so a text of a page has two different words in three, as real ones have


class _Pool:
    """Passages of sentences one after the other: a text is some sentences that follow each other."""

    def __init__(self, rng: random.Random, script: Script, count: int) -> None:
        self.density = script.density
        made: list[str] = []
        while len(made) < count:
            theme = [word for word in script.draw(rng, 3 * _THEME) if word not in script.commonest]
            made += [_sentence(rng, script, theme[:_THEME]) for _ in range(rng.randint(6, 20))]
        self._text = "".join(made)
        self._ends = list(accumulate(map(len, made)))

    def place(self, rng: random.Random) -> int:
        """Some sentence that enough others follow."""
        return int(rng.random() * (len(self._ends) - _LONGEST // 10))

    def cut(self, first: int, length: int) -> tuple[str, int]:
        """Whole sentences from there on, as many as have about so many characters; and the last one."""
        start = self._ends[first]
        last = bisect_left(self._ends, start + length, first + 1, len(self._ends) - 1)
        return self._text[start : self._ends[last]].strip(), last


def _sentence(rng: random.Random, script: Script, theme: Sequence[str]) -> str:
    draw = rng.random()
    if draw < 0.02:
        return _code(rng, script)
    words = script.draw(rng, rng.randint(3, 21))
    for place, word in enumerate(words):
        if word not in script.commonest and rng.random() < _BACK and theme:
            words[place] = theme[int(rng.random() * len(theme))]
    if draw < 0.10:
        words[rng.randrange(len(words))] = str(rng.randint(2, 10 ** rng.randint(1, 4)))
    if len(words) > 9:
        words[len(words) // 2] += script.comma.rstrip() or script.comma
    line = script.space.join(words)
    if draw > 0.9:
        return f"\n- {line}\n"
    return line[:1].upper() + line[1:] + rng.choice(script.stops)


def _code(rng: random.Random, script: Script) -> str:
    names = [word if word.isascii() else f"x{number}" for number, word in enumerate(script.draw(rng, 6))]
    one, two, three, four, five, six = names
    return (
        f"\n```python\ndef {one}_{two}({three}: int) -> str:\n    {four} = {three} + {rng.randint(2, 99)}\n"
        f'    return self.{five}({four}, "{six}")\n```\n\n'
    )


class Prose:
    """Cuts texts out of pools, one for each script: a million messages cost a million slices."""

    def __init__(self, rng: random.Random, mix: Mapping[str, float] = MIX) -> None:
        self._rng = rng
        self._topics, self._kinds = _TOPICS.split(), _KINDS.split()
        self._pools = [
            _Pool(rng, SCRIPTS[name](rng), _FEW if len(mix) > 1 and name != "english" else 10 * _FEW)
            for name in mix
        ]
        self._weights = list(accumulate(mix.values()))

    def turn(self) -> tuple[str, str]:
        """What a user types, mostly a line, now and then a pasted page, and what a model says to it."""
        rng = self._rng
        pool = self._pools[bisect_left(self._weights, rng.random() * self._weights[-1])]
        message, last = pool.cut(pool.place(rng), self._length(42 * pool.density, 1.0))
        if rng.random() * 3 < 1:
            where = message.find(" ", len(message) // 2)
            message = f"{message[:where]} {COMMON}{message[where:]}" if where > 0 else f"{message} {COMMON}"
        return message, pool.cut(last, self._length(385 * pool.density, 0.9))[0]

    def _length(self, median: float, spread: float) -> int:
        return max(2, min(_LONGEST, int(median * self._rng.lognormvariate(0, spread))))

    def instructions(self) -> str:
        """What an assistant is told."""
        return self._some(200)

    def title(self) -> str:
        """The beginning of some message."""
        return self._some(20)[:60].replace("\n", " ").strip()

    def _some(self, length: int) -> str:
        return self._pools[0].cut(self._pools[0].place(self._rng), length)[0]

    def name(self, number: int) -> str:
        """A conversation's name; the number makes it unique."""
        return f"{self._rng.choice(self._topics)}-{self._rng.choice(self._kinds)}-{number}"
