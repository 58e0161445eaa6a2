"""Reads what another database is told of conversations."""

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

from chatmgr.domain.exchange import MOVES, Change, Exchanged, HeldTurn, Parcel, State, fingerprint
from chatmgr.domain.lossless_columns import Record
from chatmgr.domain.tree import Piece
from chatmgr.store.reader.export import Export
from chatmgr.store.reader.query_session import QuerySession
from chatmgr.store.shapes import as_dict, as_mapping, into, moment, moment_or_none, pick

_CHANGE = into(Change, detail=as_mapping, at=moment)
_MANY = 200  # turns that are read at once


class Exchange:
    """Conversations for another database."""

    def __init__(self, session: QuerySession) -> None:
        self._session = session
        self._export = Export(session)

    def states(self) -> dict[str, State]:
        """All conversations, also those in the trash, by key."""
        states: dict[str, State] = {}
        for row in self._session.rows("exchange.states", as_dict):
            for name in ("updated_at", "archived_at", "deleted_at"):
                row[name] = moment_or_none(row[name])
            live = bool(row.pop("live"))
            mark = fingerprint(row.values())
            trashed = row["deleted_at"] is not None
            states[row["key"]] = State(row["pk"], row["key"], row["name"], mark, trashed, live)
        return states

    def exchanged(self, database: str) -> dict[str, Exchanged]:
        """What was exchanged last with another database, by the keys of conversations."""
        rows = self._session.rows("exchange.exchanged", as_dict, database=database)
        return {row.pop("key"): Exchanged(**row) for row in rows}

    def deleted(self) -> set[str]:
        """The keys of conversations that were deleted for good."""
        return set(self._session.column("exchange.deleted"))

    def held(self, conversation: int) -> list[HeldTurn]:
        """All turns of a conversation, on whichever path of it, parents first."""
        rows = list(self._session.rows("exchange.turns", as_dict, conversation=conversation))
        keys = {(row["branch"], row["position"]): row["key"] for row in rows}
        runs: dict[str, list[str]] = {}
        chosen: dict[str, str] = {}
        for row in rows:
            runs.setdefault(row["key"], [])
            if row["run"]:
                runs[row["key"]].append(row["run"])
                if row["chosen"]:
                    chosen[row["key"]] = row["run"]
        turns: dict[str, HeldTurn] = {}
        for row in rows:
            key, before = row["key"], row["position"] - 1
            if key not in turns:
                place = (row["parent"], before) if before == row["after"] else (row["branch"], before)
                parent = keys[place] if before else ""
                where = row["branch"], row["position"]
                turns[key] = HeldTurn(key, parent, *where, chosen.get(key, ""), tuple(runs[key]))
        return list(turns.values())

    def parcel(
        self, state: State, held: list[HeldTurn], turns: Collection[str], runs: Collection[str]
    ) -> Parcel:
        """What is sent of a conversation: of its turns and runs those whose keys are named."""
        pk = state.pk
        [row] = self._export.records("conversations", conversation=pk)
        tip = self._session.first("exchange.tip", pick("key", "created_at"), conversation=pk)
        changes = list(self._session.rows("exchange.changes", _CHANGE, conversation=pk))
        moves = [change.at for change in changes if change.action in MOVES]
        said = [moment(tip[1])] if tip else []
        new, grown = list(self._records(held, set(turns))), []
        if runs:
            of_runs = {turn.key for turn in held if turn.key not in turns and set(turn.runs) & set(runs)}
            grown = list(self._records(held, of_runs))
        followed = {turn.parent for turn in held}
        used = {run["assistant_version_id"] for turn in (*new, *grown) for run in turn["runs"]}
        assistants = {self._versions[version][1] for version in used} | {row["assistant_id"]}
        sent = [self._assistant(assistant) for assistant in sorted(assistants)]
        newest = next(record["versions"][-1] for record in sent if record["id"] == row["assistant_id"])
        return Parcel(
            row,
            newest["key"],
            tip[0] if tip else "",
            max([*said, *moves], default=row["created_at"]),
            new,
            grown,
            {turn.key: turn.run for turn in held if turn.run},
            frozenset(record["name"] for record in self._export.records("tags", conversation=pk)),
            changes,
            list(self._session.rows("exchange.threads", as_dict, conversation=pk)),
            sent,
            [turn.key for turn in held if turn.key not in followed],
            self._files([*new, *grown]),
        )

    def _records(self, held: list[HeldTurn], wanted: set[str]) -> Iterator[Record]:
        """Whole turns, in the order in which they are held; neighbours are read together."""
        parents = {turn.key: turn.parent for turn in held}
        order = {turn.key: number for number, turn in enumerate(held)}
        places = sorted((turn.branch, turn.position) for turn in held if turn.key in wanted)
        records: list[Record] = []
        start = 0
        for index in range(1, len(places) + 1):
            if index == len(places) or places[index] != (places[index - 1][0], places[index - 1][1] + 1):
                piece = Piece(places[start][0], places[start][1], places[index - 1][1])
                for turns in self._export.turn_records(piece, _MANY):
                    records += turns
                start = index
        for record in records:
            record["parent"] = parents[record["key"]]
            for run in record["runs"]:
                run["version"] = self._versions[run["assistant_version_id"]][0]
        return iter(sorted(records, key=lambda record: order[record["key"]]))

    @cached_property
    def _versions(self) -> dict[int, tuple[str, int]]:
        rows = self._session.rows("exchange.version_keys", pick("id", "key", "assistant"))
        return {pk: (key, assistant) for pk, key, assistant in rows}

    def _assistant(self, pk: int) -> Record:
        name = self._session.value("exchange.assistant", "", assistant=pk)
        return {
            "id": pk,
            "name": name,
            "versions": self._export.records("assistant_versions", assistant=pk),
        }

    def _files(self, turns: list[Record]) -> dict[str, bytes]:
        hashes: set[str] = set()
        for turn in turns:
            hashes.update(item["sha256"] for item in turn["items"] if item["sha256"])
            files: list[Any] = [file for message in turn["messages"] for file in message["attachments"]]
            hashes.update(file["sha256"] for file in files)
        return {sha256: bytes(self._session.value("items.bytes", b"", sha256=sha256)) for sha256 in hashes}
