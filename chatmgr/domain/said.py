"""What the user says in a turn."""

from dataclasses import dataclass

from chatmgr.domain.model import Attachment


@dataclass(frozen=True, slots=True)
class Said:
    """The message, the files with it, and whether its run may go on without this process."""

    text: str
    attachments: tuple[Attachment, ...] = ()
    background: bool = False
