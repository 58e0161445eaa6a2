"""Assistants: versions, names given and taken away, counterparts on servers."""

import pytest

from chatmgr.domain.errors import NotFound, UsageFault
from tests.support.store import ENDPOINT, Store


def test_what_was_saved_is_read_back(store: Store) -> None:
    params = {"temperature": 0.5, "stop": ["ü", "\n"], "nested": {"a": None}}
    store.writer.assistants.create("tutor", "Sei freundlich.\n🦊", "gpt-x", "openai", params)
    tutor_now = store.reader.assistants.get("tutor")
    assert (tutor_now.name, tutor_now.version, tutor_now.instructions) == ("tutor", 1, "Sei freundlich.\n🦊")
    assert (tutor_now.model, tutor_now.provider, tutor_now.params) == ("gpt-x", "openai", params)
    assert tutor_now.created_at.utcoffset() is not None


def test_a_name_is_given_once(store: Store) -> None:
    store.assistant("tutor")
    with pytest.raises(UsageFault, match="There is an assistant “tutor” already"):
        store.writer.assistants.create("tutor", "", "", "openai", {})
    assert len(store.reader.assistants.list()) == 1


def test_editing_adds_a_version_and_keeps_the_old(store: Store) -> None:
    old = store.assistant("tutor")
    assert store.writer.assistants.edit(old, "Be strict.", "gpt-y", "other", {"top_p": 1}) == 2
    new = store.reader.assistants.get("tutor")
    assert (new.id, new.version, new.instructions, new.model) == (old.id, 2, "Be strict.", "gpt-y")
    assert new.version_id != old.version_id
    assert new.created_at == old.created_at
    assert new.updated_at > old.updated_at
    versions = store.reader.assistants.versions("tutor")
    assert [(version.version, version.instructions) for version in versions] == [
        (1, "Be kind."),
        (2, "Be strict."),
    ]
    assert versions[0] == old


def test_a_conversation_follows_its_assistant_to_the_newest_version(store: Store) -> None:
    conversation = store.conversation()
    store.writer.assistants.edit(store.assistant(), "Be strict.", "gpt-y", "openai", {})
    assert store.reader.assistants.of(conversation.pk).version == 2
    assert (store.now().assistant_version, store.now().model) == (2, "gpt-y")


def test_deleting_takes_the_name_but_not_the_persona(store: Store) -> None:
    conversation = store.conversation()
    store.answer("hello", "hi")
    assert store.writer.assistants.delete(store.assistant()) == 1
    assert store.reader.assistants.list() == []
    assert store.reader.assistants.versions("tutor") == []
    with pytest.raises(NotFound):
        store.reader.assistants.get("tutor")
    assert store.reader.assistants.of(conversation.pk).instructions == "Be kind."
    assert store.now().assistant == "tutor"
    assert store.reader.meta.counts() == (0, 1, 1)


def test_a_deleted_name_can_be_given_again(store: Store) -> None:
    old = store.assistant("tutor")
    assert store.writer.assistants.delete(old) == 0
    assert store.assistant("tutor").id != old.id


def test_remote_ids_are_kept_for_each_endpoint(store: Store) -> None:
    tutor = store.assistant()
    assert store.reader.assistants.remote_id(tutor.id, "openai", ENDPOINT) == ""
    store.writer.assistants.set_remote_id(tutor.id, "openai", ENDPOINT, "asst_1")
    store.writer.assistants.set_remote_id(tutor.id, "azure", "https://azure.test", "asst_2")
    store.writer.assistants.set_remote_id(tutor.id, "openai", ENDPOINT, "asst_3")
    assert store.reader.assistants.remote_id(tutor.id, "openai", ENDPOINT) == "asst_3"
    assert store.reader.assistants.remote_id(tutor.id, "openai", "https://elsewhere.test") == ""
    assert store.reader.assistants.remote_ids(tutor.id) == {"azure": "asst_2", "openai": "asst_3"}


def test_instructions_for_one_conversation_are_versions_of_its_own_assistant(store: Store) -> None:
    old = store.assistant("Plan")
    store.writer.conversations.create("plan", old.id, "", "openai")
    assert not store.writer.assistants.instruct(store.now().pk, "plan", old, "Be strict.")
    new = store.reader.assistants.of(store.now().pk)
    assert (new.id, new.version, new.instructions, new.model) == (old.id, 2, "Be strict.", "gpt-x")


def test_instructions_for_one_conversation_change_no_other_persona(store: Store) -> None:
    """Neither one that others use, be it from the trash, nor one that is there to be used."""
    shared = store.assistant("plan")
    for name in ("plan", "other"):
        store.writer.conversations.create(name, shared.id, "own", "openai")
    store.writer.trash.put([store.now("other").pk])
    assert store.writer.assistants.instruct(store.now().pk, "plan", shared, "Be strict.")
    copy = store.reader.assistants.of(store.now().pk)
    assert (copy.name, copy.version, copy.instructions) == ("plan-2", 1, "Be strict.")
    assert (copy.model, copy.provider, store.now().own_model) == ("gpt-x", "openai", "own")
    assert store.reader.assistants.get("plan") == shared
    library = store.assistant("tutor")
    store.writer.conversations.create("lone", library.id, "", "openai")
    assert store.writer.assistants.instruct(store.now("lone").pk, "lone", library, "Be strict.")
    assert store.now("lone").assistant == "lone"
    assert store.reader.assistants.get("tutor") == library


def test_another_assistant_for_a_conversation(store: Store) -> None:
    first, poet = store.assistant(), store.assistant("poet", model="gpt-p")
    store.writer.conversations.create("plan", first.id, "own", "openai")
    pk = store.now().pk
    store.writer.assistants.use(pk, poet.id, own_model=True)
    assert (store.now().assistant, store.now().model) == ("poet", "own")
    store.writer.assistants.use(pk, poet.id, own_model=False)
    assert (store.now().assistant, store.now().model) == ("poet", "gpt-p")


def test_pruning_takes_what_no_conversation_uses(store: Store) -> None:
    """One in the trash uses its assistant, and one that begins meanwhile does."""
    spare, default, late = store.assistant("spare"), store.assistant("default"), store.assistant("late")
    for name, assistant in (("plan", store.assistant()), ("gone", store.assistant("trashed"))):
        store.writer.conversations.create(name, assistant.id, "", "openai")
    store.writer.trash.put([store.now("gone").pk])
    assert store.reader.assistants.unused() == [late, spare]
    store.writer.conversations.create("meanwhile", late.id, "", "openai")
    assert store.writer.assistants.prune([spare.id, late.id]) == {spare.id}
    assert [assistant.name for assistant in store.reader.assistants.list()] == [
        default.name,
        "late",
        "trashed",
        "tutor",
    ]
    assert store.assistant("spare").id != spare.id  # its name is free
