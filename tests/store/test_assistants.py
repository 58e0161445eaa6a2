"""Assistants: versions, names given and taken away, counterparts on servers."""

import pytest

from chatmgr.domain.errors import NotFound, UsageFault
from tests.support.store import ENDPOINT, Desk


def test_what_was_saved_is_read_back(desk: Desk) -> None:
    params = {"temperature": 0.5, "stop": ["ü", "\n"], "nested": {"a": None}}
    desk.writer.assistants.create("tutor", "Sei freundlich.\n🦊", "gpt-x", "openai", params)
    found = desk.reader.assistants.get("tutor")
    assert (found.name, found.version, found.instructions) == ("tutor", 1, "Sei freundlich.\n🦊")
    assert (found.model, found.provider, found.params) == ("gpt-x", "openai", params)
    assert found.created_at.utcoffset() is not None


def test_a_name_is_given_once(desk: Desk) -> None:
    desk.assistant("tutor")
    with pytest.raises(UsageFault, match="There is an assistant “tutor” already"):
        desk.writer.assistants.create("tutor", "", "", "openai", {})
    assert len(desk.reader.assistants.list()) == 1


def test_editing_adds_a_version_and_keeps_the_old(desk: Desk) -> None:
    old = desk.assistant("tutor")
    assert desk.writer.assistants.edit(old, "Be strict.", "gpt-y", "other", {"top_p": 1}) == 2
    new = desk.reader.assistants.get("tutor")
    assert (new.id, new.version, new.instructions, new.model) == (old.id, 2, "Be strict.", "gpt-y")
    assert new.version_id != old.version_id
    assert new.created_at == old.created_at
    assert new.updated_at > old.updated_at
    versions = desk.reader.assistants.versions("tutor")
    assert [(one.version, one.instructions) for one in versions] == [(1, "Be kind."), (2, "Be strict.")]
    assert versions[0] == old


def test_a_conversation_follows_its_assistant_to_the_newest_version(desk: Desk) -> None:
    conversation = desk.conversation()
    desk.writer.assistants.edit(desk.assistant(), "Be strict.", "gpt-y", "openai", {})
    assert desk.reader.assistants.of(conversation.pk).version == 2
    assert (desk.now().assistant_version, desk.now().model) == (2, "gpt-y")


def test_deleting_takes_the_name_but_not_the_persona(desk: Desk) -> None:
    conversation = desk.conversation()
    desk.answer("hello", "hi")
    assert desk.writer.assistants.delete(desk.assistant()) == 1
    assert desk.reader.assistants.list() == []
    assert desk.reader.assistants.versions("tutor") == []
    with pytest.raises(NotFound):
        desk.reader.assistants.get("tutor")
    assert desk.reader.assistants.of(conversation.pk).instructions == "Be kind."
    assert desk.now().assistant == "tutor"
    assert desk.reader.meta.counts() == (0, 1, 1)


def test_a_deleted_name_can_be_given_again(desk: Desk) -> None:
    old = desk.assistant("tutor")
    assert desk.writer.assistants.delete(old) == 0
    assert desk.assistant("tutor").id != old.id


def test_remote_ids_are_kept_for_each_endpoint(desk: Desk) -> None:
    tutor = desk.assistant()
    assert desk.reader.assistants.remote_id(tutor.id, "openai", ENDPOINT) == ""
    desk.writer.assistants.set_remote_id(tutor.id, "openai", ENDPOINT, "asst_1")
    desk.writer.assistants.set_remote_id(tutor.id, "azure", "https://azure.test", "asst_2")
    desk.writer.assistants.set_remote_id(tutor.id, "openai", ENDPOINT, "asst_3")
    assert desk.reader.assistants.remote_id(tutor.id, "openai", ENDPOINT) == "asst_3"
    assert desk.reader.assistants.remote_id(tutor.id, "openai", "https://elsewhere.test") == ""
    assert desk.reader.assistants.remote_ids(tutor.id) == {"azure": "asst_2", "openai": "asst_3"}


def test_instructions_for_one_conversation_are_versions_of_its_own_assistant(desk: Desk) -> None:
    old = desk.assistant("Plan")
    desk.writer.conversations.create("plan", old.id, "", "openai")
    assert not desk.writer.assistants.instruct(desk.now().pk, "plan", old, "Be strict.")
    new = desk.reader.assistants.of(desk.now().pk)
    assert (new.id, new.version, new.instructions, new.model) == (old.id, 2, "Be strict.", "gpt-x")


def test_instructions_for_one_conversation_change_no_other_persona(desk: Desk) -> None:
    """Neither one that others use, be it from the trash, nor one that is there to be used."""
    shared = desk.assistant("plan")
    for name in ("plan", "other"):
        desk.writer.conversations.create(name, shared.id, "own", "openai")
    desk.writer.trash.put([desk.now("other").pk])
    assert desk.writer.assistants.instruct(desk.now().pk, "plan", shared, "Be strict.")
    copy = desk.reader.assistants.of(desk.now().pk)
    assert (copy.name, copy.version, copy.instructions) == ("plan-2", 1, "Be strict.")
    assert (copy.model, copy.provider, desk.now().own_model) == ("gpt-x", "openai", "own")
    assert desk.reader.assistants.get("plan") == shared
    library = desk.assistant("tutor")
    desk.writer.conversations.create("lone", library.id, "", "openai")
    assert desk.writer.assistants.instruct(desk.now("lone").pk, "lone", library, "Be strict.")
    assert desk.now("lone").assistant == "lone"
    assert desk.reader.assistants.get("tutor") == library


def test_another_assistant_for_a_conversation(desk: Desk) -> None:
    first, poet = desk.assistant(), desk.assistant("poet", model="gpt-p")
    desk.writer.conversations.create("plan", first.id, "own", "openai")
    pk = desk.now().pk
    desk.writer.assistants.use(pk, poet.id, own_model=True)
    assert (desk.now().assistant, desk.now().model) == ("poet", "own")
    desk.writer.assistants.use(pk, poet.id, own_model=False)
    assert (desk.now().assistant, desk.now().model) == ("poet", "gpt-p")
