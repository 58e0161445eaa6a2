"""Random operations on the tree of turns, the same for the same seed."""

import random
from dataclasses import dataclass

# What happens, and how often.
KINDS = {
    "create": 3,
    "say": 14,
    "fork": 6,
    "undo": 6,
    "redo": 3,
    "edit": 5,
    "switch": 5,
    "retry": 5,
    "pick": 3,
    "continue": 3,
    "rename": 1,
    "thread": 2,
    "trash": 5,
    "restore": 2,
    "purge": 4,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What is done, and numbers that say to what; each is taken modulo what there is."""

    kind: str
    numbers: tuple[int, int, int, int]


def operations(seed: object, longest: int) -> list[Operation]:
    """A random sequence, the same for the same seed."""
    numbers = random.Random(repr(seed))
    kinds = numbers.choices([*KINDS], [*KINDS.values()], k=numbers.randint(3, longest))
    return [
        Operation(kind, tuple(numbers.randrange(1 << 16) for _ in range(4)))  # type: ignore[arg-type]
        for kind in ["create", "say", "say", *kinds]
    ]
