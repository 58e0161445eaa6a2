"""Ratios of runs that stood side by side, and how they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from benchmarks.meter import Sample

Metric = Literal["wall", "cpu", "peak", "first_wall", "first_cpu"]
_HEAD = ("what", "against", "of", "ratio", "min–max", "target", "met", "here")


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table: each pair of runs is one ratio. Without a ``target`` it only informs."""

    what: str
    against: str
    metric: str
    pairs: Sequence[tuple[float, float]]
    target: float | None = None
    note: str = ""
    ratios: list[float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ratios", [value / other for value, other in self.pairs])

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the target; None where there is none, or nothing was measured."""
        return None if self.target is None or not self.ratios else median(self.ratios) <= self.target

    def as_json(self) -> dict[str, Any]:
        """The result as one object."""
        known = bool(self.ratios)
        return {
            "what": self.what,
            "against": self.against,
            "metric": self.metric,
            "median": median(self.ratios) if known else None,
            "min": min(self.ratios) if known else None,
            "max": max(self.ratios) if known else None,
            "runs": len(self.ratios),
            "target": self.target,
            "met": self.met,
            "ours": median(value for value, _ in self.pairs) if known else None,
            "theirs": median(other for _, other in self.pairs) if known else None,
            "note": self.note,
        }

    def cells(self) -> list[str]:
        """The result as a line of the table."""
        head = [self.what, self.against, self.metric]
        if not self.ratios:
            return [*head, "—", "", "", "", self.note]
        met = {True: "yes", False: "NO", None: ""}[self.met]
        here = " / ".join(_amount(median(side), self.metric) for side in zip(*self.pairs, strict=True))
        return [
            *head,
            f"{median(self.ratios):.2f}",
            f"{min(self.ratios):.2f}–{max(self.ratios):.2f}",
            "" if self.target is None else f"≤ {self.target:g}",
            met,
            f"{here} {self.note}".rstrip(),
        ]


def compare(
    what: str,
    against: str,
    metric: Metric,
    samples: tuple[Sequence[Sample], Sequence[Sample]],
    target: float | None = None,
) -> Result:
    """The ratio of the first to the second, run by run."""
    ours, theirs = ([getattr(item, metric) for item in side] for side in samples)
    return Result(what, against, metric, list(zip(ours, theirs, strict=True)), target)


def table(results: Sequence[Result]) -> str:
    """All results, aligned."""
    rows = [list(_HEAD), *(result.cells() for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _amount(value: float, metric: str) -> str:
    if metric in {"peak", "bytes"}:
        return f"{value / 2**20:.0f} MB"
    if value < 0.001:
        return f"{value * 1e6:.1f} µs"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"
