"""The assistants that another database sent, with all their versions."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, insert, select, update

from chatmgr.domain.lossless_columns import Record
from chatmgr.domain.names import free_name
from chatmgr.store.tables import assistant_versions, assistants
from chatmgr.store.writer.database import now
from chatmgr.store.writer.merge_parts import Version, rows_by_key

_CONTENT = ("instructions", "model", "provider", "params")


def versions_here(db: Connection, sent: Iterable[Record]) -> dict[str, Version]:
    """The versions here of assistants from elsewhere, by the keys that they have there.

    An assistant is the same if a version of it is. One that is called the same and was told the same, like
    the default one of every machine, serves as well. Others are added, under a free name.
    """
    versions: dict[str, Version] = {}
    for assistant in sent:
        keys = [version["key"] for version in assistant["versions"]]
        known = rows_by_key(db, assistant_versions, keys)
        here = next((row.assistant_id for row in known.values()), None)
        if here is None:
            twin = _twin(db, assistant)
            if twin is not None:
                versions |= dict.fromkeys(keys, twin)
                continue
            here = _add(db, str(assistant["name"]))
        for version in assistant["versions"]:
            row = known.get(version["key"])
            versions[version["key"]] = (
                Version(row.id, row.assistant_id) if row is not None else _add_version(db, here, version)
            )
    return versions


def _twin(db: Connection, assistant: Record) -> Version | None:
    """The newest version here of the assistant of the same name, where it says the same."""
    if len(assistant["versions"]) > 1:
        return None
    newest = (
        select(assistant_versions)
        .join(assistants, assistants.c.id == assistant_versions.c.assistant_id)
        .where(assistants.c.name == assistant["name"], assistants.c.deleted_at.is_(None))
        .order_by(assistant_versions.c.version.desc())
    )
    row = db.execute(newest.limit(1)).first()
    theirs = assistant["versions"][-1]
    if row is None or any(row._mapping[name] != theirs[name] for name in _CONTENT):
        return None
    return Version(row.id, row.assistant_id)


def _add(db: Connection, name: str) -> int:
    taken = set(db.scalars(select(assistants.c.name).where(assistants.c.deleted_at.is_(None))))
    moment = now()
    row = {
        "name": free_name(name, taken.__contains__),
        "version": 0,
        "created_at": moment,
        "updated_at": moment,
    }
    return int(db.scalar(insert(assistants).returning(assistants.c.id), row) or 0)


def _add_version(db: Connection, assistant: int, version: Record) -> Version:
    own = assistant_versions.c.assistant_id == assistant
    number = int(db.scalar(select(func.max(assistant_versions.c.version)).where(own)) or 0) + 1
    row = {name: value for name, value in version.items() if name not in {"id", "assistant_id", "version"}}
    row |= {"assistant_id": assistant, "version": number, "params": dict(version["params"])}
    pk = int(db.scalar(insert(assistant_versions).returning(assistant_versions.c.id), row) or 0)
    newest = update(assistants).where(assistants.c.id == assistant)
    db.execute(newest.values(version=number, updated_at=now()))
    return Version(pk, assistant)
