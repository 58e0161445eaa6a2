"""Brings back what conversations of a lossless export share: assistants and files.

Assistants are known by the keys of their versions, files by their hashes.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from chatmgr.domain.lossless_columns import Record
from chatmgr.domain.names import free_name
from chatmgr.store.tables import assistant_versions, assistants, blobs, remote_assistants, remote_files
from chatmgr.store.writer.merge_parts import rows_by_key
from chatmgr.store.writer.restore_rows import Ids, RestoredRows

_CONTENT = ("instructions", "model", "provider", "params")


def restore_assistants(db: Connection, rows: RestoredRows, ids: Ids, records: Sequence[Record]) -> None:
    """Add the assistants that are not there, and the versions that those lack which are.

    One of the same name and with the same content counts as the same; another of that name gets a number.
    """
    for record in records:
        versions = record["versions"]
        known = rows_by_key(db, assistant_versions, [version["key"] for version in versions])
        for version in versions:
            if version["key"] in known:
                ids.set(assistant_versions, version["id"], known[version["key"]].id)
        pk = next((row.assistant_id for row in known.values()), None)
        if pk is None:
            pk = _alike(db, ids, record)
        if pk is None:
            _add(db, rows, ids, record)
        else:
            ids.set(assistants, record["id"], pk)
            _add_versions(db, rows, ids, pk, versions)
            _add_counterparts(db, rows, ids, pk, record["remote_assistants"])


def _alike(db: Connection, ids: Ids, record: Record) -> int | None:
    """An assistant here of the same name, whose current version says the same."""
    columns = assistant_versions.c
    current = (
        select(assistant_versions)
        .join(assistants, assistants.c.id == columns.assistant_id)
        .where(
            assistants.c.name == record["name"],
            assistants.c.deleted_at.is_(None),
            columns.version == assistants.c.version,
        )
    )
    here = db.execute(current).first()
    there = next((version for version in record["versions"] if version["version"] == record["version"]), None)
    if here is None or there is None or record["deleted_at"] is not None:
        return None
    if any(getattr(here, name) != there[name] for name in _CONTENT):
        return None
    ids.set(assistant_versions, there["id"], here.id)
    return int(here.assistant_id)


def _add(db: Connection, rows: RestoredRows, ids: Ids, record: Record) -> None:
    name = record["name"]
    if record["deleted_at"] is None:
        live = set(db.scalars(select(assistants.c.name).where(assistants.c.deleted_at.is_(None))))
        name = free_name(name, live.__contains__)
    ids.give(db, assistants, [record["id"]])
    pk = ids.get(assistants, record["id"])
    rows.add(assistants, record, id=pk, name=name)
    ids.give(db, assistant_versions, [version["id"] for version in record["versions"]])
    for version in record["versions"]:
        number = ids.get(assistant_versions, version["id"])
        rows.add(assistant_versions, version, id=number, assistant_id=pk)
    ids.give(db, remote_assistants, [counterpart["id"] for counterpart in record["remote_assistants"]])
    for counterpart in record["remote_assistants"]:
        number = ids.get(remote_assistants, counterpart["id"])
        rows.add(remote_assistants, counterpart, id=number, assistant_id=pk)


def _add_versions(
    db: Connection, rows: RestoredRows, ids: Ids, assistant: int, versions: Sequence[Record]
) -> None:
    """Add the versions that an assistant lacks, after its own: which one counts here stays."""
    missing = [version for version in versions if ids.get(assistant_versions, version["id"]) is None]
    ids.give(db, assistant_versions, [version["id"] for version in missing])
    columns = assistant_versions.c
    taken: set[int] = set(db.scalars(select(columns.version).where(columns.assistant_id == assistant)))
    for version in missing:
        number = version["version"]
        while number in taken:
            number += 1
        taken.add(number)
        pk = ids.get(assistant_versions, version["id"])
        rows.add(assistant_versions, version, id=pk, assistant_id=assistant, version=number)


def _add_counterparts(
    db: Connection, rows: RestoredRows, ids: Ids, assistant: int, counterparts: Sequence[Record]
) -> None:
    columns = remote_assistants.c
    known: set[Any] = {
        (row.provider, row.endpoint)
        for row in db.execute(select(remote_assistants).where(columns.assistant_id == assistant))
    }
    new = [record for record in counterparts if (record["provider"], record["endpoint"]) not in known]
    ids.give(db, remote_assistants, [record["id"] for record in new])
    for record in new:
        pk = ids.get(remote_assistants, record["id"])
        rows.add(remote_assistants, record, id=pk, assistant_id=assistant)


def restore_files(db: Connection, rows: RestoredRows, ids: Ids, records: Sequence[Record]) -> int:
    """Add the files that are not there, and what is known of their copies at servers; returns how many."""
    count = 0
    for file in records:
        sha256 = file["sha256"]
        if db.scalar(select(blobs.c.size).where(blobs.c.sha256 == sha256)) is None:
            rows.add(blobs, file)
            count += 1
        copies = db.execute(select(remote_files).where(remote_files.c.sha256 == sha256))
        known: set[Any] = {(row.provider, row.endpoint) for row in copies}
        new = [copy for copy in file["remote_files"] if (copy["provider"], copy["endpoint"]) not in known]
        ids.give(db, remote_files, [copy["id"] for copy in new])
        for copy in new:
            rows.add(remote_files, copy, id=ids.get(remote_files, copy["id"]))
    return count
