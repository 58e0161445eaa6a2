"""The embedded model, really run: one thread, small contexts, short answers."""

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chatmgr.backends import registry
from chatmgr.backends.local import engine
from chatmgr.backends.local.backend import DEFAULT_MODEL, LocalBackend
from chatmgr.domain.errors import ConfigurationFault, ModelUnknown, ProviderRefused
from chatmgr.domain.events import Delta, Event, Finished, ItemDone, Notice, Opened, Sending, ToolCall, Usage
from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.model import Assistant, LiveRun, Message, Provider, TurnRequest
from chatmgr.domain.states import RunState

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def _assistant(instructions: str = "You are brief.", **params: Any) -> Assistant:
    return Assistant(1, 1, "ada", 1, instructions, DEFAULT_MODEL, "local", params, NOW, NOW)


def _request(
    text: str = "Say hello.",
    *,
    history: list[Message] | None = None,
    model: str = DEFAULT_MODEL,
    instructions: str = "You are brief.",
    **params: Any,
) -> TurnRequest:
    params = {"seed": 1, **params}
    turns = history or []
    return TurnRequest(
        "talk", 1, text, model, _assistant(instructions, **params), lambda after: turns[2 * after :], 0
    )


def _provider(models_dir: Path, **options: Any) -> Provider:
    return Provider(
        "local", "local", options={"models_dir": str(models_dir), "threads": 1, "context": 512, **options}
    )


@pytest.fixture
def backend(models_dir: Path) -> LocalBackend:
    return LocalBackend(_provider(models_dir))


def _text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def _turns(count: int, text: str = "word " * 12) -> list[Message]:
    return [Message(role, f"{n} {text}") for n in range(count) for role in ("user", "assistant")]


def test_a_turn_tells_its_events_in_order(backend: LocalBackend) -> None:
    events = list(backend.stream(_request()))
    assert events[0] == Sending()
    opened, usage, finished = events[1], events[-2], events[-1]
    assert isinstance(opened, Opened)
    assert opened.run_id.startswith("chatcmpl-")
    assert opened.model == DEFAULT_MODEL
    assert all(isinstance(event, Delta) for event in events[2:-2])
    assert _text(events).strip()
    assert isinstance(usage, Usage)
    assert usage.input_tokens
    assert usage.output_tokens
    assert finished == Finished(RunState.COMPLETED)


def test_the_defaults_let_an_answer_end_by_itself(backend: LocalBackend) -> None:
    for seed in range(100, 110):
        assert list(backend.stream(_request(seed=seed)))[-1] == Finished(RunState.COMPLETED)


def test_a_short_limit_leaves_the_answer_incomplete(backend: LocalBackend) -> None:
    for request in (_request(max_tokens=3), _request(max_output_tokens=3)):
        events = list(backend.stream(request))
        assert events[-1] == Finished(RunState.INCOMPLETE, "length")
        assert isinstance(events[-2], Usage)
        assert events[-2].output_tokens == 3


def test_the_providers_limit_holds_without_a_parameter(models_dir: Path) -> None:
    events = list(LocalBackend(_provider(models_dir, max_tokens=4)).stream(_request()))
    assert events[-1] == Finished(RunState.INCOMPLETE, "length")


def test_parameters_pass_through(backend: LocalBackend) -> None:
    whole = _text(list(backend.stream(_request(temperature=0))))
    assert _text(list(backend.stream(_request(temperature=0, seed=9)))) == whole
    word = whole.split()[2]
    cut = _text(list(backend.stream(_request(temperature=0, stop=[word], made_up_parameter=1))))
    assert cut == whole[: whole.index(word)]
    answer = list(backend.stream(_request(grammar='root ::= "yes" | "no"', stream=False)))
    assert _text(answer) in {"yes", "no"}
    assert answer[-1] == Finished(RunState.COMPLETED)


@pytest.mark.parametrize("params", [{"temperature": "hot"}, {"n": 5}, {"grammar": "((("}, {"x": {1, 2}}])
def test_parameters_it_cannot_take_are_refused(backend: LocalBackend, params: dict[str, Any]) -> None:
    with pytest.raises(ProviderRefused) as caught:
        list(backend.stream(_request(**params)))
    assert not caught.value.touched
    assert list(backend.stream(_request()))[-1] == Finished(RunState.COMPLETED)


def test_the_history_and_the_instructions_are_seen(backend: LocalBackend) -> None:
    plain = _usage(list(backend.stream(_request(instructions="", max_tokens=1))))
    history = [Message("user", "My name is Zebedee."), Message("assistant", "Nice to meet you.")]
    seen = _usage(list(backend.stream(_request(history=history, max_tokens=1))))
    assert plain is not None
    assert seen is not None
    assert seen > plain


def test_an_answer_goes_on_where_it_was_cut_off(backend: LocalBackend) -> None:
    request = _request("Count from one to ten.", temperature=0, max_tokens=24)
    whole = _text(list(backend.stream(request)))
    begun = _text(list(backend.stream(_request("Count from one to ten.", temperature=0, max_tokens=12))))
    assert 0 < len(begun) < len(whole)
    rest = _text(list(backend.stream(replace(request, begun=begun))))
    assert (begun + rest).startswith(whole)


def _usage(events: list[Event]) -> int | None:
    return next(event.input_tokens for event in events if isinstance(event, Usage))


def test_turns_that_do_not_fit_are_left_out_and_told(backend: LocalBackend) -> None:
    events = list(backend.stream(_request(history=_turns(200), max_tokens=5)))
    notice = events[2]
    assert isinstance(notice, Notice)
    assert notice.text.endswith("did not fit the model's context of 512 tokens and were not sent.")
    assert 150 < int(notice.text.split()[0]) < 200
    assert 300 < (_usage(events) or 0) <= 507


def test_one_turn_left_out_is_told_as_one(backend: LocalBackend) -> None:
    history = [Message("user", "word " * 600), Message("assistant", "so many"), *_turns(1)]
    events = list(backend.stream(_request(history=history, max_tokens=5)))
    assert events[2] == Notice(
        "1 earlier turn did not fit the model's context of 512 tokens and was not sent."
    )


def test_a_wrong_estimate_is_corrected_by_what_the_model_counts(backend: LocalBackend) -> None:
    """Each of these characters is several tokens: four to a token would be wrong tenfold."""
    events = list(backend.stream(_request(history=_turns(40, "ᚠᛇᚻ" * 6), max_tokens=50)))
    assert isinstance(events[2], Notice)
    assert [type(event) for event in events].count(Sending) == 1
    assert [type(event) for event in events].count(Opened) == 1
    assert 150 < (_usage(events) or 0) <= 512 - 50


def test_a_message_that_cannot_fit_is_refused(backend: LocalBackend) -> None:
    with pytest.raises(ProviderRefused, match=r"has 512 tokens, .* needs [67]\d\d tokens") as caught:
        list(backend.stream(_request("word " * 600, history=_turns(3))))
    assert (caught.value.touched, caught.value.exit_code) == (False, 8)
    assert "in parts" in caught.value.hint


def test_the_context_is_capped_to_the_models_training(models_dir: Path) -> None:
    path = models_dir / f"{DEFAULT_MODEL}.gguf"
    assert engine.load(path, 16384, 1).context == 8192
    assert engine.load(path, 512, 1).context == 512


def test_a_loaded_model_is_kept(backend: LocalBackend, models_dir: Path) -> None:
    path = models_dir / f"{DEFAULT_MODEL}.gguf"
    list(backend.stream(_request(max_tokens=1)))
    loaded = engine.load(path, 512, 1)
    list(LocalBackend(_provider(models_dir)).stream(_request(max_tokens=1)))
    assert engine.load(path, 512, 1) is loaded
    assert len(engine._loaded) == 1


def test_nobody_else_can_use_its_listener(models_dir: Path) -> None:
    address = engine.load(models_dir / f"{DEFAULT_MODEL}.gguf", 512, 1).server.listening_address
    body = json.dumps({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}).encode()
    for path, data in (("/v1/chat/completions", body), ("/v1/models", None), ("/slots", None)):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(address + path, data)
        assert caught.value.code == 401
        caught.value.close()


def test_closing_early_stops_the_model(backend: LocalBackend) -> None:
    stream = backend.stream(_request("Tell me a very long story.", ignore_eos=True, max_tokens=400))
    for event in stream:
        if isinstance(event, Delta):
            break
    assert _threads() == 1
    assert isinstance(stream, Iterator)
    stream.close()  # type: ignore[attr-defined]
    assert _threads() == 0
    assert not engine._running
    assert list(backend.stream(_request()))[-1] == Finished(RunState.COMPLETED)


def test_closing_while_the_prompt_is_read_does_not_wait_for_all_of_it(models_dir: Path) -> None:
    backend = LocalBackend(_provider(models_dir, context=4096, max_tokens=16))
    stream = backend.stream(_request("word " * 3500))
    assert [type(next(stream)) for _ in range(2)] == [Sending, Opened]
    (generation,) = engine._running
    stream.close()  # type: ignore[attr-defined]
    told = [chunk["prompt_progress"] for chunk in generation]
    assert all(item["processed"] < item["total"] for item in told)
    assert _threads() == 0


def _threads() -> int:
    return sum(thread.name == "chatmgr-local" for thread in threading.enumerate())


def test_recover_says_that_it_was_interrupted(backend: LocalBackend) -> None:
    run = LiveRun(
        1, 1, 1, 1, RunState.RUNNING, "local", DEFAULT_MODEL, "", "chatcmpl-1", True, "Hel", 1, "here", NOW
    )
    assert list(backend.recover(run)) == [
        Finished(RunState.INTERRUPTED, error="the process ended before the answer did", text=None)
    ]


def test_there_is_nothing_to_prepare(backend: LocalBackend) -> None:
    assert list(backend.prepare(_assistant(), DEFAULT_MODEL, "")) == []


def test_models_are_the_embedded_one_and_those_in_the_folder(tmp_path: Path, models_dir: Path) -> None:
    absent = LocalBackend(_provider(tmp_path / "none"))
    assert [(model.id, model.note) for model in absent.models()] == [
        (DEFAULT_MODEL, "fetched on first use, 93 MB")
    ]
    (tmp_path / "zephyr.gguf").write_bytes(b"")
    (tmp_path / "alpha.gguf").write_bytes(b"")
    (tmp_path / f"{DEFAULT_MODEL}.gguf").symlink_to(models_dir / f"{DEFAULT_MODEL}.gguf")
    (tmp_path / "notes.txt").write_text("")
    assert [(model.id, model.note) for model in LocalBackend(_provider(tmp_path)).models()] == [
        (DEFAULT_MODEL, "fetched"),
        ("alpha", "fetched"),
        ("zephyr", "fetched"),
    ]


@pytest.mark.parametrize(
    "named",
    [lambda _: "mine", lambda _: "mine.gguf", lambda folder: str(folder / "mine.gguf")],
    ids=["stem", "file", "path"],
)
def test_other_models_are_found(tmp_path: Path, models_dir: Path, named: Callable[[Path], str]) -> None:
    (tmp_path / "mine.gguf").symlink_to(models_dir / f"{DEFAULT_MODEL}.gguf")
    name = named(tmp_path)
    events = list(LocalBackend(_provider(tmp_path)).stream(_request(model=name, max_tokens=2)))
    assert isinstance(events[1], Opened)
    assert events[1].model == name


def test_an_unknown_model_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "mistral-7b.gguf").write_bytes(b"")
    backend = LocalBackend(_provider(tmp_path))
    with pytest.raises(ModelUnknown, match="Did you mean “mistral-7b”") as caught:
        next(backend.stream(_request(model="mistral-7")))
    assert caught.value.hint == "See them all: chatmgr models --provider local"
    assert not caught.value.touched
    with pytest.raises(ModelUnknown, match=r"no local model “gpt-5”\.$"):
        next(backend.stream(_request(model="gpt-5")))


@pytest.mark.parametrize("kept", [0, 1000, 1_000_000])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, models_dir: Path, kept: int) -> None:
    with (models_dir / f"{DEFAULT_MODEL}.gguf").open("rb") as whole:
        (tmp_path / "cut.gguf").write_bytes(whole.read(kept))
    with pytest.raises(ConfigurationFault, match=r"cannot load the model .*cut\.gguf"):
        next(LocalBackend(_provider(tmp_path)).stream(_request(model="cut")))


def test_the_registry_makes_it(models_dir: Path) -> None:
    assert isinstance(registry.create(_provider(models_dir)), LocalBackend)


PROGRAM = """
import os, signal, sys
from tests.backends.test_local import *
from tests.backends.test_local import _provider, _request
backend = LocalBackend(_provider(Path(sys.argv[1])))
assert "xllamacpp" not in sys.modules
text = "Tell me a very long story."
stream = backend.stream(_request(text, ignore_eos=True, max_tokens=400))
"""


def _run(models_dir: Path, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM + program, str(models_dir)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nothing_is_printed_by_llama(models_dir: Path) -> None:
    ended = _run(models_dir, "list(backend.stream(_request()))")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_process_can_end_in_the_middle_of_an_answer(models_dir: Path) -> None:
    ended = _run(models_dir, "[next(stream) for _ in range(5)]; sys.exit(3)")
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "", "")
    ended = _run(models_dir, "engine.keep = stream; [next(stream) for _ in range(5)]")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_ctrl_c_arrives_at_once(models_dir: Path) -> None:
    program = """
seen = 0
try:
    for event in stream:
        seen += 1
        if seen == 5:
            os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    stream.close()
    print(seen, len(engine._running))
"""
    ended = _run(models_dir, program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "5 0\n", "")


def test_without_xllamacpp_it_says_what_to_install(tmp_path: Path, models_dir: Path) -> None:
    program = """
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "xllamacpp":
            raise ModuleNotFoundError("hidden", name=name)
sys.meta_path.insert(0, Hidden())
try:
    next(stream)
except ConfigurationFault as error:
    print(error.message, "|", error.hint)
"""
    ended = _run(tmp_path / "nothing is fetched", program)
    assert ended.stdout == (
        "The local model needs xllamacpp, which is not installed. | "
        "Install it: pip install 'chatmgr[local]'\n"
    )
    assert not (tmp_path / "nothing is fetched").exists()


def test_a_short_answer_beside_the_conversation(backend: LocalBackend) -> None:
    """It stops at its limit, and the conversation goes on as if nothing had been asked."""
    first = _text(list(backend.stream(_request())))
    answer = backend.complete("Answer with one word.", "What is the capital of France?", DEFAULT_MODEL, 6)
    assert 0 < len(answer.split()) <= 6
    assert _text(list(backend.stream(_request()))) == first


def test_a_run_that_waits_goes_on_with_the_output_of_its_call(backend: LocalBackend) -> None:
    content = {"call_id": "call_1", "name": "weather", "arguments": '{"city": "Rome"}', "tool": "function"}
    call = Item(ItemKind.TOOL_CALL, content, "{}", "local", DEFAULT_MODEL, id="call_1")
    request = _request("What is the weather in Rome?", max_tokens=8)
    waiting = RunState.REQUIRES_ACTION
    ids = (1, 1, 1, 1, waiting, "local", DEFAULT_MODEL, "", "", True, "", 1, "here", NOW)
    run = LiveRun(*ids, items=(call,), request=request)
    expected = ToolCall("call_1", "weather", '{"city": "Rome"}')
    assert list(backend.recover(run)) == [Finished(waiting, calls=(expected,))]
    result, *rest = backend.submit_tool_outputs(run, {"call_1": "Sunny."})
    assert isinstance(result, ItemDone)
    assert result.item.content["output"] == "Sunny."
    assert isinstance(rest[-1], Finished)
    assert rest[-1].state in {RunState.COMPLETED, RunState.INCOMPLETE}


class _Stuck:
    """A server that reaches no callback until it is told to: a slow machine, at a piece of a long prompt."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def handle_chat_completions(self, _body: object, _receive: object) -> None:
        self.go_on.wait()


def test_closing_does_not_wait_for_a_callback_for_ever() -> None:
    server = _Stuck()
    generation = engine.Generation(engine.Engine(server, 512), {})
    closer = threading.Thread(target=generation.close, daemon=True)
    closer.start()
    closer.join(30)
    assert not closer.is_alive()
    server.go_on.set()
    generation.close()
    assert generation not in engine._running
