"""Conversations and their remote threads: adopting, syncing, moving from one provider to another.

The transcript is the truth, and a remote thread is a cache of it. So moving a conversation sends nothing:
its next turn builds or completes a thread at the other provider. The old thread is kept, in case the
conversation comes back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from shlex import quote

from chatmgr.backends.message_format import text_in_thread
from chatmgr.backends.model_list import listed_within
from chatmgr.backends.thread_news import messages_after
from chatmgr.backends.thread_sync import arrange, without_spaces
from chatmgr.domain.errors import NotFound, ProviderRefused, UsageFault
from chatmgr.domain.events import STATELESS
from chatmgr.domain.model import Conversation, Provider, RemoteMessage
from chatmgr.services.providers import Providers
from chatmgr.services.turns import TurnService
from chatmgr.store.reader import Reader
from chatmgr.store.writer import ImportedTurn, ThreadKey, Writer

_AFTER_ALL = 2_147_483_647  # a position after any turn


class ThreadService:
    """Keeps conversations and remote threads together."""

    def __init__(self, providers: Providers, reader: Reader, writer: Writer, turns: TurnService) -> None:
        self._providers = providers
        self._reader = reader
        self._writer = writer
        self._turns = turns
        self._first_listed: dict[str, str] = {}

    def target(self, provider: str) -> Provider:
        """The provider to move to; refuses one without its key."""
        return self._providers.usable(self._providers.get(provider))

    def switch(
        self, conversation: Conversation, provider: str, model: str, *, before_turn: bool = False
    ) -> Conversation:
        """Move a conversation to a provider and a model, from its next turn on; returns it as it is then.

        Whether the server has the model is for the turn to say.
        If no model is given: the one it used there last, else its assistant's if that is the assistant's
        provider, else the provider's default, else the first that the server lists. ``before_turn`` leaves
        that to the turn, which stores its message before it asks a server.
        """
        target = self.target(provider or conversation.provider)
        if not model and target.name == conversation.provider:
            return conversation
        model = model or self._known_model_at(conversation, target)
        self._turns.take_first_listed(conversation, wanted=before_turn and not model)
        if not model and not before_turn:
            model = self._first_listed_at(target)
        self._writer.conversations.move(conversation.pk, target.name, model)
        with self._reader as reader:
            return reader.conversations.refresh(conversation)

    def for_once(self, conversation: Conversation, provider: str, model: str) -> Conversation:
        """A conversation as if it were at a provider and a model, without moving it there."""
        target = self.target(provider or conversation.provider)
        if not model and target.name == conversation.provider:
            return conversation
        model = model or self._known_model_at(conversation, target)
        return replace(conversation, provider=target.name, own_model=model, model=model)

    def _known_model_at(self, conversation: Conversation, target: Provider) -> str:
        """The model for a provider as far as this machine knows it; else empty."""
        with self._reader as reader:
            if last_used := reader.runs.last_model(conversation.pk, target.name):
                return last_used
            assistant = reader.assistants.of(conversation.pk)
        if assistant.model and assistant.provider == target.name:
            return assistant.model
        return target.default_model

    def _first_listed_at(self, target: Provider) -> str:
        if target.name not in self._first_listed:
            listed = listed_within(self._providers.backend(target).models)
            self._first_listed[target.name] = listed[0] if listed else ""  # the next turn asks again
        return self._first_listed[target.name]

    def fetch_turns(self, thread: str, provider: Provider) -> list[ImportedTurn]:
        """The turns of a thread that exists on a server; refuses one that a conversation has already."""
        _refuse_without_threads(provider)
        with self._reader as reader:
            owners = reader.threads.holders(thread, provider.name)
        if owners:
            raise UsageFault(
                f"The thread {thread} is “{owners[0]}”'s already.",
                f"Fetch what is new: chatmgr thread sync {quote(owners[0])}",
            )
        return list(_group_turns(self._fetch_messages(provider, thread)))

    def create_from_thread(
        self, name: str, assistant: int, provider: Provider, thread: str, turns: list[ImportedTurn]
    ) -> None:
        """Create a conversation from the turns of a thread, and let it go on in that thread."""
        self._writer.conversations.create(name, assistant, "", provider.name)
        with self._reader as reader:
            conversation = reader.conversations.get(name)
        self._import(conversation, provider, thread, turns)

    def sync(self, conversation: Conversation) -> int:
        """Fetch the turns that others added to a conversation's thread; returns their number."""
        with self._turns.locked(conversation):
            with self._reader as reader:
                conversation = reader.conversations.refresh(conversation)
            return self._sync(conversation)

    def _sync(self, conversation: Conversation) -> int:
        provider = self._providers.usable(self._providers.get(conversation.provider))
        _refuse_without_threads(provider)
        with self._reader as reader:
            thread = reader.threads.get(conversation.pk, provider.name, provider.endpoint)
            local_messages = reader.turns.context(conversation.pk, _AFTER_ALL)
        if thread is None:
            hint = f"It has none at {provider.name}; its next turn creates one."
            raise NotFound("thread of", conversation.name, (), hint)
        if thread.remote_id == STATELESS:
            raise _no_threads_error(provider)
        if thread.ahead:
            raise UsageFault(
                f"The thread {thread.remote_id} holds turns that are no longer on the path of "
                f"“{conversation.name}”.",
                "The next turn makes a new thread.",
            )
        local_texts = [
            without_spaces(text_in_thread(message)) for message in local_messages if message.content
        ]
        messages = arrange(self._fetch_messages(provider, thread.remote_id), local_texts)
        new_messages = messages_after(messages, local_messages)
        if new_messages is None:
            raise UsageFault(
                f"The thread {thread.remote_id} and “{conversation.name}” have different histories.",
                "The next turn makes a new thread; this one can then be a conversation of its own: "
                f"chatmgr thread adopt {thread.remote_id} NAME --provider {provider.name}",
            )
        new_turns = list(_group_turns(new_messages))
        if new_turns:
            self._import(conversation, provider, thread.remote_id, new_turns, "sync")
        return len(new_turns)

    def _fetch_messages(self, provider: Provider, thread: str) -> list[RemoteMessage]:
        try:
            return list(self._providers.backend(provider).fetch_messages(thread))
        except ProviderRefused as error:
            if error.status in {400, 404, 410}:
                error.hint = f"{provider.name} has no thread {thread}. Check that the id is complete."
            raise

    def _import(
        self,
        conversation: Conversation,
        provider: Provider,
        thread: str,
        turns: list[ImportedTurn],
        action: str = "adopt",
    ) -> None:
        """Write fetched turns to the transcript; the thread is in sync with it then."""
        with self._reader as reader:
            assistant = reader.assistants.of(conversation.pk)
        thread_key = ThreadKey(conversation.pk, provider.name, provider.endpoint)
        self._writer.turns.import_turns(thread_key, assistant.version_id, thread, turns, action)


def _refuse_without_threads(provider: Provider) -> None:
    if provider.api not in {"responses", "assistants"}:
        raise _no_threads_error(provider)


def _no_threads_error(provider: Provider) -> UsageFault:
    return UsageFault(
        f"{provider.name} keeps no threads.", "Name a provider of the responses or assistants API."
    )


def _group_turns(messages: Iterable[RemoteMessage]) -> Iterator[ImportedTurn]:
    """Group messages into turns: the user's messages up to an answer, and the messages of that answer."""
    user_texts: list[str] = []
    answer_texts: list[str] = []
    for message in messages:
        if message.role == "user":
            if answer_texts:
                yield ImportedTurn("\n\n".join(user_texts), "\n\n".join(answer_texts))
                user_texts, answer_texts = [], []
            user_texts.append(message.content)
        else:
            answer_texts.append(message.content)
    if user_texts or answer_texts:
        yield ImportedTurn("\n\n".join(user_texts), "\n\n".join(answer_texts))
