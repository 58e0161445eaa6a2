"""Completion in the chat's line: commands with what they mean, and what goes after them.

Sources are asked late. One that fails has nothing to offer; one that asks a network is asked once, in a
thread of its own, and never holds up a key or the end of the chat.
"""

import asyncio
import os
import re
import threading
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from chatmgr.chat.slash import Command, own
from chatmgr.terminal.sanitize import clean, one_line

Pairs = Iterable[tuple[str, str]]
_MOST = 200  # shown in one menu
_WIDE, _NOTE = 48, 60  # columns
_WORD = re.compile(r"/[A-Za-z]*")
_BEFORE = re.compile(r"(/[A-Za-z]+)\s+(.*)", re.DOTALL)


def is_command_word(text: str) -> bool:
    """Whether a command is being typed: only then is anything offered without being asked for."""
    return _WORD.fullmatch(text) is not None


class ChatCompleter(Completer):
    """Completes commands, then by the kind of the command."""

    def __init__(
        self,
        commands: Callable[[], Mapping[str, Command]],
        sources: Mapping[str, Callable[[], Pairs]],
        slow: Mapping[str, Callable[[], str]],
    ) -> None:
        self._commands = commands
        self._sources = {
            kind: _RemoteSource(source, slow[kind]) if kind in slow else _LocalSource(source)
            for kind, source in sources.items()
        }

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """All that is known without waiting."""
        typed = document.text_before_cursor
        if is_command_word(typed):
            return self._words(typed)
        kind, rest = self._after(typed)
        if kind == "file":
            return path_completions(rest)
        source = self._sources.get(kind)
        return matching_completions(source.now(), rest) if source else ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """The same, after waiting for a source that is slow."""
        kind, _ = self._after(document.text_before_cursor)
        source = self._sources.get(kind)
        if source:
            await source.ready()
        for one in self.get_completions(document, complete_event):
            yield one

    def _after(self, typed: str) -> tuple[str, str]:
        found = _BEFORE.fullmatch(typed)
        command = self._commands().get(found[1].lower()) if found else None
        if not command or not found:
            return "", ""
        rest = found[2].rpartition(" ")[2] if command.kind == "tag" else found[2]  # several go in one line
        return command.kind, rest

    def _words(self, typed: str) -> Iterator[Completion]:
        for one in (*own(lambda _: None), *self._commands().values()):  # the way out is on the first page
            if one.name.startswith(typed.lower()):
                text = f"{one.name} " if one.takes else one.name
                yield Completion(text, -len(typed), display=one.name, display_meta=one.help)


class _LocalSource:
    """A source that is asked every time: what it knows changes."""

    def __init__(self, source: Callable[[], Pairs]) -> None:
        self._source = source

    async def ready(self) -> None:
        pass

    def now(self) -> Pairs:
        with suppress(Exception):  # whatever it is, a menu is not worth a word about it
            return list(self._source())
        return ()


class _RemoteSource:
    """A source that is asked in a thread, once for each ``key``; one that failed is asked again."""

    def __init__(self, source: Callable[[], Pairs], key: Callable[[], str]) -> None:
        self._source, self._key = source, key
        self._known: dict[str, list[tuple[str, str]]] = {}
        self._asking = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def ready(self) -> None:
        key = self._key()
        if key in self._known:
            return
        come = asyncio.Event()
        self._waiting.append((asyncio.get_running_loop(), come))
        if not self._asking:
            self._asking = True
            threading.Thread(target=self._ask, args=(key,), name="completions", daemon=True).start()
        await come.wait()

    def _ask(self, key: str) -> None:
        with suppress(Exception):
            self._known[key] = list(self._source())
        self._asking = False
        waiting, self._waiting = self._waiting, []
        for loop, come in waiting:
            with suppress(RuntimeError):  # that line was sent in the meantime
                loop.call_soon_threadsafe(come.set)

    def now(self) -> Pairs:
        return self._known.get(self._key(), ())


def matching_completions(pairs: Pairs, typed: str) -> Iterator[Completion]:
    """Values that begin with what was typed, then those that hold it; none that a terminal must not see."""
    low = typed.casefold()
    fitting = [pair for pair in pairs if low in pair[0].casefold() and clean(pair[0]) == pair[0]]
    fitting.sort(key=lambda pair: not pair[0].casefold().startswith(low))
    for value, note in fitting[:_MOST]:
        shown, meant = one_line(value, _WIDE), one_line(note, _NOTE)
        yield Completion(value, -len(typed), display=shown, display_meta=meant)


def path_completions(typed: str) -> Iterator[Completion]:
    """Files and folders; a quote that was opened is closed after a file, ``~`` is understood."""
    quote = typed[:1] if typed[:1] in {'"', "'"} else ""
    folder, _, begun = typed[len(quote) :].rpartition("/")
    folder = f"{folder}/" if "/" in typed else ""
    try:
        where = Path(folder or ".").expanduser()
        with os.scandir(where) as found:
            names = sorted((one.name, one.is_dir()) for one in found)
    except (OSError, RuntimeError, ValueError):
        return
    fitting = (one for one in names if one[0].startswith(begun) and (begun or not one[0].startswith(".")))
    for number, (name, is_folder) in enumerate(fitting):
        if number >= _MOST:
            return
        if clean(name) == name and "\n" not in name:
            end = "/" if is_folder else quote
            shown = one_line(name, _WIDE) + ("/" if is_folder else "")
            yield Completion(f"{name}{end}", -len(begun), display=shown)
