"""Conversations: made, listed, read; how much is read at once."""

from itertools import islice

import pytest

from chatmgr.domain.errors import NotFound, UsageFault
from tests.support.store import Store, execute

FAR = 10**30  # past every integer that a database or a driver takes


def test_a_new_conversation_is_empty(store: Store) -> None:
    made = store.conversation("plan")
    assert (made.name, made.title, made.assistant, made.turns) == ("plan", "Plan", "tutor", 0)
    assert (made.state, made.live, made.thread_id) == ("empty", False, "")
    assert made.model == "gpt-x"
    assert len(made.id) == 16
    assert store.reader.runs.live(made.pk) is None


def test_a_conversation_may_have_a_model_of_its_own(store: Store) -> None:
    store.writer.conversations.create("plan", store.assistant().id, "gpt-own", "openai")
    assert store.now().model == "gpt-own"


def test_a_name_is_given_once(store: Store) -> None:
    store.conversation("plan")
    with pytest.raises(UsageFault, match="There is a conversation “plan” already") as caught:
        store.writer.conversations.create("plan", store.assistant().id, "", "openai")
    assert "chatmgr resume plan" in caught.value.hint
    assert store.reader.meta.counts()[1] == 1


def test_a_deleted_conversation_frees_its_name(store: Store) -> None:
    old = store.conversation("plan")
    execute(store.url, "UPDATE conversations SET deleted_at = updated_at")
    assert store.reader.conversations.find("plan") is None
    assert store.reader.conversations.last_used() is None
    assert store.reader.conversations.names("", 9) == []
    with pytest.raises(NotFound):
        store.reader.conversations.get(old.id)
    assert store.conversation("plan").pk != old.pk
    assert store.reader.meta.counts()[1] == 1


def test_lists_begin_with_the_newest_activity(store: Store) -> None:
    for name in ("one", "two", "three"):
        store.conversation(name)
    store.answer("hello", "hi", "one")
    assert [conversation.name for conversation in store.reader.conversations.list(0)] == [
        "one",
        "three",
        "two",
    ]
    assert [conversation.name for conversation in store.reader.conversations.list(2)] == ["one", "three"]
    assert len(list(store.reader.conversations.list(FAR))) == 3


def test_lists_tell_what_a_conversation_is_about(store: Store) -> None:
    store.conversation("untold")
    store.writer.conversations.create("asked", store.assistant().id, "", "openai")
    store.answer("first\nwords " + "x" * 300, "hi", "asked")
    store.answer("later words", "hi", "asked")
    asked, untold = store.reader.conversations.list(0)
    assert (untold.about, untold.opening, untold.paths) == ("Untold", "", 1)
    assert asked.opening == ("first\nwords " + "x" * 300)[:201]
    assert asked.about == ("first words " + "x" * 300)[:200] + "…"


def test_what_a_conversation_is_about_follows_its_path(store: Store) -> None:
    store.answer("the one way", "hi")
    store.writer.conversations.set_title(store.now().pk, "")
    store.writer.tree.move_tip(store.now().pk, 0, "undo")
    assert (store.now().about, store.now().turns) == ("", 0)
    store.answer("the other way", "hi")
    assert (store.now().about, store.now().paths) == ("the other way", 2)


def test_the_last_used_is_the_one_touched_last(store: Store) -> None:
    first = store.conversation("one")
    store.conversation("two")
    conversation = store.reader.conversations.last_used()
    assert conversation is not None
    assert conversation.name == "two"
    store.writer.conversations.touch(first.pk)
    conversation = store.reader.conversations.last_used()
    assert conversation is not None
    assert conversation.name == "one"
    assert [conversation.name for conversation in store.reader.conversations.list(0)] == ["two", "one"]


def test_turns_keep_their_positions(store: Store) -> None:
    for number in range(1, 6):
        store.answer(f"question {number}", f"answer {number}" if number != 3 else "")
    plan = store.now()
    assert plan.turns == 5
    turns = list(store.reader.turns.list(plan))
    assert [(turn.turn, turn.user, turn.answer) for turn in turns[:3]] == [
        (1, "question 1", "answer 1"),
        (2, "question 2", "answer 2"),
        (3, "question 3", ""),
    ]
    assert [turn.turn for turn in store.reader.turns.list(plan, 2, 4)] == [2, 3, 4]
    assert [turn.turn for turn in store.reader.turns.tail(plan, 2)] == [4, 5]
    assert [turn.turn for turn in store.reader.turns.tail(plan, 99)] == [1, 2, 3, 4, 5]


def test_a_turn_is_addressed_from_either_end(store: Store) -> None:
    for number in range(1, 4):
        store.answer(f"question {number}", "yes")
    plan = store.now()
    assert [store.reader.turns.get(plan, item).turn for item in (1, 3, -1, -3)] == [1, 3, 3, 1]
    for address in (0, 4, -4, FAR, -FAR):
        with pytest.raises(NotFound, match=f"“plan@{address}”") as caught:
            store.reader.turns.get(plan, address)
        begin = "" if address else " Turns begin at 1; -1 is the last."
        assert caught.value.hint == f"“plan” has 3 turns.{begin}"


def test_history_leaves_unanswered_turns_out(store: Store) -> None:
    for number, answer in enumerate(("one", "", "three", "four"), start=1):
        store.answer(f"question {number}", answer)
    plan = store.now().pk
    shown = [(message.role, message.content) for message in store.reader.turns.context(plan, 4)]
    assert shown == [
        ("user", "question 1"),
        ("assistant", "one"),
        ("user", "question 3"),
        ("assistant", "three"),
    ]
    assert [message.content for message in store.reader.turns.context(plan, 5, 3)] == ["question 4", "four"]
    assert store.reader.turns.context(plan, 1) == []
    assert [store.reader.turns.last_answered(plan, before) for before in (1, 2, 3, 4, 5)] == [0, 1, 1, 3, 4]


def test_lists_are_read_as_they_are_consumed(store: Store) -> None:
    """A list may be left in the middle, and other questions asked before it goes on."""
    for number in range(60):
        store.answer(f"question {number}", "yes " * 2_000)
    for number in range(5):
        store.conversation(f"other-{number}")
    plan = store.now()
    turns = store.reader.turns.list(plan)
    assert next(turns).user == "question 0"
    assert store.reader.meta.counts() == (1, 6, 60)
    assert [turn.user for turn in islice(turns, 2)] == ["question 1", "question 2"]
    seen = [
        (conversation.name, len(list(store.reader.turns.list(conversation))))
        for conversation in store.reader.conversations.list(0)
    ]
    assert dict(seen)["plan"] == 60
    assert len(seen) == 6
    assert len(list(turns)) == 57
    unread = store.reader.turns.list(plan)
    next(unread)
    del unread
    assert store.reader.turns.get(plan, -1).user == "question 59"


def test_what_was_said_is_told_newest_first_across_conversations(store: Store) -> None:
    for text, name in (("one", "plan"), ("two", "other"), ("three", "plan")):
        store.answer(text, f"answer to {text}", name)
    store.answer("lost", "", "plan")
    assert list(store.reader.turns.user_messages(0)) == ["lost", "three", "two", "one"]
    assert list(store.reader.turns.user_messages(2)) == ["lost", "three"]
    execute(store.url, "UPDATE conversations SET deleted_at = updated_at WHERE name = 'plan'")
    assert list(store.reader.turns.user_messages(9)) == ["two"]
