"""Completion in the chat's input line: commands with their descriptions, then the commands' arguments.

Sources are read as late as possible. One that fails offers nothing. One that needs a network is asked
once, in its own thread, and never holds up a key or the end of the chat.
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
_MENU_LIMIT = 200
_VALUE_WIDTH, _NOTE_WIDTH = 48, 60  # columns
_COMMAND_WORD = re.compile(r"/[A-Za-z]*")
_COMMAND_AND_ARGUMENT = re.compile(r"(/[A-Za-z]+)\s+(.*)", re.DOTALL)


def is_command_word(text: str) -> bool:
    """Whether a command is being typed: only then does the menu open by itself."""
    return _COMMAND_WORD.fullmatch(text) is not None


class ChatCompleter(Completer):
    """Completes commands, then arguments by the command's ``kind``."""

    def __init__(
        self,
        commands: Callable[[], Mapping[str, Command]],
        sources: Mapping[str, Callable[[str], Pairs]],
        slow: Mapping[str, Callable[[], str]],
    ) -> None:
        self._commands = commands
        self._sources = {
            kind: _RemoteSource(source, slow[kind]) if kind in slow else _LocalSource(source)
            for kind, source in sources.items()
        }

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Everything that is known without waiting."""
        typed = document.text_before_cursor
        if is_command_word(typed):
            return self._command_completions(typed)
        kind, argument = self._argument(typed)
        if kind == "file":
            return path_completions(argument)
        if kind == "command":
            return matching_completions(self._topics(), argument)
        source = self._sources.get(kind)
        return matching_completions(source.pairs(argument), argument) if source else ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """The same, after waiting for a slow source."""
        kind, _ = self._argument(document.text_before_cursor)
        source = self._sources.get(kind)
        if source:
            await source.ready()
        for completion in self.get_completions(document, complete_event):
            yield completion

    def _argument(self, typed: str) -> tuple[str, str]:
        match = _COMMAND_AND_ARGUMENT.fullmatch(typed)
        command = self._known().get(match[1].lower()) if match else None
        if not command or not match:
            return "", ""
        several = command.kind == "tag"  # one command takes several tags
        return command.kind, match[2].rpartition(" ")[2] if several else match[2]

    def _known(self) -> dict[str, Command]:
        """The commands by name; /help and /exit come first."""
        return {command.name: command for command in own(lambda _: None)} | dict(self._commands())

    def _topics(self) -> Pairs:
        """What /help explains."""
        return [(name[1:], command.help) for name, command in self._known().items()]

    def _command_completions(self, typed: str) -> Iterator[Completion]:
        for command in self._known().values():
            if command.name.startswith(typed.lower()):
                text = f"{command.name} " if command.takes else command.name
                yield Completion(text, -len(typed), display=command.name, display_meta=command.help)


class _LocalSource:
    """A source that is read every time, since its values change."""

    def __init__(self, source: Callable[[str], Pairs]) -> None:
        self._source = source

    async def ready(self) -> None:
        pass

    def pairs(self, typed: str) -> Pairs:
        with suppress(Exception):  # a menu is not worth an error message
            return list(self._source(typed))
        return ()


class _RemoteSource:
    """A source that is read in a thread, once for each ``key``; a failed one is read again next time."""

    def __init__(self, source: Callable[[str], Pairs], key: Callable[[], str]) -> None:
        self._source, self._key = source, key
        self._loaded: dict[str, list[tuple[str, str]]] = {}
        self._is_loading = False
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def ready(self) -> None:
        key = self._key()
        if key in self._loaded:
            return
        loaded = asyncio.Event()
        self._waiters.append((asyncio.get_running_loop(), loaded))
        if not self._is_loading:
            self._is_loading = True
            threading.Thread(target=self._load, args=(key,), name="completions", daemon=True).start()
        await loaded.wait()

    def _load(self, key: str) -> None:
        with suppress(Exception):
            self._loaded[key] = list(self._source(""))
        self._is_loading = False
        waiting, self._waiters = self._waiters, []
        for loop, loaded in waiting:
            with suppress(RuntimeError):  # the line was sent in the meantime
                loop.call_soon_threadsafe(loaded.set)

    def pairs(self, typed: str) -> Pairs:
        return self._loaded.get(self._key(), ())


def matching_completions(pairs: Pairs, typed: str) -> Iterator[Completion]:
    """Values that begin with the typed text, then those that contain it; none with hostile characters."""
    typed_folded = typed.casefold()
    matches = [pair for pair in pairs if typed_folded in pair[0].casefold() and clean(pair[0]) == pair[0]]
    matches.sort(key=lambda pair: not pair[0].casefold().startswith(typed_folded))
    for value, note in matches[:_MENU_LIMIT]:
        label, description = one_line(value, _VALUE_WIDTH), one_line(note, _NOTE_WIDTH)
        yield Completion(value, -len(typed), display=label, display_meta=description)


def path_completions(typed: str) -> Iterator[Completion]:
    """Files and folders. ``~`` is expanded, and an opening quote is closed after a file."""
    quote = typed[:1] if typed[:1] in {'"', "'"} else ""
    folder, _, prefix = typed[len(quote) :].rpartition("/")
    folder = f"{folder}/" if "/" in typed else ""
    try:
        directory = Path(folder or ".").expanduser()
        with os.scandir(directory) as entries:
            names = sorted((entry.name, entry.is_dir()) for entry in entries)
    except (OSError, RuntimeError, ValueError):
        return
    matches = (
        entry for entry in names if entry[0].startswith(prefix) and (prefix or not entry[0].startswith("."))
    )
    for index, (name, is_folder) in enumerate(matches):
        if index >= _MENU_LIMIT:
            return
        if clean(name) == name and "\n" not in name:
            suffix = "/" if is_folder else quote
            label = one_line(name, _VALUE_WIDTH) + ("/" if is_folder else "")
            yield Completion(f"{name}{suffix}", -len(prefix), display=label)
