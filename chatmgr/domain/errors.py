"""Everything that can go wrong, each with its exit code and what to type next.

An error here is a finished sentence for a person: *what happened, to which thing* in ``message`` and
*what to do now* in ``hint``. The command line prints both and leaves with ``exit_code``; nothing else
decides either. Codes: 1 fault, 2 usage, 3 database unreachable, 4 schema, 5 not found, 6 network,
7 key or configuration, 8 refused by the provider, busy, or the run failed, 130 interrupted.
"""

import errno
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # the disk's doing, not the path's


class ChatmgrError(Exception):
    """A failure a person can act on.

    ``touched`` is False where the remote thread is certainly as it was before: then the next turn
    may build on it. A backend that knows better sets it.
    """

    exit_code = 1
    touched = True

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageFault(ChatmgrError):
    """The words of the command do not fit together, or what was typed cannot be a name or a message."""

    exit_code = 2


def unwritable(path: "Path", error: OSError) -> ChatmgrError:
    """A file that was to be written cannot be: the wrong place, or a disk that takes no more."""
    what = f"{path} cannot be written: {error.strerror or error}."
    if error.errno in _NO_ROOM:
        return ChatmgrError(what, "Free some room, or name another place.")
    if error.errno == errno.ENOENT:
        return UsageFault(what, f"Make the folder {path.parent} first, or name another place.")
    return UsageFault(what, "Name another place.")


class DatabaseUnreachable(ChatmgrError):
    """The database cannot be opened, read or written."""

    exit_code = 3


class SchemaMismatch(ChatmgrError):
    """The database has a schema that this version neither knows nor may change."""

    exit_code = 4


class NotFound(ChatmgrError):
    """A name or address that leads nowhere, says what is nearest; without a name, there is nothing at all."""

    exit_code = 5

    def __init__(self, kind: str, name: str, nearest: Iterable[str] = (), hint: str = "") -> None:
        close = [f"“{one}”" for one in nearest]
        guess = f" Did you mean {' or '.join(close)}?" if close else ""
        which = f"{kind} “{name}”" if name else f"{kind} yet"
        super().__init__(f"There is no {which}.{guess}", hint)


class NoCode(ChatmgrError):
    """A conversation's answers hold no code block of this number; 0 is any."""

    exit_code = 5

    def __init__(self, conversation: str, found: int, wanted: int) -> None:
        there = "one code block" if found == 1 else f"{found} code blocks" if found else "no code"
        rest = f", not {wanted}" if found else ""
        super().__init__(f"The answers of “{conversation}” hold {there}{rest}.")


class NetworkDown(ChatmgrError):
    """The provider was not reached, or the connection broke before the answer was whole.

    ``heard`` is False only when the request certainly never arrived (refused connection, unknown
    host): sending again is safe then, and never otherwise.
    """

    exit_code = 6

    def __init__(self, message: str, hint: str = "", *, heard: bool = True) -> None:
        super().__init__(message, hint)
        self.heard = heard
        self.touched = heard


class Unsettled(NetworkDown):
    """What became of a run that the server may have heard cannot be found out now.

    The run stays open: whoever opens the conversation next asks again.
    """


class ConfigurationFault(ChatmgrError):
    """No key, a wrong key, or a setting that makes no sense."""

    exit_code = 7


class ProviderRefused(ChatmgrError):
    """The provider answered, and the answer was no; or the run ended without an answer.

    ``status`` is the HTTP status (0 where there was none), ``code`` the provider's own word for it,
    ``body`` what it sent, ``retry_after`` the seconds after which it wants to be asked again.
    """

    exit_code = 8

    retry_after: float | None = None
    body: object = None

    def __init__(self, message: str, hint: str = "", *, status: int = 0, code: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code


class ModelUnknown(ProviderRefused):
    """The server has no such model; says which of its models are nearest."""

    exit_code = 5


class OutputNeeded(ProviderRefused):
    """A run waits for what functions give, and nobody is there to say it: it stays as it is."""

    def __init__(self, name: str, position: int, calls: Iterable[str]) -> None:
        from shlex import quote

        super().__init__(
            f"{name}@{position} waits for the output of {', '.join(calls) or 'a function'}.",
            f"Answer or decline it: chatmgr runs answer {quote(name)}",
        )


class Busy(ChatmgrError):
    """Another process is running a turn of this conversation."""

    exit_code = 8


class Interrupted(ChatmgrError):
    """The user pressed Ctrl-C; what had arrived is kept."""

    exit_code = 130
