"""Where a run goes in a conversation's path, if not to a new turn at its end."""

from chatmgr.domain.fast_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class TurnTarget:
    """The turn that is asked or answered anew, by its position.

    With ``again``, another run of that turn answers it. Without, a new turn in its place does, on a branch of
    its own, and what was there stays on the path before. ``begun`` is an answer so far, which the run goes on
    with; ``begun_by`` is the run that gave it, which a new turn gets a copy of. The journal calls it all
    ``action``, and ``notice`` is told once the run is stored.
    """

    position: int
    action: str
    notice: str = ""
    again: bool = False
    begun: str = ""
    begun_by: int = 0
