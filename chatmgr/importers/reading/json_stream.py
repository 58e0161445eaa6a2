"""Streams of JSON objects: arrays, JSON Lines, wrappers and single documents, of any length.

A file is decoded by ``raw_decode`` over a buffer that grows only while an object is not complete, so memory
is bounded by the largest object. What is whole in a file that was cut short is read; what is broken is said
with its place, and the rest goes on after it where its end can be told.
"""

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, BinaryIO

from chatmgr.domain.fast_dataclass import dataclass

_CHUNK = 1 << 20  # bytes read at a time
LONGEST = 256 << 20  # characters of one object
_LONGEST_HEAD = 1 << 16  # characters in which the list of a wrapper begins
_NEAR_END = 16  # characters: an error so near the end of the buffer may be for want of more
_BLANK = re.compile(r"[\s,]*")
_WRAPPER = re.compile(r'"(?:conversations|chats|history|data)"\s*:\s*\[\s*[\]{]')
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_ENCODINGS = ((BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"))
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A value of a stream. ``index`` counts from 1; ``digest`` is that of its own characters.

    ``depth`` is 1 for what is in an array or a wrapper, 0 for what stands by itself. ``end`` is the character
    of the file that it ends before.
    """

    index: int
    value: Any
    digest: str
    depth: int
    end: int


@dataclass(frozen=True, slots=True)
class BadJson:
    """Something in a stream that is not JSON; ``last`` where nothing after it can be read."""

    index: int
    reason: str
    last: bool = False


def json_values(stream: BinaryIO, longest: int = LONGEST) -> Iterator[JsonValue | BadJson]:
    """The values of a stream: those of its one array, or of the list in a wrapper, or each that it holds."""
    return _Reader(stream, longest).values()


class _Reader:
    def __init__(self, stream: BinaryIO, longest: int) -> None:
        self._stream = stream
        self._longest = longest
        head = stream.read(_CHUNK)
        bom, encoding = next(
            ((bom, name) for bom, name in _ENCODINGS if head.startswith(bom)), (b"", "utf-8")
        )
        self._decoder = getincrementaldecoder(encoding)("replace")
        self._buffer = self._decoder.decode(head[len(bom) :])
        self._at = 0
        self._before = 0  # characters that are no longer in the buffer
        self._ended = not head
        self._index = 0

    def values(self) -> Iterator[JsonValue | BadJson]:
        self._skip_blank()
        depth = 0
        if self._peek() == "[":
            self._at, depth = self._at + 1, 1
        elif self._peek() == "{" and (start := self._wrapped_list()):
            self._at, depth = start, 1
        while True:
            self._skip_blank()
            char = self._peek()
            if not char:
                if depth:
                    yield BadJson(self._index + 1, "the file ends in the middle of its list", last=True)
                return
            if depth and char == "]":
                return
            self._index += 1
            read = self._next(depth)
            yield read
            if isinstance(read, BadJson) and read.last:
                return

    def _wrapped_list(self) -> int:
        """Where the list of an object that only wraps it begins; 0 where it is no such object."""
        while len(self._buffer) < _LONGEST_HEAD and self._more():
            pass
        head = self._buffer[self._at : self._at + _LONGEST_HEAD]
        match = _WRAPPER.search(head)
        if not match:
            return 0
        level = 0
        for bracket in _BRACKET.finditer(head, 0, match.start()):
            level += {"{": 1, "[": 1, "}": -1, "]": -1}.get(bracket.group(), 0)
        is_outer = level == 1 or head[: match.start()].rstrip().endswith(('"data":{', '"data": {'))
        return self._at + head.index("[", match.start()) + 1 if is_outer else 0

    def _next(self, depth: int) -> JsonValue | BadJson:
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except RecursionError:
                return self._skip("it is nested too deeply")
            except ValueError as error:
                if self._may_be_incomplete(error):
                    if len(self._buffer) - self._at > self._longest:
                        return BadJson(self._index, "it is larger than an object may be", last=True)
                    if self._grow():
                        continue
                    return BadJson(self._index, "the file ends in the middle of it", last=True)
                return self._skip(f"it is no JSON: {_reason(error)}")
            if end == len(self._buffer) and not isinstance(value, dict | list | str) and self._more():
                continue  # a number may go on
            text = self._buffer[self._at : end]
            digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
            self._at = end
            return JsonValue(self._index, value, digest, depth, self._before + end)

    def _may_be_incomplete(self, error: ValueError) -> bool:
        if self._ended or not isinstance(error, json.JSONDecodeError):
            return not isinstance(error, json.JSONDecodeError) or error.pos >= len(self._buffer) - _NEAR_END
        return error.pos >= len(self._buffer) - _NEAR_END or error.msg.startswith("Unterminated string")

    def _skip(self, reason: str) -> BadJson:
        """Go on after the brackets that the broken value began with, if their end can be told."""
        level, at = 0, self._at
        while True:
            for bracket in _BRACKET.finditer(self._buffer, at):
                level += {"{": 1, "[": 1, "}": -1, "]": -1}.get(bracket.group(), 0)
                at = bracket.end()
                if level == 0 and bracket.group() in "}]":
                    self._at = at
                    return BadJson(self._index, reason)
                if level < 0:
                    return BadJson(self._index, reason, last=True)
            if len(self._buffer) - self._at > self._longest:
                return BadJson(self._index, reason, last=True)
            at -= self._at
            if not self._grow():
                return BadJson(self._index, reason, last=True)
            at += self._at

    def _skip_blank(self) -> None:
        while True:
            match = _BLANK.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer) or not self._more():
                return

    def _peek(self) -> str:
        return self._buffer[self._at : self._at + 1]

    def _grow(self) -> bool:
        """Double what is read of the object at hand, so that what is decoded in vain stays in proportion."""
        wanted = 2 * (len(self._buffer) - self._at)
        grown = self._more()
        while grown and len(self._buffer) < wanted and self._more():
            pass
        return grown

    def _more(self) -> bool:
        """Read on, and forget what is done with; False at the end."""
        if self._ended:
            return False
        if self._at:
            self._before += self._at
            self._buffer, self._at = self._buffer[self._at :], 0
        piece = self._stream.read(_CHUNK)
        self._ended = not piece
        text = self._decoder.decode(piece, final=self._ended)
        self._buffer += text
        return bool(text) or not self._ended


def _reason(error: ValueError) -> str:
    return error.msg.lower() if isinstance(error, json.JSONDecodeError) else str(error)
