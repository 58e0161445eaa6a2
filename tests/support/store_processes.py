"""Other processes, quickly: forked from a clean server that has imported the store already."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.store"])


class OtherProcess:
    """Another process, which runs ``act(url, pipe)`` with its end of a pipe to this one."""

    def __init__(self, act: Callable[[str, Connection], None], url: str) -> None:
        self.pipe, theirs = _context.Pipe()
        self._process: BaseProcess = _context.Process(target=act, args=(url, theirs))
        self._process.start()
        theirs.close()

    def ask(self, *order: object) -> object:
        """Give an order and wait for its answer."""
        self.pipe.send(order)
        return self.pipe.recv()

    def rest(self) -> list[object]:
        """All that it says until it ends."""
        collected = []
        while True:
            try:
                collected.append(self.pipe.recv())
            except (EOFError, ConnectionResetError):  # the latter where it was killed before it listened
                return collected

    def kill(self) -> None:
        """End it as a crash would: nothing of it runs any more."""
        self._process.kill()
        self._process.join()

    def join(self) -> int | None:
        """Wait for its own end; returns its exit code."""
        self._process.join()
        return self._process.exitcode

    def close(self) -> None:
        """End it and give back the pipe."""
        self.kill()
        self.pipe.close()
        self._process.close()
