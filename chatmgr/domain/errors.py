"""The errors that users see, each with its exit code and a hint what to type next.

``message`` is a finished sentence: what happened, and to which thing. ``hint`` says what to do now. The
command line prints both and exits with ``exit_code``; nothing else decides either. Exit codes: 1 fault,
2 usage, 3 database unreachable, 4 schema, 5 not found, 6 network, 7 key or configuration, 8 refused by
the provider, busy, or the run failed, 130 interrupted.
"""

import errno
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from chatmgr.domain.events import ToolCall

_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # the disk is at fault, not the path
_LONGEST_CALL = 300  # characters of a call with its arguments


class ChatmgrError(Exception):
    """A failure that the user can act on.

    ``touched`` is False if the remote thread is certainly unchanged: then the next turn may build on it. A
    backend that knows better sets it. ``footer`` is the line of facts about the turn that it ended, which the
    chat shows below it.
    """

    exit_code = 1
    touched = True
    footer = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageFault(ChatmgrError):
    """The command's arguments do not fit together, or what was typed cannot be a name or a message."""

    exit_code = 2


def unwritable(path: "Path", error: OSError) -> ChatmgrError:
    """The error for a file that cannot be written: the wrong path, or a disk that takes no more."""
    message = f"{path} cannot be written: {error.strerror or error}."
    if error.errno in _DISK_ERRORS:
        return ChatmgrError(message, "Free some disk space, or choose another path.")
    if error.errno == errno.ENOENT:
        return UsageFault(message, f"Create the folder {path.parent} first, or choose another path.")
    return UsageFault(message, "Choose another path.")


class DatabaseUnreachable(ChatmgrError):
    """The database cannot be opened, read or written.

    ``passing``: it may be there again in a moment, as after a restart of its server. ``message_kept``: the
    user's message was stored before.
    """

    exit_code = 3
    passing = False
    message_kept = False


class SchemaMismatch(ChatmgrError):
    """The database's schema is unknown to this version, or one that it may not change."""

    exit_code = 4


class NotFound(ChatmgrError):
    """No such name or address, with the nearest ones; an empty name means that there are none at all."""

    exit_code = 5

    def __init__(self, kind: str, name: str, nearest: Iterable[str] = (), hint: str = "") -> None:
        suggestions = [f"“{suggestion}”" for suggestion in nearest]
        question = f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""
        subject = f"{kind} “{name}”" if name else f"{kind} yet"
        super().__init__(f"There is no {subject}.{question}", hint)


class NoCode(ChatmgrError):
    """A conversation's answers have no code block of this number; 0 means any."""

    exit_code = 5

    def __init__(self, conversation: str, count: int, wanted: int) -> None:
        available = "one code block" if count == 1 else f"{count} code blocks" if count else "no code"
        missing = f", not {wanted}" if count else ""
        super().__init__(f"The answers of “{conversation}” contain {available}{missing}.")


class NoRun(ChatmgrError):
    """A turn has no run of this number."""

    exit_code = 5

    def __init__(self, address: str, count: int, wanted: int) -> None:
        available = "one run" if count == 1 else f"{count} runs"
        super().__init__(f"{address} has {available}, and no run {wanted}.")


class NetworkDown(ChatmgrError):
    """The provider was not reached, or the connection broke before the answer was complete.

    ``heard`` is False only if the request certainly never arrived (refused connection, unknown host): only
    then is it safe to send it again. ``broke_off``: an answer had begun, or may have, and can be gone on with
    or asked for again; whoever knows where the person is names the commands.
    """

    exit_code = 6

    def __init__(self, message: str, hint: str = "", *, heard: bool = True, broke_off: bool = False) -> None:
        super().__init__(message, hint)
        self.heard = heard
        self.broke_off = broke_off
        self.touched = heard


class Unsettled(NetworkDown):
    """The server may have received a run, and its state cannot be found out now.

    The run stays open: the next command that opens the conversation asks again.
    """


class ConfigurationFault(ChatmgrError):
    """No key, a wrong key, or an invalid setting."""

    exit_code = 7


class ProviderRefused(ChatmgrError):
    """The provider answered and refused, or the run ended without an answer.

    ``status`` is the HTTP status (0 if there was none), ``code`` the provider's own error code, ``body`` what
    it sent, ``retry_after`` the seconds after which it wants to be asked again.
    """

    exit_code = 8

    retry_after: float | None = None
    body: object = None

    def __init__(self, message: str, hint: str = "", *, status: int = 0, code: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code


class ModelUnknown(ProviderRefused):
    """The server has no such model; the message names its nearest ones."""

    exit_code = 5


class OutputNeeded(ProviderRefused):
    """A run waits for the output of functions, or for approvals, and nobody is there: it stays as it is."""

    def __init__(self, name: str, position: int, calls: "Iterable[ToolCall]") -> None:
        from shlex import quote

        calls = list(calls)
        approval = bool(calls) and all(call.kind == "approval" for call in calls)
        command = f"chatmgr runs answer {quote(name)}"
        answers = " ".join(
            quote(call.id) + ("=yes" if call.kind == "approval" else "=OUTPUT") for call in calls
        )
        needed = "your approval of" if approval else "the output of"
        shown = [
            text if len(text) <= _LONGEST_CALL else f"{text[:_LONGEST_CALL]}…" for text in map(str, calls)
        ]
        super().__init__(
            f"{name}@{position} is waiting for {needed} {_listed(shown) or 'a function'}.",
            f"Answer: {command} {answers} — or decline: {command} --decline",
        )
        self.count = len(calls)


def _listed(words: list[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


class Busy(ChatmgrError):
    """Another process is running a turn of this conversation."""

    exit_code = 8


class Interrupted(ChatmgrError):
    """The user pressed Ctrl-C; what had arrived is saved."""

    exit_code = 130
