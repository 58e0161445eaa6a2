"""The default assistant: made when it is first needed, and an ordinary one from then on."""

from multiprocessing.connection import Connection
from pathlib import Path

from chatmgr.config.settings import Settings
from chatmgr.services.assistants import AssistantService
from chatmgr.services.providers import Providers
from tests.support.store import Store
from tests.support.store_processes import OtherProcess

PROCESSES = 4


def service(store: Store) -> AssistantService:
    return AssistantService(Providers(Settings({}, {}, Path())), store.reader, store.writer)


def test_it_is_made_once_and_stays_what_somebody_made_of_it(store: Store) -> None:
    first = service(store).default()
    assert (first.name, first.version, first.instructions) == ("default", 1, "You are a helpful assistant.")
    assert (first.model, first.provider, first.params) == ("", "", {})
    store.writer.assistants.edit(first, "Be terse.", "", "", {})
    assert (service(store).default().id, service(store).default().version) == (first.id, 2)


def test_an_assistant_of_somebody_who_called_it_so_is_the_default_one(store: Store) -> None:
    own = store.assistant("default")
    assert service(store).default() == own


def test_it_is_made_anew_after_it_was_deleted(store: Store) -> None:
    first = service(store).default()
    store.writer.assistants.edit(first, "Be terse.", "", "", {})
    store.writer.conversations.create("plan", first.id, "", "openai")
    store.writer.assistants.delete(first)
    again = service(store).default()
    assert (again.version, again.instructions) == (1, "You are a helpful assistant.")
    assert again.id != first.id
    assert store.reader.assistants.of(store.now().pk).instructions == "Be terse."


def need(url: str, pipe: Connection) -> None:
    """Need the default assistant when told to, and say which one it is."""
    store = Store(url)
    pipe.send("ready")
    pipe.recv()
    pipe.send(service(store).default().id)
    store.close()


def test_processes_that_need_it_at_once_share_it(store: Store) -> None:
    others = [OtherProcess(need, store.url) for _ in range(PROCESSES)]
    try:
        assert [other.pipe.recv() for other in others] == ["ready"] * PROCESSES
        for other in others:
            other.pipe.send("now")
        ids = {other.pipe.recv() for other in others}
    finally:
        for other in others:
            other.close()
    assert ids == {service(store).default().id}
    assert len(store.reader.assistants.list()) == 1


def test_instructions_for_one_conversation_leave_it_as_it_is(store: Store) -> None:
    """Even where the conversation has its name."""
    default = service(store).default()
    store.writer.conversations.create("default", default.id, "", "openai")
    assert store.writer.assistants.instruct(store.now("default").pk, "default", default, "Be strict.")
    assert store.now("default").assistant == "default-2"
    assert service(store).default() == default
