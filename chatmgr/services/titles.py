"""Titles: what a conversation is about, in a few words of its own model.

After each of its first three turns, a conversation without a title asks for one: a single short request,
beside its thread and its transcript, about its first exchange. It runs in the background and may fail in
silence: the next of those turns tries again. A title that somebody gave is never replaced, and a name
never changes. What it costs is not counted, so past its ``--max-cost`` a conversation asks no more.

Private servers are left alone unless the setting ``titles_private`` says otherwise: they are one machine
that does one thing at a time, so a title would hold up the next answer, and push the conversation out of
the prompt cache.
"""

import re
import threading
import unicodedata
from contextlib import suppress

from chatmgr.config.settings import Settings
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.ports import Backend
from chatmgr.services.budget import Budget
from chatmgr.services.providers import Providers, private
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

LIMIT = 60  # characters
_BRIEF = 1.0  # seconds
_TURNS = 3
_TOKENS = 24
_EXCERPT = 400  # characters of a message: what it is about is said by then
_ASKED = (
    "You name conversations. Answer with a title of three to six words for the conversation below, in the "
    "language it is held in. Nothing but the title: no quotation marks, no explanation."
)
_THOUGHTS = re.compile(
    r"<(think|thinking|reasoning)>.*?(</\1>|\Z)|\A.*</(think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE
)
_LABEL = re.compile(r"(the\s+)?(conversation\s+)?(title|titel|titre|título)[\s*_]*[:：]", re.IGNORECASE)
_FILLERS = "\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # letters to Unicode, nothing to the eye
_WRAPPING = " *_`\"'“”„‟‘’‚‹›«»「」『』"
_OPENING = f"{_WRAPPING}#-–—"
_CLOSING = f"{_WRAPPING}.。…"


class Titles:
    """Has titles made, one at a time."""

    def __init__(self, settings: Settings, providers: Providers, reader: Reader, writer: Writer) -> None:
        self._settings = settings
        self._providers = providers
        self._reader = reader
        self._writer = writer
        self._seconds = float(settings.get("title_seconds"))
        self._thread: threading.Thread | None = None
        self._done: set[int] = set()

    def begin(self, conversation: Conversation) -> None:
        """Have a title made in the background, where one is wanted; to be called after an answer.

        ``conversation`` may be as it was before the turn.
        """
        if self._wanted(conversation):
            with suppress(ChatmgrError):  # the answer is what mattered, and it is kept
                self._begin(conversation)
            self._reader.close()

    def wait(self, *, brief: bool = False) -> None:
        """Give a title its time to arrive, or (brief) a moment; Ctrl-C does without it."""
        if self._thread:
            with suppress(KeyboardInterrupt):
                self._thread.join(min(_BRIEF, self._seconds) if brief else self._seconds)

    def _wanted(self, conversation: Conversation) -> bool:
        """What can be told without the database."""
        early = not conversation.title and conversation.turns < _TURNS and conversation.pk not in self._done
        if not early or not self._settings.get("titles") or (self._thread and self._thread.is_alive()):
            return False
        provider = self._settings.providers.get(conversation.provider)
        return provider is not None and (not private(provider) or bool(self._settings.get("titles_private")))

    def _begin(self, conversation: Conversation) -> None:
        now = self._reader.conversations.find(conversation.name)
        if now is None or now.pk != conversation.pk or now.title or now.turns > _TURNS:
            self._done.add(conversation.pk)
            return
        turns = list(self._reader.turns.list(now))
        whole = [one for one in turns if one.answer and one.state == "completed" and not one.detail]
        if not whole or Budget(self._reader).reached(now):
            return
        provider = self._providers.with_timeout(
            self._providers.get(conversation.provider), max(self._seconds, _BRIEF)
        )
        work = (now.pk, self._providers.backend(provider), _exchange(whole[0]), turns[-1].model)
        self._thread = threading.Thread(target=self._make, args=work, name="chatmgr-title", daemon=True)
        self._thread.start()

    def _make(self, pk: int, backend: Backend, text: str, model: str) -> None:
        with suppress(Exception):  # whatever it is: nobody asked for this, and nobody shall be told
            if title := cleaned(backend.complete(_ASKED, text, model, _TOKENS)):
                self._writer.suggest_title(pk, title)
                self._done.add(pk)


def _exchange(turn: Turn) -> str:
    """The beginnings of what was said and answered."""
    user, answer = (" ".join(text[:_EXCERPT].split()) for text in (turn.user, turn.answer))
    return f"User: {user}\n\nAssistant: {answer}"


def cleaned(text: str) -> str:
    """A title out of what a model said: one bare line; empty where there is none in it.

    Unlike an answer, which is shown as it came, a title loses what cannot be seen: it is no quotation.
    """
    lines = [line for line in map(_bare, _THOUGHTS.sub("", text).splitlines()) if line]
    if lines and lines[0].endswith((":", "：")):  # it announces the title
        del lines[0]
    title = lines[0].rstrip(_CLOSING) if lines else ""
    none = len(title) > LIMIT or title.endswith((":", "：")) or not re.search(r"\w", title)
    return "" if none else title


def _bare(line: str) -> str:
    """A line without what cannot be seen, its label, and what it is wrapped in."""
    shown = "".join(char for char in line if char.isprintable() or char.isspace())
    bare = " ".join(shown.translate(dict.fromkeys(map(ord, _FILLERS))).split()).lstrip(_OPENING)
    if found := _LABEL.match(bare):
        bare = bare[found.end() :].lstrip(_OPENING)
    return unicodedata.normalize("NFC", bare.rstrip(_WRAPPING))
