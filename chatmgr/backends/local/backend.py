"""The embedded model: llama.cpp inside this process, no account and no server needed.

``xllamacpp`` answers by calling back, on the thread that asked, once for each piece, and blocks until
the end. So every answer is made on a thread of its own that fills a queue, and ``stream`` empties it
on the caller's: Ctrl-C arrives at once there, and stopping is one flag that the next callback returns.
llama.cpp also reports how much of the prompt was read. That tells the prompt's true length before any
of it is computed, and lets a long prompt be given up half way.

Such a thread must not outlive the interpreter (llama.cpp aborts the process then): leaving ``stream``
waits for it, and so does the process's end.
"""

import atexit
import os
import queue
import secrets
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatmgr.backends.base import Stateless
from chatmgr.backends.context_window import (
    CHARS_PER_TOKEN,
    Overflow,
    corrected,
    fit,
    left_out_notice,
    recognise,
    reserve,
    too_long,
)
from chatmgr.backends.local import weights
from chatmgr.backends.local.weights import DEFAULT_MODEL as DEFAULT_MODEL
from chatmgr.backends.message_format import plain_message
from chatmgr.backends.params import for_api
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, ModelUnknown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, Notice, Opened, Sending, Usage
from chatmgr.domain.model import Message, ModelInfo, Provider, TurnRequest
from chatmgr.domain.names import nearest
from chatmgr.domain.states import RunState

Json = dict[str, Any]

CONTEXT = 8192
MAX_TOKENS = 1024
# Measured with SmolLM2-135M: hotter and it rambles, colder or freer to repeat and it loops for ever.
_MILD = {"temperature": 0.3, "top_p": 0.9, "repeat_penalty": 1.1}
_BATCH = 128  # tokens of the prompt read between two chances to stop; larger is no faster on a CPU
_TRIES = 6
_ADVICE = "Send it in parts, or raise the provider's “context” where the model was trained for more."
_ENDS = {"length": (RunState.INCOMPLETE, "length"), "stop": (RunState.COMPLETED, "")}


class LocalBackend(Stateless):
    """Keeps no thread: the instructions, what fits of the transcript and the new message go in each time.

    Options of the provider: ``models_dir``, ``threads`` (0: half the processors), ``context`` and
    ``max_tokens``, and ``progress`` to be told of a download.
    """

    def __init__(self, provider: Provider) -> None:
        options = provider.options
        self._provider = provider
        self._folder = Path(options["models_dir"])
        self._context = int(options.get("context") or CONTEXT)
        self._threads = int(options.get("threads") or 0) or max(1, (os.cpu_count() or 1) // 2)
        self._max_tokens = int(options.get("max_tokens") or MAX_TOKENS)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; the model, and its weights at the very first time, are loaded before ``Sending``."""
        try:
            model = request.model or self._provider.default_model or DEFAULT_MODEL
            engine = self._engine(model)
            history = [plain_message(one) for one in request.history(0)]
            yield Sending()
            yield from self._answer(engine, model, request, history)
        except ChatmgrError as error:
            error.touched = False  # nothing is kept anywhere but in the transcript
            raise

    def complete(self, instructions: str, text: str, model: str, limit: int) -> str:
        """A short answer; the engine does one thing at a time, so the next turn waits for its end."""
        model = model or self._provider.default_model or DEFAULT_MODEL
        engine = self._engine(model)
        messages = fit(instructions, [], text, budget=engine.context).messages
        mild = _MILD if model == DEFAULT_MODEL else {}
        body = {"max_tokens": limit, **mild, "stream": True, "messages": messages}
        with closing(_Generation(engine, body)) as generation:
            said = [event.text for event in _events(generation, model, "") if isinstance(event, Delta)]
        return "".join(said)

    def models(self) -> list[ModelInfo]:
        """The embedded model and every other in the models folder."""
        size = weights.SMOLLM2.size // 1_000_000
        note = "fetched" if weights.fetched(self._folder) else f"fetched on first use, {size} MB"
        others = sorted(path.stem for path in self._folder.glob("*.gguf") if path.stem != DEFAULT_MODEL)
        return [ModelInfo(DEFAULT_MODEL, note), *(ModelInfo(name, "fetched") for name in others)]

    def _engine(self, model: str) -> "_Engine":
        _llama()  # before anything is fetched for it
        return _load(self._path(model), self._context, self._threads)

    def _path(self, model: str) -> Path:
        if model == DEFAULT_MODEL:
            return weights.ensure(self._folder, self._provider.options.get("progress"))
        named = Path(model).expanduser()
        for path in (self._folder / f"{model}.gguf", self._folder / named, named):
            if path.suffix == ".gguf" and path.is_file():
                return path.resolve()
        error = f"There is no local model “{model}”."
        if close := nearest(model, [one.id for one in self.models()]):
            error += " Did you mean " + " or ".join(f"“{one}”" for one in close) + "?"
        raise ModelUnknown(error, f"See them all: chatmgr models --provider {self._provider.name}")

    def _body(self, model: str, request: TurnRequest) -> Json:
        return {
            "max_tokens": self._max_tokens,
            **(_MILD if model == DEFAULT_MODEL else {}),
            **for_api("completions", request.assistant.params),
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
        }

    def _answer(
        self, engine: "_Engine", model: str, request: TurnRequest, history: list[Message]
    ) -> Iterator[Event]:
        """Try with what should fit; where llama.cpp counts more, with less, down to the new message alone."""
        body = self._body(model, request)
        instructions = request.assistant.instructions
        text = plain_message(request.message).content
        budget = engine.context - reserve(body["max_tokens"], engine.context)
        ratio, at_most = CHARS_PER_TOKEN, len(history)
        for left in reversed(range(_TRIES)):
            sent = fit(instructions, history, text, budget=budget, ratio=ratio, at_most=at_most)
            with closing(_Generation(engine, {**body, "messages": sent.messages})) as generation:
                overflow = generation.overflow(budget if sent.kept else engine.context)
                if overflow is None:
                    notice = left_out_notice(sent.left_out, engine.context) if sent.left_out else ""
                    yield from _events(generation, model, notice)
                    return
            if not sent.kept:
                raise too_long(overflow, model, engine.context, _ADVICE)
            ratio = corrected(ratio, sent, overflow)
            at_most = sent.kept - 1 if left > 1 else 0


@dataclass(frozen=True, slots=True)
class _Engine:
    """A loaded model and the context it really has."""

    server: Any
    context: int


class _Generation:
    """One answer in the making, on its own thread. Iterate for its chunks; closing it ends it."""

    def __init__(self, engine: _Engine, body: Json) -> None:
        self._server = engine.server
        self._body = body
        self._chunks: queue.SimpleQueue[Json | Exception | None] = queue.SimpleQueue()
        self._held: list[Json] = []
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="chatmgr-local", daemon=True)
        self._thread.start()
        _under_way.add(self)

    def __iter__(self) -> Iterator[Json]:
        while self._held:
            yield self._held.pop()
        while (chunk := self._chunks.get()) is not None:
            if isinstance(chunk, Exception):
                raise ProviderRefused(f"The local model could not take the request: {chunk}.") from chunk
            yield chunk
        self._chunks.put(None)  # the end stays the end, however often it is asked for

    def overflow(self, limit: int) -> Overflow | None:
        """Wait for the first word, which tells whether the prompt fits."""
        for chunk in self:
            total = chunk.get("prompt_progress", {}).get("total", 0)
            if found := recognise(chunk) or (Overflow(total, limit) if total > limit else None):
                return found
            self._held.append(chunk)
            break
        return None

    def close(self) -> None:
        """Have the thread stop at its next callback, and wait until it has."""
        self._stopped = True
        self._thread.join()
        _under_way.discard(self)

    def _run(self) -> None:
        try:
            self._server.handle_chat_completions(self._body, self._take)
        except Exception as error:
            self._chunks.put(error)
        finally:
            self._chunks.put(None)

    def _take(self, chunk: Json) -> bool:
        self._chunks.put(chunk)
        return self._stopped


_under_way: set[_Generation] = set()
_loaded: dict[tuple[Path, int, int], _Engine] = {}
_loading = threading.Lock()


@atexit.register
def _end_all() -> None:
    for generation in list(_under_way):
        generation.close()


def _events(chunks: _Generation, model: str, notice: str) -> Iterator[Event]:
    opened, end = False, ""
    for chunk in chunks:
        if (error := chunk.get("error")) and opened:
            yield Finished(RunState.FAILED, error=str(error.get("message")))
            return
        if error:
            why = f"The local model refused the request: {error.get('message')}."
            code = str(error.get("type", ""))
            raise ProviderRefused(why, "See the assistant's parameters.", status=400, code=code)
        if not opened:
            opened = True
            yield Opened(run_id=str(chunk.get("id", "")), model=model)
            if notice:
                yield Notice(notice)
        for choice in chunk.get("choices", ()):
            if text := choice.get("delta", {}).get("content"):
                yield Delta(text)
            end = choice.get("finish_reason") or end
        if usage := chunk.get("usage"):
            yield Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"))
    if end:
        yield Finished(*_ENDS.get(end, (RunState.COMPLETED, end)))


def _llama() -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "xllamacpp"
        why = "is not installed" if missing else f"cannot be loaded: {error}"
        raise ConfigurationFault(
            f"The local model needs xllamacpp, which {why}.", "Install it: pip install 'chatmgr[local]'"
        ) from error
    return xllamacpp


def _load(path: Path, context: int, threads: int) -> _Engine:
    """The model, loaded once; another one takes its place, for two would need the memory of both."""
    key = (path, context, threads)
    with _loading:
        if key not in _loaded:
            _loaded.clear()
            _loaded[key] = _start(path, context, threads)
        return _loaded[key]


def _start(path: Path, context: int, threads: int) -> _Engine:
    llama = _llama()
    params = llama.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = 0  # one conversation at a time: the slot itself keeps its last prompt
    params.warmup = False
    params.verbosity = 0
    params.ui = False
    params.api_keys = [secrets.token_urlsafe(32)]  # it listens on loopback too; nobody else shall use it
    try:
        server = llama.Server(params)
    except RuntimeError as error:
        raise ConfigurationFault(
            f"llama.cpp cannot load the model {path}.",
            "It must be a whole GGUF file, and its context must fit the memory. Fetch the embedded one anew: "
            "chatmgr models pull",
        ) from error
    return _Engine(server, _true_context(server, context))


def _true_context(server: Any, asked: int) -> int:
    """Ask with a prompt that cannot fit: the refusal tells the context, capped to the model's training."""
    told: list[Json] = []
    server.handle_completions({"prompt": [0] * (asked + 1024), "max_tokens": 1}, told.append)
    overflow = recognise(told[0]) if told else None
    return (overflow and overflow.limit) or asked
