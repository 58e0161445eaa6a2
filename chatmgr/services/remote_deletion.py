"""Deleting at the servers: threads with their stored answers, and files that nothing else needs.

What a server has deleted, or does not know, is forgotten here; what it refused, or could not be asked,
stays written down, so that it can be tried again.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence

from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, NetworkDown, NotFound, ProviderRefused
from chatmgr.domain.events import STATELESS, Event
from chatmgr.domain.model import Conversation, Provider
from chatmgr.domain.ports import Backend
from chatmgr.domain.remote import DeletionResult, DeletionStatus, RemoteCopy, RemoteThread
from chatmgr.services.providers import Providers
from chatmgr.store.reader import Reader
from chatmgr.store.writer import Writer

_KEEPERS = {"responses", "assistants"}  # the APIs whose servers keep anything


class RemoteDeletion:
    """Deletes at servers; each backend is made once, and used for all conversations."""

    def __init__(self, providers: Providers, reader: Reader, writer: Writer) -> None:
        self._providers = providers
        self._reader = reader
        self._writer = writer
        self._backends: dict[str, Backend] = {}

    def erase(self, conversations: Sequence[Conversation]) -> Iterator[Event | DeletionResult]:
        """Delete what servers keep of conversations; a file that another one has attached stays there."""
        threads = [(one, self._reader.threads_ever(one.pk)) for one in conversations]
        copies = {copy.pk: copy for one in conversations for copy in self._reader.copies(one.pk)}
        self._reader.close()
        for _, known in threads:
            for thread in known:
                if self._keeps(thread.provider):
                    found = yield from self._erased(thread)
                    if thread.remote_id != STATELESS or found.responses or not found.status.settled:
                        yield found
        going = {one.pk for one in conversations}
        for copy in copies.values():
            yield (yield from self._without(copy, going))

    def _keeps(self, provider: str) -> bool:
        """Whether the API keeps anything; of one that is configured no longer, nobody knows."""
        try:
            return self._providers.get(provider).api in _KEEPERS
        except NotFound:
            return True

    def _erased(self, thread: RemoteThread) -> Generator[Event, None, DeletionResult]:
        """Delete the stored answers, then the thread: so it is known here until all of it is gone."""
        said = _Said(thread)
        try:
            backend = self._backend(thread.provider, thread.endpoint)
            apart = self._providers.get(thread.provider).api == "responses"  # elsewhere, threads hold them
            for response in thread.responses if apart else ():
                yield from self._response(backend, response, said)
            if thread.remote_id != STATELESS:
                kept = yield from backend.erase("thread", thread.remote_id)
                said.kept += [kept] if kept else []
            said.status = DeletionStatus.DELETED
        except ChatmgrError as error:
            said.status, said.why = _fate(error)
        if said.status.settled and not said.refused:
            self._writer.forget_thread(thread.pk)
        return said.done()

    def _response(self, backend: Backend, response: str, said: "_Said") -> Generator[Event, None, None]:
        try:
            yield from backend.erase("response", response)
            said.responses += 1
        except ProviderRefused as error:
            if error.status not in {404, 405, 501}:
                said.refused += 1

    def _without(self, copy: RemoteCopy, going: set[int]) -> Generator[Event, None, DeletionResult]:
        """Delete a file at its server, unless another conversation has it too."""
        others = [name for pk, name in copy.users.items() if pk not in going]
        if others:
            why = f"“{others[0]}” has it too"
            return DeletionResult("file", 0, copy.provider, copy.remote_id, DeletionStatus.REFUSED, why)
        fate, why = DeletionStatus.DELETED, ""
        try:
            yield from self._backend(copy.provider, copy.endpoint).erase("file", copy.remote_id)
        except ChatmgrError as error:
            fate, why = _fate(error)
        if fate.settled:
            self._writer.forget_copy(copy.pk)
        return DeletionResult("file", 0, copy.provider, copy.remote_id, fate, why)

    def _backend(self, name: str, endpoint: str) -> Backend:
        """The way to a server; one that its provider no longer leads to cannot be asked."""
        provider: Provider = self._providers.usable(self._providers.get(name))
        if provider.base_url != endpoint:
            raise ConfigurationFault(f"{name} is another server now ({provider.base_url}); it was {endpoint}")
        if name not in self._backends:
            self._backends[name] = self._providers.backend(provider)
        return self._backends[name]


class _Said:
    """What is known so far of a thread that is being deleted."""

    def __init__(self, thread: RemoteThread) -> None:
        self._thread = thread
        self.status, self.why = DeletionStatus.DELETED, ""
        self.responses = self.refused = 0
        self.kept: list[str] = []

    def done(self) -> DeletionResult:
        """As it is told."""
        refused = [f"{self.refused} stored answer{'' if self.refused == 1 else 's'}"] if self.refused else []
        return DeletionResult(
            "thread",
            self._thread.conversation,
            self._thread.provider,
            self._thread.remote_id,
            self.status,
            self.why,
            self.responses,
            (*self.kept, *refused),
        )


def _fate(error: ChatmgrError) -> tuple[DeletionStatus, str]:
    if isinstance(error, ProviderRefused) and error.status in {404, 410}:
        return DeletionStatus.GONE, ""
    if isinstance(error, (NetworkDown, NotFound)):
        return DeletionStatus.UNREACHABLE, error.message
    return DeletionStatus.REFUSED, error.message


def all_settled(found: Iterable[DeletionResult]) -> bool:
    """Whether nothing is left to try again; a file that others need is none of these conversations'."""
    return all(one.kind == "file" or (one.status.settled and not one.kept) for one in found)
