"""Text that looks like what people and models write, made quickly and always the same for one seed."""

import random

_WORDS = (
    "the a of to in is that it for with as on be by this an are from at which or can not but was have you "
    "model function value train library history winter garden answer question budget ticket server thread "
    "memory parser index query table column river market bread engine letter window number string result "
    "error change first second between because however example simple quick slow early late small large "
    "naïve café Zürich 東京 façade jalapeño"
)
_TOPICS = "trip tax code essay recipe garden physics review letter budget story sql latin music repair yoga"
_KINDS = "plan notes draft ideas questions log help check outline todo"
_ENDS = (". ", ". ", ". ", "? ", ".\n\n", ":\n\n- ", ".\n- ", ".\n\n```python\nprint(1)\n```\n\n")
_POOL_SENTENCES = 6_000
_LONGEST = 12_000


class Prose:
    """Cuts texts out of one pool: a million messages cost a million slices."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._words, self._topics, self._kinds = _WORDS.split(), _TOPICS.split(), _KINDS.split()
        self._pool = "".join(self._sentence() for _ in range(_POOL_SENTENCES))

    def _sentence(self) -> str:
        words = self._rng.choices(self._words, k=self._rng.randint(4, 22))
        return " ".join(words).capitalize() + self._rng.choice(_ENDS)

    def _cut(self, median: int, spread: float) -> str:
        length = max(2, min(_LONGEST, int(median * self._rng.lognormvariate(0, spread))))
        start = self._rng.randrange(len(self._pool) - length)
        return self._pool[start : start + length].strip() or "Yes."

    def message(self) -> str:
        """What a user types: mostly a line, now and then a pasted page."""
        return self._cut(70, 1.0)

    def answer(self) -> str:
        """What a model says: mostly some paragraphs."""
        return self._cut(450, 0.9)

    def name(self, number: int) -> str:
        """A conversation's name; the number makes it unique."""
        return f"{self._rng.choice(self._topics)}-{self._rng.choice(self._kinds)}-{number}"
