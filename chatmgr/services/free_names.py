"""Names that nobody chose: one that was free a moment ago may be taken by the time it is used."""

from collections.abc import Callable

from chatmgr.domain.errors import UsageFault


def create_under_free_name(free: Callable[[], str], create: Callable[[str], None]) -> str:
    """Create something under the name that ``free`` gives; returns that name.

    Where another process takes it first, the name that is free then is tried. Raises what ``create`` raises
    for any other reason.
    """
    name = free()
    while True:
        try:
            create(name)
        except UsageFault:
            taken, name = name, free()
            if name == taken:
                raise
        else:
            return name
