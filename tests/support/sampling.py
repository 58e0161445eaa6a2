"""Long campaigns: a sample of every group runs always, the rest under the marker ``campaign``."""

import random
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def sampled(points: Iterable[T], group: Callable[[T], Hashable], each: int = 1) -> list[Any]:
    """All points as parameters; those beyond `each` of their group carry the marker.

    The sample is the same in every run and on every worker: it is drawn with the group for a seed.
    """
    groups: dict[Hashable, list[T]] = {}
    points = list(points)
    for point in points:
        groups.setdefault(group(point), []).append(point)
    sample: list[T] = []
    for key, members in groups.items():
        sample += random.Random(repr(key)).sample(members, min(each, len(members)))
    return [point if point in sample else pytest.param(point, marks=pytest.mark.campaign) for point in points]
