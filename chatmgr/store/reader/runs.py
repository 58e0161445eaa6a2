"""Reads runs: the ones still open, what they cost, which model they used."""

from dataclasses import replace
from typing import NamedTuple

from chatmgr.domain.events import Usage
from chatmgr.domain.model import LiveRun
from chatmgr.domain.states import RunState
from chatmgr.store.reader.items import Items
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import as_dict, as_mapping, into, moment

_LIVE_RUN = into(LiveRun, state=RunState, sent=bool, background=bool, started_at=moment)


class Cost(NamedTuple):
    """What was spent, in billionths of a US dollar, and how many runs have no price."""

    spent: int
    unpriced: int


class Runs:
    """The runs of conversations, by the conversation's key."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session

    def live(self, conversation: int) -> LiveRun | None:
        """The run of a conversation that nobody has closed, with its items."""
        run = self._session.first("runs.live", _LIVE_RUN, conversation=conversation)
        if run is None:
            return None
        items = Items(self._session).with_bytes(run.turn_pk)
        begun, count = self._begun(run)
        return replace(run, items=items[count:], begun=begun)

    def used(self, run: int) -> Usage:
        """The tokens that a run had used when it began to wait for the output of functions."""
        return self._session.first("runs.used", into(Usage), run=run) or Usage()

    def all_live(self) -> list[LiveRun]:
        """Every run that nobody has closed, oldest first."""
        return list(self._session.rows("runs.all_live", _LIVE_RUN))

    def newest(self, conversation: int) -> int:
        """The key of the newest run that a conversation made; 0 for none."""
        return int(self._session.value("runs.newest", 0, conversation=conversation))

    def cost(self, conversation: int) -> Cost:
        """What a conversation has cost so far."""
        row = self._session.first("runs.cost", as_dict, conversation=conversation)
        return Cost(int(row["spent"]), int(row["unpriced"])) if row else Cost(0, 0)

    def max_cost(self, conversation: int) -> int | None:
        """The most a conversation may cost before its next turn is refused, in billionths of a US dollar."""
        most = self._session.value("runs.max_cost", conversation=conversation)
        return None if most is None else int(most)

    def last_model(self, conversation: int, provider: str) -> str:
        """The model that a conversation used last at a provider; empty where it never was there."""
        return str(self._session.value("runs.last_model", "", conversation=conversation, provider=provider))

    def _begun(self, run: LiveRun) -> tuple[str, int]:
        """The answer of an earlier run that a run goes on with, and how many items it began with."""
        earlier = {
            row["pk"]: row["answer"]
            for row in self._session.rows("runs.earlier", as_dict, turn=run.turn_pk, run=run.run_pk)
        }
        asked = self._session.first("runs.asked_anew", as_dict, conversation=run.conversation_pk)
        if not earlier or asked is None or asked["action"] != "continue":
            return "", 0
        detail = as_mapping(asked["detail"])
        before = detail["answered_by"] if detail.get("answered_by") in earlier else next(iter(earlier))
        if detail.get("turn") != run.position or not run.text.startswith(earlier[before]):
            return "", 0
        owner, count = 0, 0
        for said_by in list(self._session.column("runs.said_by", turn=run.turn_pk)):
            owner = said_by or owner
            count += owner == before
        return earlier[before], count
