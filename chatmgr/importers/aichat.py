"""aichat: saved sessions (YAML), and the log ``messages.md``. Neither has ids; sessions have no times.

PyYAML reads the sessions; it is an extra, since nothing else here needs it.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from chatmgr.domain.source_conversations import Place, SourceConversation, SourceMessage, SourceRole
from chatmgr.importers import making
from chatmgr.importers.chat_messages import chat_of
from chatmgr.importers.making import records_of, words_of
from chatmgr.importers.source import Entry, LeftOut, Surroundings, Unreadable
from chatmgr.importers.times import from_iso

_LARGEST = 256 << 20  # bytes of a file that is read as a whole
_SESSION = re.compile(rb"(?m)^model: .*$")
_MESSAGES = re.compile(rb"(?m)^(?:messages|compressed_messages):\s*(?:\[\]|$)")
_CHAT = re.compile(r"(?m)^# CHAT: (?P<title>.*) \[(?P<at>\d{4}-\d\d-\d\dT[^\]]+)\](?: \((?P<role>.*)\))?$")
_RULE = re.compile(r"(?m)^-{8}$\n?")
_SUMMARY = "system"


class AichatSession:
    """Reads a session."""

    kind = "aichat"
    label = "aichat"

    def recognises(self, head: bytes) -> bool:
        """YAML with a model and messages at its top."""
        return bool(_SESSION.search(head) and _MESSAGES.search(head)) and not head.lstrip().startswith(b"{")

    def entries(self, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """The one conversation."""
        name = around.member.name.rpartition("/")[2].rpartition(".")[0]
        data = _read(around)
        session = _yaml(data)
        messages = [*records_of(session.get("compressed_messages")), *_without_summary(session)]
        first = next((message for message in messages if message.get("role") == "user"), {})
        key = making.digest_of(name, first.get("content"))
        place = Place(around.member.place.file, around.member.place.member, 0, key)
        read = partial(self._conversation, key, name, session, messages, around)
        yield Entry(self.kind, key, making.digest_of(session), place, read, around.member.modified_at)

    def _conversation(
        self,
        key: str,
        name: str,
        session: Mapping[str, Any],
        messages: list[dict[str, Any]],
        around: Surroundings,
    ) -> SourceConversation:
        unmapped: dict[str, int] = {}
        converted, instructions = chat_of([_with_data(message, session) for message in messages], unmapped)
        model = words_of(session.get("model"))
        return SourceConversation(
            kind=self.kind,
            id=key,
            messages=converted,
            title=name,
            updated_at=around.member.modified_at,
            instructions=instructions or words_of(session.get("agent_instructions")),
            provider="aichat",
            model=model.partition(":")[2] or model,
            unmapped=unmapped,
        )


def _without_summary(session: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages, but for the summary that a compression put first."""
    messages = records_of(session.get("messages"))
    compressed = bool(records_of(session.get("compressed_messages")))
    return messages[1:] if compressed and messages and messages[0].get("role") == _SUMMARY else messages


def _with_data(message: dict[str, Any], session: Mapping[str, Any]) -> dict[str, Any]:
    """A message whose pictures have their bytes, which stand at the session's end, and tools' results."""
    content = message.get("content")
    if isinstance(content, Mapping):
        results = records_of(content.get("tool_results"))
        words = [making.as_json(result) for result in results]
        return {**message, "content": "\n".join([words_of(content.get("text")), *words]).strip()}
    urls = session.get("data_urls")
    if not (isinstance(content, list) and isinstance(urls, Mapping)):
        return message
    parts = []
    for part in records_of(content):
        given = part.get("image_url")
        if isinstance(given, Mapping) and given.get("url") in urls:
            given = {**given, "url": urls[given["url"]]}
        parts.append({**part, "image_url": given} if given else part)
    return {**message, "content": parts}


def _yaml(data: bytes) -> Mapping[str, Any]:
    try:
        import yaml
    except ImportError:
        raise Unreadable(
            "a session of aichat is YAML: pip install 'chatmgr[import]', and try again"
        ) from None
    try:
        session = yaml.load(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError:
        raise Unreadable("it is no YAML that can be read") from None
    if not isinstance(session, dict):
        raise Unreadable("it is no session of aichat")
    return session


def _read(around: Surroundings) -> bytes:
    with around.member.open() as stream:
        data = stream.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise Unreadable(f"it is larger than {_LARGEST >> 20} MB")
    return data


class AichatLog:
    """Reads ``messages.md``: each block is a conversation of one turn."""

    kind = "aichat-log"
    label = "aichat's log"

    def recognises(self, head: bytes) -> bool:
        """It begins with a chat's heading."""
        return bool(_CHAT.match(head.decode("utf-8", "replace").lstrip("\ufeff\n")))

    def entries(self, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """The conversations."""
        text = _read(around).decode("utf-8", "replace")
        headings = list(_CHAT.finditer(text))
        ends = [heading.start() for heading in headings[1:]] + [len(text)]
        for number, (heading, end) in enumerate(zip(headings, ends, strict=True), 1):
            block = text[heading.end() : end].strip("\n")
            rules = list(_RULE.finditer(block))
            place = Place(around.member.place.file, around.member.place.member, number)
            if len(rules) < 2:
                yield LeftOut(place, "a block of it has no answer", fault=False)
                continue
            asked = block[: rules[0].start()].strip("\n")
            answer = block[rules[0].end() : rules[-1].start()].strip("\n")
            key = making.digest_of(heading["at"], asked)
            read = partial(self._conversation, key, heading, asked, answer)
            yield Entry(self.kind, key, making.digest_of(asked, answer), place, read, from_iso(heading["at"]))

    def _conversation(
        self, key: str, heading: "re.Match[str]", asked: str, answer: str
    ) -> SourceConversation:
        at = from_iso(heading["at"])
        return SourceConversation(
            kind=self.kind,
            id=key,
            messages=(
                SourceMessage("1", "", SourceRole.USER, making.texts(asked), at=at),
                SourceMessage("2", "1", SourceRole.ASSISTANT, making.texts(answer), at=at),
            ),
            title=heading["title"],
            created_at=at,
            provider="aichat",
        )
