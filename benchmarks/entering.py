"""From Enter to the request: a chat at a pseudo-terminal against its backend called directly.

Both do the same on the wire: look at the thread, then post the turn. What the chat adds is the line
editor's farewell, the commit of what was typed, and what it reads before the network is used. The
target is on that difference: the backend's own time and 30 ms.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.meter import Meter
from benchmarks.ratios import Result
from benchmarks.remote import KEY, configure, create
from benchmarks.resuming import Clock
from benchmarks.timeline import MODEL
from chatmgr.store.reader import Reader
from chatmgr.store.writer import ThreadKey, Writer
from tests.support.screen import ENTER, Screen, environment

ALLOWED = 0.030
_PATH = "/responses"
_DIRECT = """
import sys, time
from chatmgr.services.app import App
from chatmgr.domain.model import TurnRequest
from chatmgr.domain.remote import ThreadRef

app = App()
conversation = app.reader.conversations.get("direct")
persona = app.reader.assistants.of(conversation.pk)
model = app.turns.model_of(conversation)
backend = app.providers.backend(app.providers.usable(app.providers.get(conversation.provider)))
app.reader.close()
list(backend.models())  # a chat has made its client, too
for number, line in enumerate(sys.stdin):
    thread = ThreadRef(line.strip(), 0)
    request = TurnRequest("direct", 1, "hello", model, persona, lambda after: [], 0, thread)
    began = time.monotonic()
    for _ in backend.stream(request):
        pass
    print(began, flush=True)
"""


def entering(meter: Meter, folder: Path, runs: int) -> Iterator[Result]:
    """The first turn of a chat, a while after it was opened, and the turns after it."""
    with Clock() as server:
        _prepare(folder, server.base_url)
        first, later = [], []
        with _Direct(folder, server) as direct:
            for number in range(runs):
                with _Chat(folder, server, f"chat-{number}") as chat:
                    first.append((chat.turn(), direct.turn() + ALLOWED))
                    later += [(chat.turn(), direct.turn() + ALLOWED) for _ in range(2)]
    against = f"backend + {ALLOWED * 1000:.0f} ms"
    yield Result("Enter to request, first turn", against, "wall", first)
    yield Result("Enter to request, later turns", against, "wall", later, 1.0)


def _prepare(home: Path, url: str) -> None:
    configure(home, "responses", url, MODEL)
    Writer(_store(home)).assistants.create("plain", "", MODEL, "wire", {})
    _conversation(home, url, "direct")


def _store(home: Path) -> str:
    return f"sqlite:///{home / 'chatmgr.db'}"


def _conversation(home: Path, url: str, name: str) -> None:
    """A conversation whose empty thread is there already."""
    writer, reader = Writer(_store(home)), Reader(_store(home))
    writer.conversations.create(name, reader.assistants.get("plain").id, "", "wire")
    place = ThreadKey(reader.conversations.get(name).pk, "wire", url)
    writer.threads.set(place, create(url, "/conversations"), 0)
    reader.close()
    writer.close()


def _arrived(server: Clock) -> float:
    [moment] = [moment for path, moment in server.arrivals if path == _PATH]
    return moment


class _Chat:
    """A chat at a terminal of its own."""

    def __init__(self, home: Path, server: Clock, name: str) -> None:
        _conversation(home, server.base_url, name)
        env = environment(home, **KEY)
        self._server, self._said = server, 0
        self._screen = Screen(["-m", "chatmgr", "resume", name], env, home, fresh=True)

    def __enter__(self) -> "_Chat":
        self._screen.until(at_prompt=True)
        time.sleep(2)  # a person types for longer than that; what is made ready meanwhile is ready
        return self

    def __exit__(self, *_: object) -> None:
        self._screen.__exit__(None, None, None)

    def turn(self) -> float:
        """Seconds from Enter to the request."""
        self._screen.until(at_prompt=True)
        self._said += 1
        self._screen.type(f"hello {self._said}")
        self._screen.until(f"❯ hello {self._said}")
        self._server.arrivals.clear()
        began = time.monotonic()
        self._screen.type(ENTER)
        self._screen.until(at_prompt=True)
        return _arrived(self._server) - began


class _Direct:
    """The same backend in a process that does nothing else."""

    def __init__(self, home: Path, server: Clock) -> None:
        self._server = server
        self._env = environment(home, **KEY)

    def __enter__(self) -> "_Direct":
        self._process = subprocess.Popen(
            [sys.executable, "-c", _DIRECT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._env,
            text=True,
        )
        self.turn()  # the first imports
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def turn(self) -> float:
        """Seconds from the call to the request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        thread = create(self._server.base_url, "/conversations")
        self._server.arrivals.clear()
        self._process.stdin.write(f"{thread}\n")
        self._process.stdin.flush()
        began = float(self._process.stdout.readline())
        return _arrived(self._server) - began
