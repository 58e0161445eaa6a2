"""What is to be removed from stored texts: where it stands, how it is shown, and what takes its place.

A *matcher* finds places in one text. A match is shown with a little of the text around it, and never whole:
every match in the neighbourhood is masked, whatever it is. Texts that are JSON are searched string by string,
so that what JSON writes with escapes is found as well.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import canonical_json
from chatmgr.domain.redaction import without_credentials
from chatmgr.domain.scrubbed_citations import Replacement, with_moved_citations

MARK = "[removed]"
PATTERN_KIND = "the text"
_AROUND = 24  # characters of a snippet on each side
_TELLING = 16  # characters of a secret of which the first few may be shown
_SHOWN = 4
_LEAST = 5  # characters of a text in which a credential can be told
_MASK = "…"


class Match(NamedTuple):
    """A place in a text. ``certain`` is False for what only stands where a password would stand."""

    kind: str
    start: int
    end: int
    certain: bool = True


class Matcher(Protocol):
    """Finds what is to be removed."""

    def find(self, text: str) -> list[Match]:
        """The matches in a text, in any order; they may overlap."""
        ...


class LiteralMatcher:
    """Finds given texts as they were typed, and as JSON inside a text writes them."""

    def __init__(self, texts: Iterable[str], kind: str = PATTERN_KIND) -> None:
        spellings = {spelling for text in texts if text for spelling in _spellings(text)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._kind = kind
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if spellings else None

    def find(self, text: str) -> list[Match]:
        """See ``Matcher``."""
        if self._pattern is None:
            return []
        return [Match(self._kind, *match.span()) for match in self._pattern.finditer(text)]


class RegexMatcher:
    """Finds what a regular expression matches; raises re.error where it is none."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    def find(self, text: str) -> list[Match]:
        """See ``Matcher``."""
        spans = (match.span() for match in self._pattern.finditer(text))
        return [Match(PATTERN_KIND, start, end) for start, end in spans if end > start]


def _spellings(text: str) -> Iterator[str]:
    yield text
    for ascii_only in (False, True):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield json.dumps(once)[1:-1]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A match in a stored text: its kind, a masked snippet, and the secret itself, which is never shown."""

    kind: str
    snippet: str
    secret: str
    certain: bool = True


class Scrubber:
    """Finds and replaces by one matcher. ``guesses``: what is not certain is replaced as well."""

    def __init__(self, matcher: Matcher, *, guesses: bool = False) -> None:
        self._matcher = matcher
        self._guesses = guesses

    def search(self, text: str, *, as_json: bool = False) -> list[Occurrence]:
        """All that is found in a text."""
        strings = _strings(_parsed(text)) if as_json else [text]
        return [occurrence for string in strings for occurrence in self._search(string)]

    def _search(self, text: str) -> list[Occurrence]:
        matches = self._matches(text)
        return [
            Occurrence(match.kind, _snippet(text, at, matches), text[match.start : match.end], match.certain)
            for at, match in enumerate(matches)
        ]

    def replace(self, text: str, *, as_json: bool = False) -> str:
        """A text with a mark in place of all that is to be removed; the same text where nothing is."""
        if not as_json:
            return self._replace(text)
        value = _parsed(text)
        replaced = _mapped(value, self._replace, self._replacements)
        if replaced == value:
            return text
        return replaced if isinstance(value, _Unparsed) else canonical_json(replaced)

    def mask(self, text: str) -> str:
        """A text that may be shown, for instance a name: without anything that was looked for."""
        shown, written = "", 0
        for match in self._matches(text):
            shown += text[written : match.start] + _MASK
            written = match.end
        return shown + text[written:]

    def _replace(self, text: str) -> str:
        parts: list[str] = []
        written = 0
        for start, end, _ in self._replacements(text):
            parts += text[written:start], MARK
            written = end
        return "".join([*parts, text[written:]])

    def _replacements(self, text: str) -> list[Replacement]:
        return [
            Replacement(match.start, match.end, len(MARK))
            for match in self._matches(text)
            if match.certain or self._guesses
        ]

    def _matches(self, text: str) -> list[Match]:
        """The matches in order, those that overlap as one, and none inside a mark."""
        marks = [match.span() for match in re.finditer(re.escape(MARK), text)]
        merged: list[Match] = []
        for match in sorted(self._matcher.find(text), key=lambda match: (match.start, -match.end)):
            if any(match.start < end and start < match.end for start, end in marks):
                continue
            if merged and match.start < merged[-1].end:
                before = merged.pop()
                kind = before.kind if before.certain or not match.certain else match.kind
                end = max(before.end, match.end)
                merged.append(Match(kind, before.start, end, before.certain or match.certain))
            else:
                merged.append(match)
        return merged


class _Unparsed(str):
    """What should be JSON, and is not: it is searched as it is."""

    __slots__ = ()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return _Unparsed(text)


def _strings(value: Any) -> Iterator[str]:
    """Each string in a JSON value, the names of members included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield json.dumps(value)


def _mapped(
    value: Any, change: Callable[[str], str], replacements_in: Callable[[str], list[Replacement]]
) -> Any:
    """A JSON value with every string changed, and citations that still point to what they are for."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        moved = with_moved_citations(value, replacements_in)
        return dict(_mapped_members(moved, change, replacements_in))
    if isinstance(value, list):
        return [_mapped(inner, change, replacements_in) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = json.dumps(value)
        return value if (changed := change(number)) == number else changed
    return value


def _mapped_members(
    value: dict[str, Any],
    change: Callable[[str], str],
    replacements_in: Callable[[str], list[Replacement]],
) -> Iterator[tuple[str, Any]]:
    """The members of an object; names that become the same get a number, so that none is lost."""
    names: set[str] = set()
    for name, inner in value.items():
        changed = new_name = change(name)
        while new_name in names:
            new_name = f"{changed} {len(names)}"
        names.add(new_name)
        yield new_name, _mapped(inner, change, replacements_in)


def masked(secret: str) -> str:
    """What may be shown of a secret: its first characters, where it is long enough not to be told by them."""
    shown = secret[:_SHOWN] if len(secret) >= _TELLING and secret[:_SHOWN].isascii() else ""
    return f"{shown}{_MASK}"


def _without_others(text: str) -> str:
    """What is around a match, without other credentials; none of them fits into a few characters."""
    return without_credentials(text) if len(text) >= _LEAST else text


def _snippet(text: str, at: int, matches: list[Match]) -> str:
    """A match, masked, with what is around it; no other match is shown either."""
    match = matches[at]
    first, last = max(match.start - _AROUND, 0), min(match.end + _AROUND, len(text))
    parts: list[str] = []
    written = first
    begin, end = at, at + 1
    while begin and matches[begin - 1].end > first:
        begin -= 1
    while end < len(matches) and matches[end].start < last:
        end += 1
    for other in matches[begin:end]:
        parts.append(_without_others(text[written : max(other.start, written)]))
        parts.append(masked(text[other.start : other.end]) if other == match else _MASK)
        written = other.end
    parts.append(_without_others(text[written:last]))
    begun, ended = ("" if first == 0 else _MASK), ("" if last >= len(text) else _MASK)
    return " ".join(f"{begun}{''.join(parts)}{ended}".split())
