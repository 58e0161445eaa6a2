"""All importers, in the order in which they are asked, and ``entries``: what any files hold.

To register an importer is to add a line to ``SOURCES``. Its module is imported when there is a file that it
may recognise.
"""

from collections.abc import Iterable, Iterator
from functools import cache, partial
from importlib import import_module
from typing import Any

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.importers.source import Result


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of source: what it is called, and the class that reads it. One kind may have several."""

    kind: str
    label: str
    shape: str  # record, lines, rows, database or file: see ``importers.source``
    module: str
    name: str


# In the order in which they are asked.
SOURCES: tuple[Source, ...] = (
    Source("chatgpt", "ChatGPT", "record", "chatmgr.importers.chatgpt.records", "ChatGPT"),
    Source("chatgpt", "ChatGPT", "file", "chatmgr.importers.chatgpt.page", "ChatGPTPage"),
    Source("claude.ai", "Claude.ai", "record", "chatmgr.importers.claude_ai", "ClaudeAi"),
    Source("llm", "llm", "database", "chatmgr.importers.llm.database", "Llm"),
    Source("open-webui", "Open WebUI", "record", "chatmgr.importers.open_webui", "OpenWebUi"),
    Source("open-webui", "Open WebUI", "database", "chatmgr.importers.open_webui", "OpenWebUiDatabase"),
    Source("librechat", "LibreChat", "record", "chatmgr.importers.librechat", "LibreChat"),
    Source("chatbot-ui", "chatbot-ui", "record", "chatmgr.importers.librechat", "ChatbotUi"),
    Source("lm-studio", "LM Studio", "record", "chatmgr.importers.lm_studio", "LmStudio"),
    Source("ai-studio", "Google AI Studio", "record", "chatmgr.importers.gemini", "AiStudio"),
    Source("gemini", "Gemini (Takeout)", "rows", "chatmgr.importers.takeout", "GeminiTakeout"),
    Source("gemini-cli", "Gemini CLI", "record", "chatmgr.importers.gemini", "GeminiSession"),
    Source("gemini-cli", "Gemini CLI", "lines", "chatmgr.importers.gemini", "GeminiLog"),
    Source("codex", "Codex CLI", "record", "chatmgr.importers.codex", "OldCodex"),
    Source("codex", "Codex CLI", "lines", "chatmgr.importers.codex", "Codex"),
    Source("claude-code", "Claude Code", "lines", "chatmgr.importers.claude_code", "ClaudeCode"),
    Source("openai-threads", "OpenAI Assistants", "rows", "chatmgr.importers.openai_dumps", "ThreadMessages"),
    Source(
        "openai-items", "OpenAI Conversations", "lines", "chatmgr.importers.openai_dumps", "ConversationItems"
    ),
    Source("gptme", "gptme", "lines", "chatmgr.importers.gptme", "Gptme"),
    Source("aichat", "aichat", "file", "chatmgr.importers.aichat", "AichatSession"),
    Source("aichat-log", "aichat's log", "file", "chatmgr.importers.aichat", "AichatLog"),
    Source("crush", "crush", "database", "chatmgr.importers.crush", "Crush"),
    Source("elia", "elia", "database", "chatmgr.importers.terminal_chats", "Elia"),
    Source("oterm", "oterm", "database", "chatmgr.importers.terminal_chats", "Oterm"),
    Source("typingmind", "TypingMind", "record", "chatmgr.importers.web_chats", "TypingMind"),
    Source("grok", "Grok", "record", "chatmgr.importers.web_chats", "Grok"),
    Source("sharegpt", "ShareGPT", "record", "chatmgr.importers.chat_messages", "ShareGpt"),
    Source("chat", "chat messages", "record", "chatmgr.importers.chat_messages", "ChatRecord"),
    Source("chat", "chat messages", "lines", "chatmgr.importers.chat_messages", "MessageList"),
)


def kinds() -> dict[str, str]:
    """The kinds that can be insisted on, each with its label."""
    return {source.kind: source.label for source in SOURCES}


@cache
def importers(shape: str, kind: str = "") -> tuple[Any, ...]:
    """The importers of a shape; only those of a kind, where one is named."""
    chosen = (source for source in SOURCES if source.shape == shape and kind in ("", source.kind))
    return tuple(getattr(import_module(source.module), source.name)() for source in chosen)


def entries(paths: Iterable[str], *, kind: str = "") -> Iterator[Result]:
    """The conversations in files, folders, archives and standard input (``-``), and what holds none.

    What cannot be read is a ``LeftOut``. Raises UsageFault for a kind that is not known.
    """
    from chatmgr.importers.recognition import entries_in

    if kind and kind not in kinds():
        raise UsageFault(f"“{kind}” is no format of imports.", f"Choose one of: {', '.join(sorted(kinds()))}")
    return entries_in(paths, partial(importers, kind=kind), kind)
