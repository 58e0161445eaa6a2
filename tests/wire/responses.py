"""The Responses API: turns with a memory that is a conversation, a chain of responses, or the input
alone.

Mental model: POST makes a `Turn`, whose whole life is decided at once; what remains open is how much of
it has been seen. A turn is *settled* when its end is reached: then its input and output join the
conversation and the lock on that conversation is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .conversations import MOST_ITEMS, Conversation, Conversations, refuse_if_locked, said, stored_item
from .parts import Answer, Call, Event, Json, Plain, RefusedError, Said, Stream, as_json, deleted
from .response_events import final_response, script, snapshot
from .routing import Route
from .world import World, check_metadata, page

FEWEST_OUTPUT_TOKENS = 16


@dataclass(slots=True)
class Turn:
    """One response: how it ends (`final`), how it looks now (`current`), and all it takes to get from
    here to there.
    """

    final: Json
    current: Json
    inputs: list[Json]
    earlier: list[Said]
    events: list[Event]
    conversation: Conversation | None
    background: bool
    streamed: bool
    polls: int

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.current["status"] not in ("queued", "in_progress")


class Responses:
    """The endpoints under /responses."""

    def __init__(self, world: World, conversations: Conversations) -> None:
        self._world = world
        self._conversations = conversations
        self._turns: dict[str, Turn] = {}

    def routes(self) -> list[Route]:
        """Everything served here."""
        path = "/responses/{response}"
        return [
            ("POST", "/responses", self._create),
            ("GET", path, self._read),
            ("DELETE", path, self._delete),
            ("POST", f"{path}/cancel", self._cancel),
            ("GET", f"{path}/input_items", lambda call: as_json(page(self._named(call).inputs, call.query))),
        ]

    def forget(self, identifier: str) -> None:
        """Lose a response, if it is one."""
        self._turns.pop(identifier, None)

    def _named(self, call: Call) -> Turn:
        identifier = call.args["response"]
        if identifier not in self._turns:
            raise RefusedError(404, f"Response with id '{identifier}' not found.")
        return self._turns[identifier]

    def _create(self, call: Call) -> Answer:
        _check(call.body)
        turn = self._begin(call)
        if call.body.get("store") is not False:
            self._turns[turn.final["id"]] = turn
        if call.streaming and not self._world.wild.no_streaming:
            return Stream(self._deliver(turn, -1), lambda: self._abandon(turn))
        if not turn.background:
            self._settle(turn)
        return as_json(turn.current)

    def _begin(self, call: Call) -> Turn:
        conversation, conversation_id = self._conversation(call)
        refuse_if_locked(conversation, call)
        earlier = (
            self._remembered(conversation)
            if conversation
            else self._chain(call.body.get("previous_response_id"))
        )
        raw = call.body.get("input") or []
        items = [{"role": "user", "content": raw}] if isinstance(raw, str) else raw
        inputs = [stored_item(self._world, item) for item in items]
        told = call.body.get("instructions")
        self._world.refuse_too_long([*earlier, *said(inputs)], told, plain=True)
        outcome = self._world.think([*earlier, *said(inputs)], told, call.plan)
        final = final_response(self._world, call, outcome, conversation_id)
        background = bool(call.body.get("background"))
        turn = Turn(
            final=final,
            current=snapshot(final, "queued" if background else "in_progress"),
            inputs=inputs,
            earlier=earlier,
            events=script(self._world, final, outcome),
            conversation=conversation,
            background=background,
            streamed=call.streaming,
            polls=self._world.background_polls,
        )
        if conversation:
            conversation.busy = True
        return turn

    def _remembered(self, conversation: Conversation) -> list[Said]:
        if not self._world.wild.own_memory:
            return said(conversation.items)
        return conversation.memory or said(conversation.items[:MOST_ITEMS])

    def _conversation(self, call: Call) -> tuple[Conversation | None, str | None]:
        given = call.body.get("conversation")
        if given is None or call.plan.has("ignore_conversation"):
            return None, None
        identifier = given["id"] if isinstance(given, dict) else given
        return self._conversations.get(identifier), identifier

    def _chain(self, previous: str | None) -> list[Said]:
        if previous is None:
            return []
        if previous not in self._turns:
            message = f"Previous response with id '{previous}' not found."
            raise RefusedError(400, message, "previous_response_not_found", "previous_response_id")
        turn = self._turns[previous]
        return [*turn.earlier, *said(turn.inputs), *said(turn.current["output"])]

    def _deliver(self, turn: Turn, seen: int) -> Iterator[Event]:
        """Yield the events after the one with the sequence number `seen`, and settle the turn before its
        last.
        """
        for event in turn.events[seen + 1 :]:
            with self._world.lock:
                if turn.current["status"] == "cancelled":
                    return
                if event is turn.events[-1]:
                    self._settle(turn)
                elif not turn.over:
                    turn.current["status"] = "in_progress"
            yield event

    def _settle(self, turn: Turn) -> None:
        if turn.over:
            return
        turn.current = {**turn.final, "completed_at": self._world.now()}
        if turn.final["status"] != "completed":
            turn.current["completed_at"] = None
        if turn.conversation:
            turn.conversation.busy = False
            if turn.final["status"] != "failed":
                added = [*turn.inputs, *turn.final["output"]]
                turn.conversation.items += added
                turn.conversation.memory = [*turn.earlier, *said(added)]

    def _abandon(self, turn: Turn) -> None:
        """The client of a stream is gone: a background turn does not mind, any other ends as the world
        has it.
        """
        with self._world.lock:
            if turn.background or turn.over:
                return
            if self._world.abandoned == "finish":
                self._settle(turn)
                return
            self.forget(turn.final["id"])
            turn.current["status"] = "cancelled"
            if turn.conversation:
                turn.conversation.busy = False
                turn.conversation.items += turn.inputs if self._world.abandoned == "input_only" else []

    def _read(self, call: Call) -> Answer:
        turn = self._named(call)
        if call.query.get("stream") == "true":
            if not (turn.background and turn.streamed):
                raise RefusedError(
                    400, "Only background responses created with stream=true can be streamed again."
                )
            return Stream(self._deliver(turn, int(call.query.get("starting_after", "-1"))))
        if turn.background and not turn.over:
            turn.polls -= 1
            turn.current["status"] = "in_progress"
            if turn.polls <= 0:
                self._settle(turn)
        return as_json(turn.current)

    def _cancel(self, call: Call) -> Answer:
        turn = self._named(call)
        if not turn.background:
            raise RefusedError(400, "Only responses with background=true can be cancelled.")
        if not turn.over:
            turn.current["status"] = "cancelled"
            if turn.conversation:
                turn.conversation.busy = False
        return as_json(turn.current)

    def _delete(self, call: Call) -> Answer:
        self._named(call)
        if status := self._world.wild.response_delete:
            return Plain(status, b"", "text/plain")
        self.forget(call.args["response"])
        return deleted(call.args["response"], "response")


def _check(body: Json) -> None:
    """Refuse what OpenAI refuses though it fits the schema, or that chatmgr's users would most easily get
    wrong.
    """
    if not body.get("model"):
        raise RefusedError(400, "Missing required parameter: 'model'.", "missing_required_parameter", "model")
    if body.get("conversation") and body.get("previous_response_id"):
        message = (
            "Mutually exclusive parameters: Ensure you are only providing one of: "
            "'previous_response_id' or 'conversation'."
        )
        raise RefusedError(400, message, "mutually_exclusive_parameters")
    most = body.get("max_output_tokens")
    if most is not None and most < FEWEST_OUTPUT_TOKENS:
        message = f"Invalid 'max_output_tokens': expected a value >= 16, but got {most} instead."
        raise RefusedError(400, message, "integer_below_min_value", "max_output_tokens")
    if body.get("background") and body.get("store") is False:
        raise RefusedError(400, "Background responses need store=true.", "invalid_value", "background")
    check_metadata(body.get("metadata"))
