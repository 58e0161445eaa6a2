"""Conversations of ChatGPT's export: JSON objects with a ``mapping`` of nodes."""

from datetime import UTC, datetime
from typing import Any

from chatmgr.domain.source_conversations import SourceConversation
from chatmgr.importers.chatgpt.assets import Assets, Library
from chatmgr.importers.chatgpt.contents import API
from chatmgr.importers.chatgpt.fields import Json, object_in, text_in
from chatmgr.importers.chatgpt.messages import Messages, Node, node_of
from chatmgr.importers.source import Nothing, Record, Surroundings, Unreadable
from chatmgr.importers.times import from_iso, from_seconds

KIND = "chatgpt"
_SAYING = frozenset({"user", "assistant", "tool"})
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LISTS = ("library_files.json", "conversation_asset_file_names.json")


class ChatGPT:
    """Reads a conversation of ChatGPT."""

    kind = KIND
    label = "ChatGPT"
    beside = "file"  # “file-…” and “file_…”

    def __init__(self) -> None:
        self._lists: tuple[Any, ...] = ()
        self._library = Library(None, None)

    def recognises(self, record: Record) -> bool:
        """Whether an object has a tree of nodes."""
        return isinstance(record.get("mapping"), dict)

    def id_of(self, record: Record, around: Surroundings) -> str:
        """Its id, under the name that its layout uses; raises Nothing where nobody says anything."""
        if not any(_says_something(node) for node in record["mapping"].values()):
            raise Nothing("it has no messages")
        identity = text_in(record, "conversation_id", "id")
        if not identity:
            raise Unreadable("it has no id")
        return identity

    def updated_at(self, record: Record) -> datetime | None:
        """When it changed last."""
        return _time_in(record, "update_time")

    def convert(self, record: Record, around: Surroundings) -> SourceConversation:
        """The conversation, with the files that lie beside it."""
        nodes, names = _nodes(record["mapping"])
        messages = Messages(Assets(around, self._library_of(around)), nodes)
        read = tuple(messages.all())
        current = record.get("current_node")
        return SourceConversation(
            KIND,
            self.id_of(record, around),
            read,
            title=text_in(record, "title"),
            current=names.get(current, "") if isinstance(current, str) else "",
            created_at=_time_in(record, "create_time"),
            updated_at=self.updated_at(record),
            tags=_tags(record),
            archived=record.get("is_archived") is True,
            instructions=messages.instructions,
            provider=API,
            model=text_in(record, "default_model_slug"),
            unmapped=dict(messages.contents.unmapped),
        )

    def _library_of(self, around: Surroundings) -> Library:
        lists = tuple(around.json(name) for name in _LISTS)
        if not self._lists or any(new is not old for new, old in zip(lists, self._lists, strict=True)):
            self._lists, self._library = lists, Library(*lists)
        return self._library


def _says_something(node: Any) -> bool:
    if not isinstance(node, dict):
        return False
    message = object_in(node, "message")
    return bool(message.get("content")) and object_in(message, "author").get("role") in _SAYING


def _nodes(mapping: Json) -> tuple[dict[str, Node], dict[str, str]]:
    """The nodes by their messages' ids, and these ids by the keys of the nodes, which the tree is made of.

    Where the tree branches, they are in the order of time, since the order in the file is another one in each
    export. Lists of children are not believed, and are not always there.
    """
    known = {key: node for key, node in mapping.items() if isinstance(node, dict)}
    parents = {key: text_in(node, "parent") for key, node in known.items()}
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key, node in known.items():
        name = text_in(object_in(node, "message"), "id") or key
        while name in taken:
            name = key if key not in taken else f"{name}+"
        names[key] = name
        taken.add(name)
    made = {
        key: node_of(names[key], names.get(parents[key], ""), object_in(node, "message"))
        for key, node in known.items()
    }
    if chain := _chain(parents):
        return {names[key]: made[key] for key in chain}, names
    in_order = sorted(made.values(), key=lambda node: (node.at or _BEGINNING, node.id))
    return {node.id: node for node in in_order}, names


def _chain(parents: dict[str, str]) -> list[str]:
    """The nodes from the first to the last, where each follows one other; empty where they branch."""
    following: dict[str, str] = {}
    for key, parent in parents.items():
        before = parent if parent in parents else ""
        if before in following:
            return []
        following[before] = key
    chain, key = [], following.get("", "")
    while key:
        chain.append(key)
        key = following.get(key, "")
    return chain if len(chain) == len(parents) else []


def _time_in(record: Record, name: str) -> datetime | None:
    """Seconds in exports; browsers that save conversations also write ISO times."""
    return from_seconds(record.get(name)) or from_iso(record.get(name))


def _tags(record: Json) -> tuple[str, ...]:
    """What the person sorted it by. Projects and GPTs have no names in an export: parts of their ids are."""
    tags = []
    gizmo = text_in(record, "gizmo_id", "conversation_template_id")
    if gizmo.startswith("g-p-") or (gizmo and record.get("gizmo_type") == "snorlax"):
        tags.append(f"project-{_short(gizmo.removeprefix('g-p-'))}")
    elif gizmo.startswith("g-"):
        tags.append(f"gpt-{_short(gizmo.removeprefix('g-'))}")
    if record.get("is_starred") is True:
        tags.append("starred")
    if record.get("pinned_time"):
        tags.append("pinned")
    return tuple(tags)


def _short(identity: str) -> str:
    return "".join(char for char in identity if char.isascii() and char.isalnum())[:8] or "unnamed"
