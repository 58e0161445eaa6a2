"""``chat.html`` of a ChatGPT export: the page has all conversations as JSON in a script."""

from collections.abc import Iterator

from chatmgr.importers.chatgpt.records import KIND, ChatGPT
from chatmgr.importers.json_entries import JsonEntries
from chatmgr.importers.source import Entry, LeftOut, Surroundings

_MARK = "var jsonData = "
_BETTER = ("conversations.json", "conversations-000.json")


class ChatGPTPage:
    """Reads the page. Where the same conversations lie beside it as JSON, it is left alone."""

    kind = KIND
    label = "ChatGPT"

    def recognises(self, head: bytes) -> bool:
        """Whether a page begins so."""
        return _MARK.encode() in head

    def entries(self, around: Surroundings) -> Iterator[Entry | LeftOut]:
        """The conversations in it."""
        if not around.single and any(around.has(name) for name in _BETTER):
            yield LeftOut(around.member.place, "the same conversations are in the JSON beside it")
            return
        reader = ChatGPT()
        yield from JsonEntries(
            around, lambda shape: (reader,) if shape == "record" else (), after=_MARK
        ).entries()
