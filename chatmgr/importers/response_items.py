"""Items in the form of OpenAI's Responses, as several programs keep them, as items of ours."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chatmgr.domain.items import Item
from chatmgr.importers import making
from chatmgr.importers.making import records_of, words_of

_TEXTS = frozenset({"text", "input_text", "output_text", "Text", "InputText", "OutputText"})


def output_items(outputs: Iterable[Mapping[str, Any]], unmapped: dict[str, int]) -> Iterator[Item]:
    """Items of an answer: messages, reasoning, calls and their results; others are kept raw, and counted."""
    for number, output in enumerate(outputs):
        kind = words_of(output.get("type"))
        call = words_of(output.get("call_id")) or words_of(output.get("id")) or f"call-{number}"
        if kind == "message":
            yield from message_items(output, unmapped)
        elif kind == "reasoning":
            if words := reasoning_words(output):
                yield making.reasoning(words)
        elif kind in ("function_call", "custom_tool_call"):
            given = output.get("arguments") if "arguments" in output else output.get("input")
            yield making.tool_call(call, words_of(output.get("name")), given or "")
        elif kind == "local_shell_call":
            yield making.tool_call(call, "shell", output.get("action") or "")
        elif kind in ("function_call_output", "custom_tool_call_output", "local_shell_call_output"):
            yield making.tool_result(call, result_words(output.get("output")))
        elif kind == "web_search_call":
            yield making.tool_call(call, "web_search", output.get("action") or "", tool="web_search")
        else:
            unmapped[kind or "unnamed"] = unmapped.get(kind or "unnamed", 0) + 1
            yield making.other(kind or "unnamed", dict(output))


def message_items(message: Mapping[str, Any], unmapped: dict[str, int]) -> Iterator[Item]:
    """The parts of a message."""
    content = message.get("content")
    if isinstance(content, str):
        yield from making.texts(content)
    for part in records_of(content):
        kind = words_of(part.get("type"))
        words = part.get("text")
        words = words.get("value") if isinstance(words, Mapping) else words
        if kind in _TEXTS and isinstance(words, str):
            if words:
                yield making.text(words, _citations(part))
        elif kind == "refusal":
            yield making.text(words_of(part.get("refusal")))
        elif kind in ("input_image", "image_url", "image_file"):
            given = part.get("image_url")
            address = words_of(given.get("url") if isinstance(given, Mapping) else given)
            yield making.file_item(
                "image", None, "image/*", url="" if address.startswith("data:") else address
            )
        else:
            unmapped[kind or "unnamed"] = unmapped.get(kind or "unnamed", 0) + 1
            yield making.other(kind or "unnamed", part)


def _citations(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a text cites: pages with their addresses, files with their ids."""
    text = part.get("text")
    annotations = part.get("annotations") or (text.get("annotations") if isinstance(text, Mapping) else None)
    cited = []
    for annotation in records_of(annotations):
        inner = annotation.get(words_of(annotation.get("type")))
        inner = inner if isinstance(inner, Mapping) else annotation
        known = {
            "start": annotation.get("start_index"),
            "end": annotation.get("end_index"),
            "url": inner.get("url"),
            "title": inner.get("title") or inner.get("filename"),
            "file_id": inner.get("file_id"),
        }
        cited.append({name: value for name, value in known.items() if value is not None})
    return [citation for citation in cited if citation.keys() & {"url", "title", "file_id"}]


def reasoning_words(output: Mapping[str, Any]) -> str:
    """What a model wrote to itself: the whole where it is there, else the summary."""
    for name in ("content", "summary"):
        parts = [words_of(part.get("text")) for part in records_of(output.get(name))]
        if any(parts):
            return "\n\n".join(filter(None, parts))
        if words_of(output.get(name)):
            return words_of(output.get(name))
    return ""


def result_words(output: object) -> str:
    """What came of a call, as text."""
    if isinstance(output, str):
        return output
    parts = [words_of(part.get("text")) or making.as_json(part) for part in records_of(output)]
    if isinstance(output, Mapping):
        return words_of(output.get("content")) or making.as_json(output)
    return "\n".join(parts)
