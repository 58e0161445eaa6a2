"""A message, with its files, in the format of each API.

A file that an API cannot take is refused, by its name, before anything is written or sent. If a
conversation moves to a model that cannot read its earlier files, that model is sent their names.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from chatmgr.backends.items.lines import in_words
from chatmgr.backends.items.payloads import data_url as url_of
from chatmgr.domain.errors import ProviderRefused, UsageFault
from chatmgr.domain.model import Attachment, Message

IMAGES = {"image/png", "image/jpeg", "image/webp", "image/gif"}
PDF = "application/pdf"
_FILES = re.compile(
    r"image|vision|multimodal|mmproj|input_file|\bfiles?\b|pdf|content.{0,4}type", re.IGNORECASE
)
_CANNOT = re.compile(r"support|cannot|invalid|missing data|not allowed|expected", re.IGNORECASE)


def is_text(content_type: str) -> bool:
    """Whether the content of a file can be sent as part of the message's text."""
    return content_type.startswith("text/") or content_type in {"application/json", "application/xml"}


def refuse_unsupported_files(api: str, attachments: Iterable[Attachment]) -> None:
    """Raise UsageFault for a file that an API cannot take; every API takes text."""
    for file in attachments:
        if is_text(file.content_type):
            continue
        if file.content_type not in IMAGES and file.content_type != PDF:
            raise UsageFault(
                f"{file.name} is {file.content_type}, which no model here can read.",
                "Images (PNG, JPEG, WebP, GIF), PDF and text can be sent.",
            )
        if api == "local":
            raise UsageFault(
                f"The embedded model reads text only, and {file.name} is {file.content_type}.",
                "Send it to another provider: --provider NAME.",
            )


def cannot_read_files(error: ProviderRefused) -> bool:
    """Whether a server refused a request because its model cannot read the files in it."""
    possible = error.status in {400, 415, 422, 500, 501}
    return possible and bool(_FILES.search(error.message) and _CANNOT.search(error.message))


def responses_message(message: Message) -> dict[str, Any]:
    """An input item in the one form that both OpenAI's published schema and llama.cpp take."""
    if not message.attachments:
        return {"type": "message", "role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = []
    for file in message.attachments:
        if is_text(file.content_type):
            parts.append({"type": "input_text", "text": inline_text(file)})
        elif file.content_type in IMAGES:
            parts.append({"type": "input_image", "image_url": data_url(file), "detail": "auto"})
        else:
            parts.append({"type": "input_file", "filename": file.name, "file_data": data_url(file)})
    parts.append({"type": "input_text", "text": message.content})
    return {"type": "message", "role": message.role, "content": parts}


def completions_message(message: Message) -> dict[str, Any]:
    """A chat message: plain text where there are no files, parts where there are."""
    if not message.attachments:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = []
    for file in message.attachments:
        if is_text(file.content_type):
            parts.append({"type": "text", "text": inline_text(file)})
        elif file.content_type in IMAGES:
            parts.append({"type": "image_url", "image_url": {"url": data_url(file)}})
        else:
            parts.append({"type": "file", "file": {"filename": file.name, "file_data": data_url(file)}})
    parts.append({"type": "text", "text": message.content})
    return {"role": message.role, "content": parts}


def assistants_message(message: Message, uploaded: Mapping[str, str]) -> dict[str, Any]:
    """A thread message; images and documents are named by the ids of their uploads (SHA-256 to id)."""
    if not message.attachments:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = []
    documents: list[dict[str, Any]] = []
    for file in message.attachments:
        if is_text(file.content_type):
            parts.append({"type": "text", "text": inline_text(file)})
        elif file.content_type in IMAGES:
            parts.append({"type": "image_file", "image_file": {"file_id": uploaded[file.sha256]}})
        else:
            documents.append({"file_id": uploaded[file.sha256], "tools": [{"type": "file_search"}]})
    parts.append({"type": "text", "text": message.content})
    body: dict[str, Any] = {"role": message.role, "content": parts}
    return {**body, "attachments": documents} if documents else body


def plain_message(message: Message) -> Message:
    """A message with its text files and items as part of its text, for a model that reads nothing else."""
    named = with_file_names(in_words(message))
    files = [inline_text(file) for file in named.attachments]
    return Message(message.role, "\n\n".join([*files, named.content])) if files else named


def text_in_thread(message: Message) -> str:
    """All the text that a remote thread holds of a message: that of its text files comes first."""
    files = [inline_text(file) for file in message.attachments if is_text(file.content_type)]
    return "".join([*files, message.content])


def with_file_names(message: Message) -> Message:
    """A message with the names of its images and documents in its text, for a model that cannot read them."""
    if not has_documents(message):
        return message
    names = [
        f"[{file.name}: {file.content_type}, not shown to this model]"
        for file in message.attachments
        if not is_text(file.content_type)
    ]
    texts = tuple(file for file in message.attachments if is_text(file.content_type))
    return replace(message, content="\n\n".join([*names, message.content]), attachments=texts)


def has_documents(message: Message) -> bool:
    """Whether a message has files that not every model can read."""
    return any(not is_text(file.content_type) for file in message.attachments)


def inline_text(file: Attachment) -> str:
    """A text file as part of a message's text, below its name."""
    return f"[{file.name}]\n{file.data.decode('utf-8', 'replace')}"


def data_url(file: Attachment) -> str:
    """A file as a data URL."""
    return url_of(file.data, file.content_type)
