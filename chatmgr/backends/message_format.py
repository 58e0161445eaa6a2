"""A message in the words of each API, files included.

What an API cannot take is refused before anything is kept or sent, naming the file. What one model
was shown and another cannot read is named to that other one, so that a conversation can move.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from chatmgr.domain.errors import ProviderRefused, UsageFault
from chatmgr.domain.model import Attachment, Message

IMAGES = {"image/png", "image/jpeg", "image/webp", "image/gif"}
PDF = "application/pdf"
_FILES = re.compile(
    r"image|vision|multimodal|mmproj|input_file|\bfiles?\b|pdf|content.{0,4}type", re.IGNORECASE
)
_CANNOT = re.compile(r"support|cannot|invalid|missing data|not allowed|expected", re.IGNORECASE)


def is_text(content_type: str) -> bool:
    """Whether a file can stand in a message as text."""
    return content_type.startswith("text/") or content_type in {"application/json", "application/xml"}


def refuse_unsupported_files(api: str, attachments: Iterable[Attachment]) -> None:
    """Refuse what an API cannot take; text goes anywhere."""
    for one in attachments:
        if is_text(one.content_type):
            continue
        if one.content_type not in IMAGES and one.content_type != PDF:
            raise UsageFault(
                f"{one.name} is {one.content_type}, which no model here can read.",
                "Images (PNG, JPEG, WebP, GIF), PDF and text can be sent.",
            )
        if api == "local":
            raise UsageFault(
                f"The embedded model reads text only, and {one.name} is {one.content_type}.",
                "Send it to another provider: --provider NAME.",
            )


def unread(error: ProviderRefused) -> bool:
    """Whether a server refused because its model reads no such files."""
    known = error.status in {400, 415, 422, 500, 501}
    return known and bool(_FILES.search(error.message) and _CANNOT.search(error.message))


def responses_message(message: Message) -> dict[str, Any]:
    """An input item in the one form that OpenAI's published schema and llama.cpp both take."""
    if not message.attachments:
        return {"type": "message", "role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = []
    for one in message.attachments:
        if is_text(one.content_type):
            parts.append({"type": "input_text", "text": inline(one)})
        elif one.content_type in IMAGES:
            parts.append({"type": "input_image", "image_url": data_url(one), "detail": "auto"})
        else:
            parts.append({"type": "input_file", "filename": one.name, "file_data": data_url(one)})
    parts.append({"type": "input_text", "text": message.content})
    return {"type": "message", "role": message.role, "content": parts}


def completions_message(message: Message) -> dict[str, Any]:
    """A chat message: plain text where there are no files, parts where there are."""
    if not message.attachments:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = []
    for one in message.attachments:
        if is_text(one.content_type):
            parts.append({"type": "text", "text": inline(one)})
        elif one.content_type in IMAGES:
            parts.append({"type": "image_url", "image_url": {"url": data_url(one)}})
        else:
            parts.append({"type": "file", "file": {"filename": one.name, "file_data": data_url(one)}})
    parts.append({"type": "text", "text": message.content})
    return {"role": message.role, "content": parts}


def assistants_message(message: Message, uploaded: Mapping[str, str]) -> dict[str, Any]:
    """A thread message; images and documents stand in it by the ids of their uploads."""
    if not message.attachments:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    for one in message.attachments:
        if is_text(one.content_type):
            parts.append({"type": "text", "text": inline(one)})
        elif one.content_type in IMAGES:
            parts.append({"type": "image_file", "image_file": {"file_id": uploaded[one.sha256]}})
        else:
            files.append({"file_id": uploaded[one.sha256], "tools": [{"type": "file_search"}]})
    parts.append({"type": "text", "text": message.content})
    made: dict[str, Any] = {"role": message.role, "content": parts}
    return {**made, "attachments": files} if files else made


def plain_message(message: Message) -> Message:
    """A message whose text files stand in its text, for a model that reads nothing else."""
    told = named_only(message)
    files = [inline(one) for one in told.attachments]
    return Message(message.role, "\n\n".join([*files, told.content])) if files else told


def text_in_thread(message: Message) -> str:
    """All text that a remote thread holds of a message: that of its text files stands before its own."""
    files = [inline(one) for one in message.attachments if is_text(one.content_type)]
    return "".join([*files, message.content])


def named_only(message: Message) -> Message:
    """A message whose images and documents are named in its text, for a model that cannot read them."""
    if not has_documents(message):
        return message
    named = [
        f"[{one.name}: {one.content_type}, not shown to this model]"
        for one in message.attachments
        if not is_text(one.content_type)
    ]
    texts = tuple(one for one in message.attachments if is_text(one.content_type))
    return replace(message, content="\n\n".join([*named, message.content]), attachments=texts)


def has_documents(message: Message) -> bool:
    """Whether a message carries files that not every model can read."""
    return any(not is_text(one.content_type) for one in message.attachments)


def inline(one: Attachment) -> str:
    """A text file as part of a message, with its name."""
    return f"[{one.name}]\n{one.data.decode('utf-8', 'replace')}"


def data_url(one: Attachment) -> str:
    """A file as a data URL."""
    return f"data:{one.content_type};base64,{base64.b64encode(one.data).decode()}"
