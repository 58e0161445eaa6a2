"""Brings the rows of a lossless export back: identical into an empty store, by their keys into any other.

Ids are kept where they are free. A conversation that is there already gets the turns and runs that it lacks;
a turn whose place is taken by another one goes on a branch beside it. Nothing that is there is changed, but
for the end of a conversation that went on in the export from where it stands here.
"""

from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError, StatementError

from chatmgr.domain.lossless_columns import BadRecord
from chatmgr.store.location import check_room
from chatmgr.store.writer.database import Database
from chatmgr.store.writer.merge_names import FreeNames
from chatmgr.store.writer.restore_batch import Met, Records, RestoreCounts, Restoring

__all__ = ["RestoreCounts", "RestoreWriter"]

_PURPOSE = "is importing"
_STRANGE = (
    IntegrityError,
    StatementError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class RestoreWriter:
    """One export, in batches: what the ids of its rows became here is remembered from one to the next."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._met = Met()

    def restore(self, batch: Records) -> RestoreCounts:
        """Bring back records, whole conversations with their turns, in one transaction.

        Raises BadRecord where something in them is not what chatmgr writes; then nothing of them is there.
        """
        if self._database.path:
            check_room(self._database.path)
        self._met.ids.begin()
        redirected = dict(self._met.redirected)
        try:
            with self._database.begin(_PURPOSE) as db:
                restoring = Restoring(db, batch, self._met)
                counts = _counted(restoring)
        except _STRANGE as error:
            self._met.ids.take_back()
            self._met.redirected = redirected
            self._met.names = FreeNames()
            raise _bad(error) from error
        restoring.remember()
        return counts


def _counted(restoring: Restoring) -> RestoreCounts:
    try:
        return restoring.run()
    except (DataError, ProgrammingError) as error:  # the database does not take a value
        raise BadRecord("something in it is of a kind that chatmgr does not write") from error


def _bad(error: Exception) -> BadRecord:
    if isinstance(error, BadRecord):
        return error
    if isinstance(error, KeyError):
        return BadRecord(f"it has no “{error.args[0]}”")
    if isinstance(error, IntegrityError):
        return BadRecord("its records contradict each other, or lack one that they refer to")
    return BadRecord(f"it is not built as chatmgr builds it ({type(error).__name__})")
