"""Streams of JSON values: arrays, JSON Lines, wrappers and single documents, of any length.

An export of gigabytes is an array of objects, each of which fits into memory. So the text is decoded as it is
needed, and each value is parsed where it begins. One that does not end in what is there is parsed again when
twice as much is; a mistake is told from an end by where the parser stopped. What is whole in a file that was
cut short is read; what is broken is said with its place, and the rest goes on after it where its end can be
told. Values are clean: no NUL, no lone surrogate.
"""

import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, BinaryIO

from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.importers.reading.cleaning import cleaned_value, needs_cleaning
from chatmgr.importers.reading.limits import LIMITS
from chatmgr.importers.reading.skipping import skip_line, skip_value
from chatmgr.importers.reading.text_buffer import TextBuffer, TooLong

_WRAPPERS = frozenset({"conversations", "chats"})  # names under which an object holds its conversations
_DECODER = json.JSONDecoder(strict=False)
_LONGEST_TOKEN = 20  # characters; a parser that stops so close to the end may have seen half of one
_PIECES = re.compile(r'\[\s*\{\s*"(?:from|value|role|human|user)"')  # messages, not conversations
_NAME = re.compile(r'\s*,?\s*(?=")')
_COLON = re.compile(r"\s*:\s*")


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A value of a stream.

    ``index`` counts from 1; ``digest`` is that of its own text. ``depth`` is 1 for what is in an array or a
    wrapper, 0 for what stands by itself. ``byte`` is where in the file it begins, ``size`` how long it is.
    """

    index: int
    value: Any
    digest: str
    depth: int
    byte: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class BadJson:
    """Something in a stream that cannot be read; ``last`` where nothing after it can be, either."""

    index: int
    reason: str
    last: bool = False
    byte: int = 0


def json_values(
    stream: BinaryIO, longest: int = LIMITS.value, after: str = ""
) -> Iterator[JsonValue | BadJson]:
    """The values of a stream: those of its one array, or of the list in a wrapper, or each that it holds.

    ``longest`` bounds the memory of one value. The text begins behind the words ``after``, where these are
    given; there are no values where they are not in it.
    """
    reader = _Reader(TextBuffer(stream, longest))
    return reader.values() if not after or reader.buffer.find(after) else iter(())


class _Reader:
    def __init__(self, buffer: TextBuffer) -> None:
        self.buffer = buffer
        self._index = 0
        self._depth = 0

    def values(self) -> Iterator[JsonValue | BadJson]:
        self._enter_list()
        while mark := self._next_mark():
            if mark == "]" and self._depth:
                return
            self._index += 1
            result = self._value(mark)
            yield result
            if isinstance(result, BadJson) and result.last:
                return
        if self.buffer.failure or self._depth:
            reason = self.buffer.failure or "the file is cut short: its list has no end"
            yield BadJson(self._index + 1, reason, last=True, byte=self.buffer.byte)

    def _next_mark(self) -> str:
        """The first character of the next value; empty at the end."""
        while (mark := self.buffer.skip_space()) == ",":
            self.buffer.forward(self.buffer.at + 1)
        return mark

    def _enter_list(self) -> None:
        """Go to the first member where the text is an array, or an object around one of conversations."""
        mark = self.buffer.skip_space()
        start = self.buffer.at + 1 if mark == "[" else 0
        if mark == "{":
            start = _wrapped_list(self.buffer.text, self.buffer.at + 1)
        if start:
            self.buffer.forward(start)
            self._depth = 1

    def _value(self, mark: str) -> JsonValue | BadJson:
        buffer, start = self.buffer, self.buffer.byte
        while True:
            try:
                value, end = _DECODER.raw_decode(buffer.text, buffer.at)
                text = buffer.text[buffer.at : end]
                if needs_cleaning(text):
                    value = cleaned_value(value)
                break
            except json.JSONDecodeError as error:
                try:
                    if error.pos < len(buffer.text) - _LONGEST_TOKEN and not _is_open(error):
                        return self._behind_broken(mark, start, _mistake(error))
                    if not buffer.more():
                        return self._behind_mistake(mark, start, error)
                except TooLong:
                    return self._behind_broken(mark, start, "it is too large to be read")
            except RecursionError:
                return self._behind_broken(mark, start, "it is nested too deeply")
            except ValueError:
                return self._behind_broken(mark, start, "it holds a number of too many digits")
        data = text.encode("utf-8", "surrogatepass")
        buffer.forward(end, len(data))
        digest = blake2b(data, digest_size=16).hexdigest()
        return JsonValue(self._index, value, digest, self._depth, start, len(data))

    def _behind_mistake(self, mark: str, start: int, error: json.JSONDecodeError) -> BadJson:
        """As ``_behind_broken``, for what is a mistake, or the end of a file that was cut short."""
        broken = self._behind_broken(mark, start, _mistake(error))
        if not broken.last:
            return broken
        reason = self.buffer.failure or "the file is cut short in the middle of it"
        return BadJson(self._index, reason, last=True, byte=start)

    def _behind_broken(self, mark: str, start: int, reason: str) -> BadJson:
        """Go to where the next value may begin: behind the brackets of this one, or on a line of its own."""
        skip = skip_value if mark in "{[" and self._depth else skip_line
        return BadJson(self._index, reason, last=not skip(self.buffer), byte=start)


def _mistake(error: json.JSONDecodeError) -> str:
    return f"it is no valid JSON ({error.msg.lower()})"


def _is_open(error: json.JSONDecodeError) -> bool:
    """Whether a parser failed at a text without an end, which began long before."""
    return error.msg.startswith("Unterminated string")


def _wrapped_list(text: str, at: int) -> int:
    """Where the first member is in an object's list of conversations; 0 where it has none near its start."""
    while match := _NAME.match(text, at):
        try:
            name, at = _DECODER.raw_decode(text, match.end())
            colon = _COLON.match(text, at)
            if colon is None:
                return 0
            at = colon.end()
            if name in _WRAPPERS and text.startswith("[", at):
                return 0 if _PIECES.match(text, at) else at + 1
            _, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return 0
    return 0
