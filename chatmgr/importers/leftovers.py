"""What a file is that holds no conversation, in words for the person who gave it."""

from typing import Any

_KNOWN_KEYS = (
    ({"title", "is_anonymous"}, "a row of ChatGPT's list of shared links: it names a conversation, no more"),
    ({"title", "default_model_slug"}, "a ChatGPT conversation without its messages"),
    ({"account_uuid", "conversations_memory"}, "Claude's memories: no conversation"),
    ({"export_files"}, "the manifest of a ChatGPT export: the conversations are in the files beside it"),
    ({"file_id", "file_name"}, "ChatGPT's list of files: no conversation"),
    ({"prompt_template", "docs"}, "a Claude project: its documents, no conversation"),
    ({"uuid", "full_name"}, "an account: no conversation"),
    ({"email"}, "an account: no conversation"),
    ({"rating", "conversation_id"}, "feedback: no conversation"),
)
_SHOWN = 4  # keys


def what_it_is(content: Any, *, briefly: bool = False) -> str:
    """What the content of a file (its first bytes, or a value of its JSON) looks like.

    ``briefly``: it is one of many that nobody named, so what is in it matters to nobody.
    """
    if isinstance(content, bytes):
        return "an empty file" if not content.strip() else "nothing that chatmgr knows how to import"
    if not isinstance(content, dict):
        return "JSON that is no conversation"
    links = content.get("files") or content.get("downloads") or content.get("parts")
    if isinstance(links, list) and any("url" in str(link)[:2000].lower() for link in links[:3]):
        return "the manifest of an export: the data is behind the links in it, which expire. Download them"
    for keys, words in _KNOWN_KEYS:
        if keys <= content.keys():
            return words
    if briefly:
        return "JSON that is no conversation known here"
    names = ", ".join(sorted(map(str, content))[:_SHOWN])
    return f"JSON that is no conversation known here (it has: {names})" if names else "an empty JSON object"
