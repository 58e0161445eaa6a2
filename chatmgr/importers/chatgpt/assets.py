"""The files of a ChatGPT export: what a pointer in a message stands for.

A file is found by its id, with which its name in the archive begins; its own name is in lists beside the
conversations, and in the message that it was sent with.
"""

import re
from collections.abc import Mapping
from typing import Any

from chatmgr.domain.items import Item, ItemKind
from chatmgr.domain.model import Attachment
from chatmgr.importers.chatgpt.fields import Json, number_in, object_in, objects_in, text_in
from chatmgr.importers.making import attachment, file_item
from chatmgr.importers.source import Surroundings

_ANY_IMAGE = "image/*"
_SCHEME = re.compile(r"^(?:file-service|sediment)://")
_ID = re.compile(r"file[-_][A-Za-z0-9_-]+")


class Library:
    """What the lists of an export say of its files. Made once for each list."""

    def __init__(self, files: Any, names: Any) -> None:
        rows = [row for row in files if isinstance(row, dict)] if isinstance(files, list) else []
        self.names = {text_in(row, "file_id", "id"): text_in(row, "file_name", "name") for row in rows}
        self.made_by: dict[
            str, list[Json]
        ] = {}  # files that no message points to, by the message they came from
        for row in rows:
            if origin := text_in(row, "origination_message_id"):
                self.made_by.setdefault(origin, []).append(row)
        if isinstance(names, Mapping):
            for member, name in names.items():
                if isinstance(member, str) and isinstance(name, str):
                    self.names.setdefault(member.partition(".")[0], name)


def file_id_of(pointer: str) -> str:
    """The id in a pointer; empty where there is none."""
    match = _ID.match(_SCHEME.sub("", pointer).partition("#")[0])
    return match.group() if match else ""


class Assets:
    """The files of one conversation. Each is taken once for each message."""

    def __init__(self, around: Surroundings, library: Library) -> None:
        self._around = around
        self._library = library

    def sent(self, metadata: Json, parts: list[Json]) -> tuple[list[Attachment], list[Item]]:
        """What a user sent with a message: files, and items for those that are not there."""
        files, missing, met = list[Attachment](), list[Item](), set[str]()
        names = {text_in(row, "id"): row for row in objects_in(metadata, "attachments")}
        for part in parts:
            self._send(file_id_of(text_in(part, "asset_pointer")), names, met, files, missing, ItemKind.IMAGE)
        for file_id in names:
            self._send(file_id, names, met, files, missing, ItemKind.FILE)
        return files, missing

    def _send(
        self,
        file_id: str,
        rows: Mapping[str, Json],
        met: set[str],
        files: list[Attachment],
        missing: list[Item],
        kind: ItemKind,
    ) -> None:
        if file_id in met:
            return
        met.add(file_id)
        row = rows.get(file_id, {})
        declared = text_in(row, "mime_type", "mimeType")
        name = self._name(file_id, text_in(row, "name"))
        if match := self._around.file(file_id):
            files.append(attachment(name or _own_name(match[0], file_id), match[1], declared))
        else:
            missing.append(file_item(name, None, declared or (_ANY_IMAGE if kind is ItemKind.IMAGE else "")))

    def made(self, part: Json) -> Item:
        """An image of an answer, by the part that points to it."""
        file_id = file_id_of(text_in(part, "asset_pointer", "image_url"))
        about = object_in(part, "metadata")
        prompt = text_in(object_in(about, "dalle"), "prompt")
        name = self._name(file_id, "")
        if file_id and (match := self._around.file(file_id)):
            return file_item(name or _own_name(match[0], file_id), match[1], prompt=prompt)
        return file_item(name, None, _ANY_IMAGE, prompt=prompt, size=number_in(part, "size_bytes"))

    def audio(self, part: Json, transcript: str) -> Item | None:
        """The sound of what was said, where it is there: exports often hold the words alone."""
        match = self._around.file(file_id_of(text_in(part, "asset_pointer")))
        return file_item(match[0], match[1], transcript=transcript) if match else None

    def left_by(self, message_id: str) -> list[Item]:
        """Files that came from a message, but that nothing in it points to."""
        items = list[Item]()
        for row in self._library.made_by.get(message_id, []):
            file_id = text_in(row, "file_id", "id")
            if match := self._around.file(file_id):
                items.append(file_item(text_in(row, "file_name"), match[1], text_in(row, "mime_type")))
        return items

    def _name(self, file_id: str, said: str) -> str:
        return self._library.names.get(file_id, "") or said


def _own_name(member: str, file_id: str) -> str:
    """What a member's name says beyond the id that it begins with."""
    rest = member[len(file_id) :].lstrip("-_")
    return "" if rest.startswith(".") or rest.startswith("sanitized") or member.endswith(".dat") else rest
