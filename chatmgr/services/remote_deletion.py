"""Deleting at the servers: threads with their stored responses, and files that nothing else needs.

What a server has deleted, or does not know, is forgotten here. What it refused to delete, or could not be
asked about, stays in the database, so that it can be tried again.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import field

from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, NetworkDown, NotFound, ProviderRefused
from chatmgr.domain.events import STATELESS, Event
from chatmgr.domain.fast_dataclass import dataclass
from chatmgr.domain.model import Conversation, Provider
from chatmgr.domain.ports import Backend
from chatmgr.domain.remote import DeletionResult, DeletionStatus, RemoteCopy, RemoteThread
from chatmgr.services.providers import Providers
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

_STORING_APIS = {"responses", "assistants"}  # those whose servers keep anything


class RemoteDeletion:
    """Deletes at servers; each provider's backend is made once, and used for all conversations."""

    def __init__(self, providers: Providers, reader: Reader, writer: Writer) -> None:
        self._providers = providers
        self._reader = reader
        self._writer = writer
        self._backends: dict[str, Backend] = {}

    def delete(self, conversations: Sequence[Conversation]) -> Iterator[Event | DeletionResult]:
        """Delete what servers keep of conversations; yields what became of each thread and file.

        A file that another conversation has attached too stays there.
        """
        pks = [conversation.pk for conversation in conversations]
        with self._reader as reader:
            threads = [thread for pk in pks for thread in reader.threads.ever(pk)]
            copies = {copy.pk: copy for pk in pks for copy in reader.threads.copies(pk)}
        for thread in threads:
            if self._keeps_anything(thread.provider):
                result = yield from self._delete_thread(thread)
                if thread.remote_id != STATELESS or result.responses or not result.status.settled:
                    yield result
        for copy in copies.values():
            yield (yield from self._delete_file(copy, set(pks)))

    def _keeps_anything(self, provider: str) -> bool:
        """Whether the provider's API keeps anything; of one no longer configured, that is unknown."""
        try:
            return self._providers.get(provider).api in _STORING_APIS
        except NotFound:
            return True

    def _delete_thread(self, thread: RemoteThread) -> Generator[Event, None, DeletionResult]:
        """Delete the stored responses, then the thread, so that it is known here until all of it is gone."""
        result = _ThreadResult(thread)
        try:
            backend = self._backend(thread.provider, thread.endpoint)
            if self._providers.get(thread.provider).api == "responses":  # elsewhere, the thread holds them
                for response in thread.responses:
                    yield from self._delete_response(backend, response, result)
            if thread.remote_id != STATELESS:
                kept = yield from backend.delete("thread", thread.remote_id)
                result.kept += [kept] if kept else []
        except ChatmgrError as error:
            result.status, result.reason = _status_of(error)
        if result.status.settled and not result.refused_responses:
            self._writer.threads.forget(thread.pk)
        return result.erased()

    def _delete_response(
        self, backend: Backend, response: str, result: "_ThreadResult"
    ) -> Generator[Event, None, None]:
        try:
            yield from backend.delete("response", response)
            result.deleted_responses += 1
        except ProviderRefused as error:
            if not _is_gone(error):
                result.refused_responses += 1

    def _delete_file(self, copy: RemoteCopy, deleted: set[int]) -> Generator[Event, None, DeletionResult]:
        """Delete a file, unless a conversation that is not ``deleted`` has it too."""
        others = [name for pk, name in copy.users.items() if pk not in deleted]
        if others:
            reason = f"“{others[0]}” has it too"
            return DeletionResult("file", 0, copy.provider, copy.remote_id, DeletionStatus.REFUSED, reason)
        status, reason = DeletionStatus.DELETED, ""
        try:
            yield from self._backend(copy.provider, copy.endpoint).delete("file", copy.remote_id)
        except ChatmgrError as error:
            status, reason = _status_of(error)
        if status.settled:
            self._writer.threads.forget_copy(copy.pk)
        users = tuple(copy.users)
        return DeletionResult("file", 0, copy.provider, copy.remote_id, status, reason, users=users)

    def _backend(self, name: str, endpoint: str) -> Backend:
        """The backend for a provider, if that still has the address that the thing was stored at."""
        provider: Provider = self._providers.usable(self._providers.get(name))
        if provider.endpoint != endpoint:
            raise ConfigurationFault(
                f"{name} points to another server now ({provider.endpoint}); this was stored at {endpoint}"
            )
        if name not in self._backends:
            self._backends[name] = self._providers.backend(provider)
        return self._backends[name]


@dataclass(slots=True)
class _ThreadResult:
    """What has become so far of a thread that is being deleted."""

    thread: RemoteThread
    status: DeletionStatus = DeletionStatus.DELETED
    reason: str = ""
    deleted_responses: int = 0
    refused_responses: int = 0
    kept: list[str] = field(default_factory=list)

    def erased(self) -> DeletionResult:
        """The result as it is reported."""
        count = self.refused_responses
        refused = [f"{count} stored answer{'' if count == 1 else 's'}"] if count else []
        return DeletionResult(
            "thread",
            self.thread.conversation,
            self.thread.provider,
            self.thread.remote_id,
            self.status,
            self.reason,
            self.deleted_responses,
            (*self.kept, *refused),
        )


def _is_gone(error: ProviderRefused) -> bool:
    """Whether the server does not know the thing any more; any other refusal means that it keeps it."""
    return error.status in {404, 410}


def _status_of(error: ChatmgrError) -> tuple[DeletionStatus, str]:
    """What an error means for the thing that was to be deleted, and the reason to report."""
    if isinstance(error, ProviderRefused) and _is_gone(error):
        return DeletionStatus.GONE, ""
    if isinstance(error, (NetworkDown, NotFound)):
        return DeletionStatus.UNREACHABLE, error.message
    return DeletionStatus.REFUSED, error.message
