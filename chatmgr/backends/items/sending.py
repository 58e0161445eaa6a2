"""Items in the form in which an API takes them back, with a history or as the answers to calls.

What a provider sent (``raw``) goes back to the same API and the same family of models alone: nobody else
can read encrypted reasoning. Everybody else gets the portable form: calls with their results, images with
the next message of the user, and one line of text for what cannot be said. A call never goes without a
result. Pure functions, no I/O.
"""

import json
import re
from collections.abc import Iterable, Set
from dataclasses import field, replace
from enum import IntEnum
from typing import Any

from chatmgr.backends.items import payloads
from chatmgr.backends.items.lines import in_words
from chatmgr.backends.message_format import IMAGES
from chatmgr.domain.errors import ProviderRefused
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.items import DECLINED, Item, ItemKind, answer_to
from chatmgr.domain.model import Attachment, Message

Json = dict[str, Any]
_REFUSED_ITEM = re.compile(
    r"\bitems?\b|encrypted|reasoning|tool|function|\bcalls?\b|\bid\b|content|input|message|role|param|template",
    re.IGNORECASE,
)
_FAMILY_END = re.compile(r"(?:[-@:](?:\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|latest|preview|exp|free))+$")


class Form(IntEnum):
    """How items are said; a server that refuses one form gets the next."""

    RAW = 0
    PORTABLE = 1
    WORDS = 2


@dataclass(frozen=True, slots=True)
class Target:
    """Who gets items: an API and a model, in which form.

    ``keep_open`` are the ids of calls that get no result here: it is on its way. ``current``: the items are
    of the turn that goes on, of which some models want their reasoning back.
    """

    api: str
    model: str
    form: Form = Form.RAW
    keep_open: Set[str] = field(default_factory=frozenset)
    current: bool = False

    def raw_of(self, item: Item) -> Json | None:
        """The provider's own JSON of an item, where it may go back; None where it may not."""
        made_here = item.api == self.api and same_family(item.model, self.model)
        if self.form is not Form.RAW or not item.raw or not made_here:
            return None
        try:
            raw = json.loads(item.raw)
        except ValueError:
            return None
        return raw if isinstance(raw, dict) else None

    def sends_image(self, item: Item) -> bool:
        """Whether an image goes back inside the answer that it is from."""
        return self.api == "responses" and self.raw_of(item) is not None


def next_form(target: Target, messages: Iterable[Message], error: ProviderRefused) -> Form | None:
    """The form to try after a refusal that may be about items; None where it cannot be."""
    items = [item for message in messages for item in message.items]
    possible = error.status in {400, 422, 500} or (error.status == 404 and "item" in error.message.lower())
    if not items or not possible or target.form is Form.WORDS or not _REFUSED_ITEM.search(error.message):
        return None
    has_raw = target.form is Form.RAW and any(target.raw_of(item) is not None for item in items)
    return Form.PORTABLE if has_raw else Form.WORDS


def model_family(model: str) -> str:
    """What the versions of one model have in common: its name without vendor, date and edition."""
    return _FAMILY_END.sub("", model.rpartition("/")[2].lower())


def same_family(first: str, second: str) -> bool:
    """Whether two models are versions of one."""
    return bool(first) and model_family(first) == model_family(second)


def declined(call: Item) -> Item:
    """The answer to a call that nobody answered."""
    return answer_to(call, DECLINED)


def as_attachment(item: Item) -> Attachment | None:
    """An image among the items as a file that a message can carry; None for anything else."""
    content_type = str(item.content.get("content_type") or "")
    if item.kind is not ItemKind.IMAGE or item.data is None or content_type not in IMAGES:
        return None
    name = str(item.content.get("name") or "image")
    return Attachment(name, content_type, payloads.hash_of(item.data).partition(":")[2], item.data)


def carried(messages: Iterable[Message], target: Target) -> tuple[list[Message], tuple[Attachment, ...]]:
    """The messages, in which the user's carry the images of the answers before them; no API takes them there.

    The second value are the images of the last answer, for the message that follows.
    """
    sent: list[Message] = []
    waiting: tuple[Attachment, ...] = ()
    for message in messages:
        takes_images = message.role == "user"
        sent.append(
            replace(message, attachments=(*waiting, *message.attachments)) if takes_images else message
        )
        waiting = () if takes_images else waiting
        if message.items and target.form is not Form.WORDS:
            images = [as_attachment(item) for item in message.items if not target.sends_image(item)]
            waiting += tuple(image for image in images if image)
    return sent, waiting


def in_form(message: Message, form: Form) -> Message:
    """A message whose items are said in words, where that is the form."""
    return in_words(message) if form is Form.WORDS else message
