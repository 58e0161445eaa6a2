"""The only way into the tables. Each method is one transaction: when it returns, it is committed."""

from chatmgr.store.writer.records import ImportedTurn, OpenRun, RunOutcome, ThreadKey
from chatmgr.store.writer.writer import Writer

__all__ = ["ImportedTurn", "OpenRun", "RunOutcome", "ThreadKey", "Writer"]
