"""Conversations and their remote threads: adopting, syncing, moving from one provider to another.

The transcript is the truth and a thread its cache. So moving sends nothing: the conversation lives at
the other provider from its next turn on, which builds or completes the thread there; the old thread
is kept, for the day the conversation comes back.
"""

from collections.abc import Iterable, Iterator
from shlex import quote

from chatmgr.backends.message_format import text_in_thread
from chatmgr.domain.errors import NetworkDown, NotFound, ProviderRefused, UsageFault
from chatmgr.domain.events import STATELESS
from chatmgr.domain.model import Conversation, Provider, RemoteMessage
from chatmgr.domain.text import storable
from chatmgr.services.providers import Providers
from chatmgr.services.turns import TurnService
from chatmgr.store.reader import Reader
from chatmgr.store.writer import ImportedTurn, ThreadKey, Writer

_FAR = 2_147_483_647  # past any position


class ThreadService:
    """Keeps conversations and remote threads together."""

    def __init__(self, providers: Providers, reader: Reader, writer: Writer, turns: TurnService) -> None:
        self._providers = providers
        self._reader = reader
        self._writer = writer
        self._turns = turns
        self._checked: set[str] = set()
        self._first: dict[str, str] = {}

    def target(self, provider: str, model: str = "") -> Provider:
        """A provider to go on at, and a model that it has; refuses what is not there."""
        target = self._providers.usable(self._providers.get(provider))
        if model and model not in self._checked:
            self._providers.check_model(target, model)
            self._checked.add(model)
        return target

    def switch(self, conversation: Conversation, provider: str, model: str) -> Conversation:
        """Let a conversation live at a provider, with a model, from its next turn on.

        Without a model: the one it used there last, else its assistant's if that is the assistant's
        provider, else the provider's default.
        """
        target = self.target(provider or conversation.provider, model)
        if not model and target.name == conversation.provider:
            return conversation
        own = model or self._model_at(conversation, target)
        self._writer.move(conversation.pk, target.name, own)
        self._reader.close()
        return self._reader.conversations.refresh(conversation)

    def _model_at(self, conversation: Conversation, target: Provider) -> str:
        if used := self._reader.runs.last_model(conversation.pk, target.name):
            return used
        persona = self._reader.assistants.of(conversation.pk)
        if persona.model and persona.provider == target.name:
            return persona.model
        if target.default_model:
            return target.default_model
        if target.name not in self._first:
            self._reader.close()
            try:
                listed = self._providers.backend(target).models()
            except (NetworkDown, ProviderRefused):
                listed = []  # the turn will tell
            self._first[target.name] = listed[0].id if listed else ""
        return self._first[target.name]

    def adopt(self, thread: str, provider: Provider) -> list[ImportedTurn]:
        """The turns of a thread that exists on a server; refuses one that is a conversation's already."""
        _refuse_without_threads(provider)
        if holders := self._reader.threads.holders(thread, provider.name):
            raise UsageFault(
                f"The thread {thread} is “{holders[0]}”'s already.",
                f"Fetch what is new: chatmgr thread sync {quote(holders[0])}",
            )
        self._reader.close()
        return list(_turns(self._fetched(provider, thread)))

    def keep(
        self, name: str, assistant: int, provider: Provider, thread: str, turns: list[ImportedTurn]
    ) -> None:
        """Make a conversation of the turns of a thread."""
        self._writer.create_conversation(name, "", assistant, "", provider.name)
        self._take(self._reader.conversations.get(name), provider, thread, turns)

    def sync(self, conversation: Conversation) -> int:
        """Fetch what others added to a conversation's thread; returns how many turns that was."""
        with self._turns.locked(conversation):
            return self._sync(self._reader.conversations.refresh(conversation))

    def _sync(self, conversation: Conversation) -> int:
        provider = self._providers.usable(self._providers.get(conversation.provider))
        _refuse_without_threads(provider)
        thread = self._reader.threads.get(conversation.pk, provider.name, provider.base_url)
        if thread is None:
            hint = f"It has none at {provider.name}; its next turn makes one."
            raise NotFound("thread of", conversation.name, (), hint)
        if thread.remote_id == STATELESS:
            raise _without_threads(provider)
        known = self._reader.turns.context(conversation.pk, _FAR)
        self._reader.close()
        there = list(_turns(self._fetched(provider, thread.remote_id)))
        past = [_bare(text_in_thread(one)) for one in known if one.content]
        found = [_bare(text) for told in there for text in (told.user, told.answer) if text]
        if found[: len(past)] != past:
            raise UsageFault(
                f"The thread {thread.remote_id} has another past than “{conversation.name}”.",
                "The next turn makes a new thread; this one can then be a conversation of its own: "
                f"chatmgr thread adopt {thread.remote_id} NAME --provider {provider.name}",
            )
        turns = there[len(known) // 2 :]
        if turns:
            self._take(conversation, provider, thread.remote_id, turns)
        return len(turns)

    def _fetched(self, provider: Provider, thread: str) -> list[RemoteMessage]:
        try:
            return list(self._providers.backend(provider).fetch(thread))
        except ProviderRefused as error:
            if error.status in {400, 404, 410}:
                error.hint = f"{provider.name} has no thread {thread}: is its id whole?"
            raise

    def _take(
        self, conversation: Conversation, provider: Provider, thread: str, turns: list[ImportedTurn]
    ) -> None:
        """Write fetched turns into the transcript; the thread holds all of them by definition."""
        persona = self._reader.assistants.of(conversation.pk)
        self._reader.close()
        place = ThreadKey(conversation.pk, provider.name, provider.base_url)
        self._writer.import_turns(place, persona.version_id, thread, turns)


def _refuse_without_threads(provider: Provider) -> None:
    if provider.api not in {"responses", "assistants"}:
        raise _without_threads(provider)


def _without_threads(provider: Provider) -> UsageFault:
    return UsageFault(
        f"{provider.name} keeps no threads.", "Name a provider of the responses or assistants API."
    )


def _bare(text: str) -> str:
    """Without white space, which servers and joined messages differ in."""
    return "".join(storable(text).split())


def _turns(messages: Iterable[RemoteMessage]) -> Iterator[ImportedTurn]:
    """Group messages into turns: what the user said until an answer came, and that answer."""
    said: list[str] = []
    answered: list[str] = []
    for one in messages:
        if one.role == "user":
            if answered:
                yield ImportedTurn("\n\n".join(said), "\n\n".join(answered))
                said, answered = [], []
            said.append(one.content)
        else:
            answered.append(one.content)
    if said or answered:
        yield ImportedTurn("\n\n".join(said), "\n\n".join(answered))
