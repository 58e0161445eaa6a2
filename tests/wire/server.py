"""`WireServer`: one scripted provider on a loopback port, for tests in the same process.

Mental model: a world, the three APIs over it, a queue of faults, a record of all requests, and the
published document as judge. It runs while its `with` block runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from tests.support.loopback import LoopbackServer

from . import spec
from .chat import Chat
from .conversations import Conversations
from .faults import Fault, FaultQueue, Plan
from .files import Files
from .parts import Answer, Call, Json, Recorded, RefusedError, as_json
from .responses import Responses
from .routing import Router
from .runs import Runs
from .threads import Threads
from .transport import Server
from .world import Abandoned, Reply, Wild, World, echo, words

MODELS = ("gpt-4.1", "gpt-4o-mini", "gpt-5-mini")


class WireServer(LoopbackServer):
    """A server for all three APIs; the keyword arguments are the settings of its `World`.

    `models` are ids or whole model objects, `wrong_keys` the keys that get a 401; `check=False` skips the
    document, for speed; `log` is called with every request, turn, violation and answer as it happens.
    """

    def __init__(
        self,
        *,
        reply: Reply = echo,
        split: Callable[[str], list[str]] = words,
        deltas: int | None = None,
        abandoned: Abandoned = "finish",
        wild: Wild | None = None,
        models: Sequence[str | Json] = MODELS,
        check: bool = True,
        log: Callable[[Json], None] = lambda entry: None,
    ) -> None:
        self.world = World(
            reply=reply, split=split, deltas=deltas, abandoned=abandoned, wild=wild or Wild(), log=log
        )
        self.requests: list[Recorded] = []
        self.violations: list[str] = []
        self.wrong_keys: set[str] = set()
        self.closing = threading.Event()
        self._spec = spec.load() if check else None
        self._faults = FaultQueue()
        self._idle = threading.Condition()
        conversations, threads = Conversations(self.world), Threads(self.world)
        responses = Responses(self.world, conversations)
        files = Files(self.world)
        self._memories = (conversations, responses, threads, files)
        chat = Chat(self.world, [_model(model) for model in models])
        apis = (Runs(self.world, threads), conversations, responses, threads, files, chat)
        self._router = Router(route for api in apis for route in api.routes())
        super().__init__(Server(self))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        super().__exit__(kind, error, trace)
        self.wait_idle()

    @property
    def base_url(self) -> str:
        """What a client takes as its base URL."""
        return f"http://{self.address}/v1"

    @property
    def turns_heard(self) -> list[str]:
        """The user text of every turn for which an answer was begun."""
        return self.world.turns_heard

    @property
    def conversations(self) -> Mapping[str, Any]:
        """The conversations as the server keeps them, for a test that wants to look behind the API."""
        return self._memories[0].kept

    def fault(self, fault: Fault) -> Fault:
        """Queue a fault."""
        self._faults.add(fault)
        return fault

    def clear_faults(self) -> None:
        """Drop all queued faults."""
        self._faults.clear()

    def script_run(self, *statuses: str) -> None:
        """Queue the statuses that the next run goes through; the first is the one it is created with."""
        self.world.run_scripts.append(statuses)

    def wait_idle(self, timeout: float = 60) -> None:
        """Wait until everything that was asked is answered, or known to be unwanted."""
        with self._idle:
            if not self._idle.wait_for(lambda: all(request.finished for request in self.requests), timeout):
                raise TimeoutError("the server is still busy")

    def plan(self, method: str, path: str) -> Plan:
        """Return the faults due for a request."""
        return self._faults.plan(method, path)

    def record(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any
    ) -> Recorded:
        """Write down a request, and what the document has to say about it."""
        shown = {name: value for name, value in headers.items() if name != "authorization"}
        with self._idle:
            recorded = Recorded(len(self.requests) + 1, method, path, query, shown, body)
            self.requests.append(recorded)
        entry = {"number": recorded.number, "method": method, "path": path, "query": query, "headers": shown}
        self.world.log({"kind": "request", **entry, "body": body})
        return recorded

    def answer(self, call: Call, headers: dict[str, str], sent: Any) -> Answer:
        """Judge a call by the document, then serve it."""
        wrong = self._judge(call, headers, sent)
        try:
            _check_key(headers.get("authorization", ""), self.wrong_keys)
            with self.world.lock:
                if call.plan.has("forget"):
                    self._forget(call)
                if call.plan.has("keep"):
                    return as_json({"id": call.path.rpartition("/")[2], "deleted": False})
                return self._router.serve(call)
        except RefusedError as refused:
            return as_json({"error": refused.error}, refused.status)
        except (AttributeError, KeyError, TypeError, ValueError):
            # The APIs take well-formed calls for granted. If this was one, the fault is theirs: show it.
            if not wrong:
                raise
            return as_json({"error": RefusedError(400, wrong[0], "invalid_type").error}, 400)

    def finished(self, recorded: Recorded) -> None:
        """Note that nothing more will happen to a request."""
        with self._idle:
            recorded.finished = True
            self._idle.notify_all()
        entry = {
            "number": recorded.number,
            "status": recorded.status,
            "events_written": recorded.events_written,
        }
        self.world.log({"kind": "answered", **entry})

    def _judge(self, call: Call, headers: dict[str, str], sent: Any) -> list[str]:
        wrong = self._spec.check(call.method, call.path, call.query, headers, sent) if self._spec else []
        for violation in wrong:
            self.violations.append(violation)
            self.world.log({"kind": "violation", "text": violation})
        return wrong

    def _forget(self, call: Call) -> None:
        conversation = call.body.get("conversation")
        named = conversation["id"] if isinstance(conversation, dict) else conversation
        for identifier in (*call.path.split("/"), named, call.body.get("previous_response_id")):
            for memory in self._memories:
                memory.forget(str(identifier))


def _check_key(authorization: str, wrong: set[str]) -> None:
    key = authorization.removeprefix("Bearer ").strip()
    if not key:
        raise RefusedError(
            401, "You didn't provide an API key. You need to provide your API key in an Authorization header."
        )
    if key in wrong:
        message = f"Incorrect API key provided: {_masked(key)}. You can find your API key at "
        raise RefusedError(401, f"{message}https://platform.openai.com/account/api-keys.", "invalid_api_key")


def _masked(key: str) -> str:
    """Show the ends of a key, as OpenAI does: much of a long one, nothing of a short one."""
    first, last = (8, 4) if len(key) > 16 else (2, 2) if len(key) > 8 else (0, 0)
    return key[:first] + "*" * (len(key) - first - last) + key[len(key) - last :]


def _model(model: str | Json) -> Json:
    if isinstance(model, dict):
        return model
    return {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": "openai"}
