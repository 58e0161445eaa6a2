"""The ways a turn travels, and the calls that it makes on its way."""

from dataclasses import dataclass

RESPONSES, RUNS = "/responses", "/threads/[^/]+/runs"
ITEMS, MESSAGES = "/conversations/[^/]+/items", "/threads/[^/]+/messages"
RESPONSE, RUN = "/responses/[^/]+", "/threads/[^/]+/runs/[^/]+"


@dataclass(frozen=True, slots=True)
class ApiMode:
    """One API, in the foreground or the background. ``turn`` is the call that has the answer made.

    ``before`` are the calls of a second turn ahead of it, ``first`` those that only a first turn
    makes; ``ahead`` and ``behind`` count the events around the deltas of an answer, ``last`` those of
    ``behind`` that follow the end.
    """

    name: str
    api: str
    turn: str
    ahead: int
    behind: int
    last: int
    before: tuple[tuple[str, str], ...] = ()
    first: tuple[tuple[str, str], ...] = (("GET", "/models"),)
    background: bool = False

    @property
    def looked_up(self) -> bool:
        """Whether the server can be asked what became of a run."""
        return self.api != "completions"


def _responses(name: str, ahead: int, *, background: bool) -> ApiMode:
    first = (("GET", "/models"), ("POST", "/conversations"))
    return ApiMode(name, "responses", RESPONSES, ahead, 4, 0, (("GET", ITEMS),), first, background)


FOREGROUND = _responses("responses", 4, background=False)
BACKGROUND = _responses("background", 5, background=True)
ASSISTANTS = ApiMode(
    "assistants",
    "assistants",
    RUNS,
    7,
    4,
    1,
    (("GET", MESSAGES), ("POST", MESSAGES)),
    (("GET", "/models"), ("POST", "/assistants"), ("POST", "/threads")),
)
COMPLETIONS = ApiMode("completions", "completions", "/chat/completions", 1, 3, 2)
API_MODES = (FOREGROUND, BACKGROUND, ASSISTANTS, COMPLETIONS)
