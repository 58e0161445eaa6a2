"""Tells a pooler that would lose a session's locks from a PostgreSQL server, or a pooler that keeps them.

Between PostgreSQL and its clients there may be a pooler, such as PgBouncer. In session mode a client has a
server process of its own. In transaction and statement mode each transaction may go to another process: an
advisory lock stays with the process it was taken in, which the next client gets, and with it the lock. So
two turns of a conversation would run at once, and nobody would be told.

A pooler is known by its greeting: it names itself, where a server names its process. Who has no process of
their own is told by two connections, side by side, that use the same one, or by one that changes.
"""

from chatmgr.domain.errors import DatabaseUnreachable
from chatmgr.store.connection import PostgresSource

_PROCESS = "SELECT pg_backend_pid()"
_ROUNDS = 3  # others use the pooler, too, and may be in between once
_keeping_sessions: set[str] = set()


def refuse_lost_sessions(url: str, source: PostgresSource) -> None:
    """Raise DatabaseUnreachable where a pooler gives connections no server process of their own.

    ``source`` is an open connection to ``url`` that reached a pooler. What was seen once holds for the
    length of this process. Takes no lock: it would stay in a process that is not ours.
    """
    if url in _keeping_sessions:
        return
    other = PostgresSource(url)
    try:
        if _share_processes(source, other):
            raise DatabaseUnreachable(
                "CHATMGR_DATABASE_URL leads to a connection pooler in transaction or statement mode, where "
                "the lock that keeps two processes out of one conversation is lost. Nothing was sent.",
                "Name the PostgreSQL server itself (its port is usually 5432), or set pool_mode = session "
                "for this database.",
            )
    finally:
        other.close()
    _keeping_sessions.add(url)


def _share_processes(source: PostgresSource, other: PostgresSource) -> bool:
    """Whether two open connections were served by the same process, or one of them by several.

    Each asks twice in a row: a pooler that takes its processes in turn would otherwise seem to give each
    connection its own.
    """
    processes = [_process(source)]
    others: list[int] = []
    for _ in range(_ROUNDS):
        others += [_process(other), _process(other)]
        processes += [_process(source), _process(source)]
        if len(set(processes)) > 1 or len(set(others)) > 1 or processes[0] == others[0]:
            return True
    return False


def _process(source: PostgresSource) -> int:
    [(process,)] = source.ask(_PROCESS)
    return int(process)
