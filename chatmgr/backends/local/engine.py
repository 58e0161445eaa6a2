"""llama.cpp in this process, through ``xllamacpp``: loaded models, and answers in the making.

``xllamacpp`` blocks the thread that asks until the answer ends, and calls back there for each piece. So
every answer is generated on a thread of its own that fills a queue, and the caller's thread empties it:
Ctrl-C arrives at once there, and a generation is stopped by what its next callback returns. llama.cpp
also reports its progress through the prompt. That tells the prompt's true length before it is computed,
and lets a long prompt be given up half way.

Such a thread must not outlive the interpreter, or llama.cpp aborts the process. So closing a generation
waits for its thread, and so does the end of the process; both for a short time, because chatmgr ends its
process without taking the interpreter apart.
"""

import atexit
import queue
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatmgr.backends.error_body import is_error
from chatmgr.backends.overflow import Overflow, parse_overflow
from chatmgr.domain.errors import ConfigurationFault, ProviderRefused
from chatmgr.domain.interrupts import interrupts

Json = dict[str, Any]

_POLL_SECONDS = 0.05
_STOP_SECONDS = 2.0  # until a generation is left behind that reaches no callback
_PROMPT_BATCH = 128  # tokens read between two chances to stop; more are no faster on a CPU


@dataclass(frozen=True, slots=True)
class Engine:
    """A loaded model, and the size of the context that it really has, in tokens."""

    server: Any
    context: int


class Generation:
    """One answer in the making, on a thread of its own. Iterate over its chunks; closing it stops it."""

    def __init__(self, engine: Engine, body: Json) -> None:
        self._server = engine.server
        self._body = body
        self._chunks: queue.SimpleQueue[Json | Exception | None] = queue.SimpleQueue()
        self._looked_at: list[Json] = []
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="chatmgr-local", daemon=True)
        self._thread.start()
        _running.add(self)

    def __iter__(self) -> Iterator[Json]:
        while self._looked_at:
            yield self._looked_at.pop()
        while (chunk := self._next_chunk()) is not None:
            if isinstance(chunk, Exception):
                raise ProviderRefused(f"The local model could not take the request: {chunk}.") from chunk
            yield chunk
        self._chunks.put(None)  # so that the next iteration ends at once, too

    def _next_chunk(self) -> Json | Exception | None:
        """The next chunk, waited for so that Ctrl-C ends the wait."""
        while True:
            interrupts.check()
            try:
                return self._chunks.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue

    def overflow(self, limit: int) -> Overflow | None:
        """Wait for the first chunk, which tells whether the prompt exceeds ``limit`` tokens."""
        for chunk in self:
            prompt_tokens = chunk.get("prompt_progress", {}).get("total", 0)
            overflow = parse_overflow(chunk) if is_error("", chunk) else None
            if overflow is None and prompt_tokens > limit:
                overflow = Overflow(prompt_tokens, limit)
            if overflow:
                return overflow
            self._looked_at.append(chunk)
            break
        return None

    def close(self) -> None:
        """Have the thread stop at its next callback, and wait until it has, though not for long.

        One that is left behind computes a piece of a prompt, on a slow machine; the next answer waits for it.
        """
        self._stopped = True
        self._thread.join(_STOP_SECONDS)
        if not self._thread.is_alive():
            _running.discard(self)

    def _run(self) -> None:
        try:
            self._server.handle_chat_completions(self._body, self._receive)
        except Exception as error:
            self._chunks.put(error)
        finally:
            self._chunks.put(None)

    def _receive(self, chunk: Json) -> bool:
        """Called by llama.cpp with each chunk; a true value stops the generation."""
        self._chunks.put(chunk)
        return self._stopped


_running: set[Generation] = set()
_loaded: dict[tuple[Path, int, int], Engine] = {}
_loading = threading.Lock()


@atexit.register
def _close_all() -> None:
    for generation in list(_running):
        generation.close()


def llama() -> Any:
    """The ``xllamacpp`` module; raises ConfigurationFault where it is not installed or cannot be loaded."""
    try:
        import xllamacpp
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "xllamacpp"
        reason = "is not installed" if missing else f"cannot be loaded: {error}"
        raise ConfigurationFault(
            f"The local model needs xllamacpp, which {reason}.", "Install it: pip install 'chatmgr[local]'"
        ) from error
    return xllamacpp


def load(path: Path, context: int, threads: int) -> Engine:
    """Load a model, unless it is the one loaded last; only one is kept, because each needs its own memory."""
    key = (path, context, threads)
    with _loading:
        if key not in _loaded:
            _loaded.clear()
            _loaded[key] = _start(path, context, threads)
        return _loaded[key]


def _start(path: Path, context: int, threads: int) -> Engine:
    xllamacpp = llama()
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = _PROMPT_BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = 0  # one conversation at a time: the slot itself keeps its last prompt
    params.warmup = False
    params.verbosity = 0
    params.ui = False
    params.api_keys = [secrets.token_urlsafe(32)]  # it also listens on loopback, where nobody else may use it
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise ConfigurationFault(
            f"llama.cpp cannot load the model {path}.",
            "It must be a complete GGUF file, and its context must fit into memory. "
            "Download the embedded one again: chatmgr models pull",
        ) from error
    return Engine(server, _true_context(server, context))


def _true_context(server: Any, requested: int) -> int:
    """The size of the context, which llama.cpp caps to what the model was trained with.

    A prompt that cannot fit is sent for it: the refusal tells the size.
    """
    replies: list[Json] = []
    server.handle_completions({"prompt": [0] * (requested + 1024), "max_tokens": 1}, replies.append)
    overflow = parse_overflow(replies[0]) if replies else None
    return (overflow and overflow.limit) or requested
