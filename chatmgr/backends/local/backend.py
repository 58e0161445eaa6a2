"""The backend for the embedded model."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

from chatmgr.backends.completion_chunks import read_chunks
from chatmgr.backends.context_window import (
    CHARS_PER_TOKEN,
    answer_reserve,
    corrected_ratio,
    fit_to_window,
    left_out_notice,
    too_long_error,
)
from chatmgr.backends.error_body import reason
from chatmgr.backends.items.chat_messages import chat_messages
from chatmgr.backends.items.making import Origin
from chatmgr.backends.items.sending import Target
from chatmgr.backends.items.steps import Continuation, after, continuation, waits_for_nothing
from chatmgr.backends.json_values import as_id, as_object, as_text
from chatmgr.backends.local import engine, weights
from chatmgr.backends.local.engine import Engine, Generation, Json
from chatmgr.backends.local.weights import DEFAULT_MODEL as DEFAULT_MODEL
from chatmgr.backends.message_format import plain_message
from chatmgr.backends.params import params_for_api
from chatmgr.backends.stateless import Stateless
from chatmgr.domain.errors import ChatmgrError, ModelUnknown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, ItemDone, Notice, Opened, Sending
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.model import LiveRun, Message, ModelInfo, Provider, TurnRequest
from chatmgr.domain.names import nearest
from chatmgr.domain.states import RunState
from chatmgr.domain.text import as_sentence

_DEFAULT_CONTEXT = 8192
_DEFAULT_MAX_TOKENS = 1024
# Measured with SmolLM2-135M: hotter and it rambles, colder or freer to repeat and it loops for ever.
_SAMPLING = {"temperature": 0.3, "top_p": 0.9, "repeat_penalty": 1.1}
_ATTEMPTS = 6
_TOO_LONG_HINT = "Send it in parts, or raise the provider's “context” where the model was trained for more."


class LocalBackend(Stateless):
    """Sends the instructions, what fits of the transcript and the new message with every turn.

    Options of the provider: ``models_dir``, ``threads`` (0: half the processors), ``context`` and
    ``max_tokens``, and ``progress``, which is called while weights are downloaded.
    """

    def __init__(self, provider: Provider) -> None:
        options = provider.options
        self._provider = provider
        self._folder = Path(options["models_dir"])
        self._context = int(options.get("context") or _DEFAULT_CONTEXT)
        self._threads = int(options.get("threads") or 0) or max(1, (os.cpu_count() or 1) // 2)
        self._max_tokens = int(options.get("max_tokens") or _DEFAULT_MAX_TOKENS)

    def stream(self, request: TurnRequest) -> Iterator[Event]:
        """Run a turn; the model is loaded, and at the very first turn downloaded, before ``Sending``."""
        try:
            model = request.model or self._provider.default_model or DEFAULT_MODEL
            loaded = self._load(model)
            history = [plain_message(message) for message in request.history(0)]
            yield Sending()
            yield from self._answer(loaded, model, request, history, None)
        except ChatmgrError as error:
            error.touched = False  # nothing is kept anywhere but in the transcript
            raise

    def submit_tool_outputs(self, run: LiveRun, outputs: Mapping[str, str]) -> Iterator[Event]:
        """Let the model go on with the outputs of its calls."""
        if run.request is None or not run.items:
            raise waits_for_nothing()
        going_on = continuation(run, run.items, outputs)
        yield from (ItemDone(answer) for answer in going_on.step.new)
        loaded = self._load(run.model)
        history = [plain_message(message) for message in run.request.history(0)]
        events = self._answer(loaded, run.model, run.request, history, going_on)
        with closing(after(run.text, events)) as joined:
            yield from joined

    def complete(self, instructions: str, text: str, model: str, max_tokens: int) -> str:
        """A short answer; the engine does one thing at a time, so the next turn waits for its end."""
        model = model or self._provider.default_model or DEFAULT_MODEL
        loaded = self._load(model)
        messages = fit_to_window(instructions, [], text, budget=loaded.context).messages
        sampling = _SAMPLING if model == DEFAULT_MODEL else {}
        body = {"max_tokens": max_tokens, **sampling, "stream": True, "messages": messages}
        with closing(Generation(loaded, body)) as generation:
            return "".join(event.text for event in _events(generation, model, "") if isinstance(event, Delta))

    def models(self) -> list[ModelInfo]:
        """The embedded model, and every other one in the models folder."""
        megabytes = round(weights.SMOLLM2.wheel_size / 1_000_000)
        downloaded = weights.is_downloaded(self._folder)
        note = "fetched" if downloaded else f"fetched on first use, {megabytes} MB"
        others = sorted(path.stem for path in self._folder.glob("*.gguf") if path.stem != DEFAULT_MODEL)
        return [ModelInfo(DEFAULT_MODEL, note), *(ModelInfo(name, "fetched") for name in others)]

    def _load(self, model: str) -> Engine:
        engine.llama()  # raises where it is not installed, before anything is downloaded for it
        path = self._path(model)
        return interrupts.run_beside(lambda: engine.load(path, self._context, self._threads))

    def _path(self, model: str) -> Path:
        if model == DEFAULT_MODEL:
            return weights.ensure(self._folder, self._provider.options.get("progress"))
        given = Path(model).expanduser()
        for path in (self._folder / f"{model}.gguf", self._folder / given, given):
            if path.suffix == ".gguf" and path.is_file():
                return path.resolve()
        message = f"There is no local model “{model}”."
        if close := nearest(model, [info.id for info in self.models()]):
            message += " Did you mean " + " or ".join(f"“{name}”" for name in close) + "?"
        raise ModelUnknown(message, f"See them all: chatmgr models --provider {self._provider.name}")

    def _body(self, model: str, request: TurnRequest) -> Json:
        return {
            "max_tokens": self._max_tokens,
            **(_SAMPLING if model == DEFAULT_MODEL else {}),
            **params_for_api("completions", request.assistant.params),
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
        }

    def _answer(
        self,
        loaded: Engine,
        model: str,
        request: TurnRequest,
        history: list[Message],
        going_on: Continuation | None,
    ) -> Iterator[Event]:
        """Send what should fit; where llama.cpp counts more tokens, send less, at last the message alone."""
        body = self._body(model, request)
        begun = [{"role": "assistant", "content": request.begun}] if request.begun else []  # a prefill
        instructions = request.assistant.instructions
        text = plain_message(request.message).content
        budget = loaded.context - answer_reserve(body["max_tokens"], loaded.context)
        budget -= round(len(request.begun) / CHARS_PER_TOKEN)
        ratio, max_turns = CHARS_PER_TOKEN, len(history)
        rest = (going_on.answered,) if going_on else ()
        answered = chat_messages(rest, Target("local", model, current=True))
        for attempts_left in reversed(range(_ATTEMPTS)):
            fitted = fit_to_window(
                instructions, history, text, budget=budget, ratio=ratio, max_turns=max_turns
            )
            messages = [*fitted.messages, *begun, *answered]
            with closing(Generation(loaded, {**body, "messages": messages})) as generation:
                overflow = generation.overflow(budget if fitted.kept else loaded.context)
                if overflow is None:
                    left_out = fitted.left_out
                    notice = left_out_notice(left_out, loaded.context) if left_out else ""
                    yield from _events(generation, model, notice, rest)
                    return
            if not fitted.kept:
                raise too_long_error(overflow, model, loaded.context, _TOO_LONG_HINT)
            ratio = corrected_ratio(ratio, fitted, overflow)
            max_turns = fitted.kept - 1 if attempts_left > 1 else 0


def _events(chunks: Generation, model: str, notice: str, earlier: Sequence[Message] = ()) -> Iterator[Event]:
    remaining = iter(chunks)
    first = next(remaining, None)
    if first is None:
        return
    if error := first.get("error"):
        message = f"The local model refused the request: {as_sentence(reason(first))}"
        code = as_text(as_object(error).get("type"))
        raise ProviderRefused(message, "See the assistant's parameters.", status=400, code=code)
    run_id = as_id(first.get("id"))
    yield Opened(run_id=run_id, model=model, retrievable=False)
    if notice:
        yield Notice(notice)
    named = ([("error" if chunk.get("error") else "", chunk)] for chunk in chain([first], remaining))
    known = [item for message in earlier for item in message.items]
    yield from read_chunks(named, _failure, run_id, origin=Origin("local", model), known=known)


def _failure(chunk: Json, heard: bool) -> Finished:
    return Finished(RunState.FAILED, error=reason(chunk))
