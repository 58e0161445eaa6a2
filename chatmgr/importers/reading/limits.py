"""How much is read of what strangers made, at most."""

from chatmgr.domain.fast_dataclass import dataclass

_MIB = 1024**2
_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds, in bytes. They hold for what is read, whatever an archive says about itself.

    ``ratio`` is how many times its packed size a member may become, once it is over ``small``. ``value`` is
    the text of one JSON value, as Python holds it; ``beside`` a file that a conversation refers to.
    """

    member: int = 16 * _GIB
    total: int = 64 * _GIB
    ratio: int = 250
    small: int = 64 * _MIB
    value: int = 256 * _MIB
    beside: int = 100 * _MIB
    database: int = 4 * _GIB
    names: int = 200_000


LIMITS = Limits()
