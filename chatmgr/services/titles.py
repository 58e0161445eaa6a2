"""Titles: what a conversation is about, in a few words by its own model.

After each of its first three turns, a conversation without a title asks for one: a single short request
about its first exchange, outside of its thread and its transcript. The request runs in the background.
If it fails, nothing is shown, and the next of those turns tries again. A title that a person gave is never
replaced, and a name never changes. The cost of a title is not counted, so a conversation that has reached
its ``--max-cost`` asks for none.

Private servers are not asked unless the setting ``titles_private`` says so: they are one machine that
does one thing at a time. A title would delay the next answer, and displace the conversation from the
prompt cache.
"""

import re
import threading
import unicodedata
from contextlib import suppress

from chatmgr.config.settings import Settings
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.model import Conversation, Turn
from chatmgr.domain.ports import Backend
from chatmgr.domain.text import BLANK, JOINERS, without_stray_joiners
from chatmgr.services.budget import Budget
from chatmgr.services.providers import Providers, is_private
from chatmgr.services.refused_fields import RefusedFields
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

MAX_LENGTH = 60  # characters
_BRIEF_SECONDS = 1.0
_TURNS = 3
_MAX_TOKENS = 24
_EXCERPT = 400  # characters of a message, which are enough to tell what it is about
_INSTRUCTIONS = (
    "You name conversations. Answer with a title of three to six words for the conversation below, in the "
    "language it is held in. Nothing but the title: no quotation marks, no explanation."
)
_REASONING = re.compile(
    r"<(think|thinking|reasoning)>.*?(</\1>|\Z)|\A.*</(think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE
)
_LABEL = re.compile(r"(the\s+)?(conversation\s+)?(title|titel|titre|título)[\s*_]*[:：]", re.IGNORECASE)
_WRAPPING = " *_`\"'“”„‟‘’‚‹›«»「」『』"
_OPENING = f"{_WRAPPING}#-–—"
_CLOSING = f"{_WRAPPING}.。…"


class Titles:
    """Makes titles in the background, one at a time."""

    def __init__(self, settings: Settings, providers: Providers, reader: Reader, writer: Writer) -> None:
        self._settings = settings
        self._providers = providers
        self._reader = reader
        self._writer = writer
        self._seconds = float(settings.get("title_seconds"))
        self._thread: threading.Thread | None = None
        self._done: set[int] = set()

    def start(self, conversation: Conversation) -> None:
        """Have a title made in the background, if one is wanted; call this after an answer.

        ``conversation`` may be as it was before the turn.
        """
        if self._may_be_wanted(conversation):
            with suppress(ChatmgrError):  # the answer is saved, and that is what matters
                self._start(conversation)

    def wait(self, *, brief: bool = False) -> None:
        """Wait for the title that is being made, or only a moment if ``brief``; Ctrl-C ends the wait."""
        if self._thread:
            with suppress(KeyboardInterrupt):
                interrupts.join(self._thread, min(_BRIEF_SECONDS, self._seconds) if brief else self._seconds)

    def _may_be_wanted(self, conversation: Conversation) -> bool:
        """Whether a title may be wanted, as far as that can be told without the database."""
        if conversation.title or conversation.turns >= _TURNS or conversation.pk in self._done:
            return False
        if not self._settings.get("titles") or (self._thread and self._thread.is_alive()):
            return False
        provider = self._settings.providers.get(conversation.provider)
        if provider is None:
            return False
        return not is_private(provider) or bool(self._settings.get("titles_private"))

    def _start(self, conversation: Conversation) -> None:
        with self._reader as reader:
            current = reader.conversations.find(conversation.name)
            if current is None or current.pk != conversation.pk or current.title or current.turns > _TURNS:
                self._done.add(conversation.pk)
                return
            turns = list(reader.turns.list(current))
            if Budget(reader).is_exhausted(current):
                return
            provider = self._providers.with_timeout(
                self._providers.get(conversation.provider), max(self._seconds, _BRIEF_SECONDS)
            )
            refused_fields = RefusedFields(provider)
            refused_fields.read(reader)
        answered = [turn for turn in turns if turn.answer and turn.state == "completed" and not turn.detail]
        if not answered:
            return
        backend = self._providers.backend(provider)
        arguments = (current.pk, backend, refused_fields, _exchange(answered[0]), turns[-1].model)
        self._thread = threading.Thread(target=self._make, args=arguments, name="chatmgr-title", daemon=True)
        self._thread.start()

    def _make(self, pk: int, backend: Backend, refused_fields: RefusedFields, text: str, model: str) -> None:
        with suppress(Exception):  # nobody asked for a title, so no failure is reported
            with refused_fields.saved_to(self._writer):
                answer = backend.complete(_INSTRUCTIONS, text, model, _MAX_TOKENS)
            if title := clean_title(answer):
                self._writer.conversations.suggest_title(pk, title)
                self._done.add(pk)


def _exchange(turn: Turn) -> str:
    """The beginnings of a message and of its answer."""
    user, answer = (" ".join(text[:_EXCERPT].split()) for text in (turn.user, turn.answer))
    return f"User: {user}\n\nAssistant: {answer}"


def clean_title(text: str) -> str:
    """The title in what a model answered: one plain line; empty where there is none.

    An answer is shown as it came; a title is not a quotation, and loses its invisible characters.
    """
    lines = [line for line in map(_plain, _REASONING.sub("", text).splitlines()) if line]
    if lines and lines[0].endswith((":", "：")):  # it announces the title
        del lines[0]
    title = lines[0].rstrip(_CLOSING) if lines else ""
    unusable = len(title) > MAX_LENGTH or title.endswith((":", "：")) or not re.search(r"\w", title)
    return "" if unusable else title


def _plain(line: str) -> str:
    """A line without invisible characters, its label, and the marks around it."""
    kept = "".join(char for char in line if char.isprintable() or char.isspace() or char in JOINERS)
    plain = " ".join(kept.translate(dict.fromkeys(map(ord, BLANK))).split())
    plain = without_stray_joiners(plain).lstrip(_OPENING)
    if label := _LABEL.match(plain):
        plain = plain[label.end() :].lstrip(_OPENING)
    return unicodedata.normalize("NFC", without_stray_joiners(plain.rstrip(_WRAPPING + JOINERS)))
