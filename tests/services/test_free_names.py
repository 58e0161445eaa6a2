"""Names that nobody chose, where several processes want the same one at once, on both databases."""

import pytest

from chatmgr.domain.errors import UsageFault
from chatmgr.services.free_names import create_under_free_name
from tests.support.processes import Home
from tests.support.store import Store
from tests.wire import WireServer

PROCESSES = 5


def test_a_name_that_is_taken_in_between_is_passed_over(store: Store) -> None:
    store.conversation("plan")
    assistant, faster = store.assistant(), ["plan-2"]

    def create(name: str) -> None:
        for other in (*faster, name):  # somebody else takes the name first
            faster.clear()
            store.writer.conversations.create(other, assistant.id, "", "openai")

    assert create_under_free_name(lambda: store.reader.conversations.unused_name("plan"), create) == "plan-3"


def test_a_refusal_for_another_reason_is_raised() -> None:
    def refuse(name: str) -> None:
        raise UsageFault(f"“{name}” is refused.")

    with pytest.raises(UsageFault, match="“plan” is refused"):
        create_under_free_name(lambda: "plan", refuse)


@pytest.mark.parametrize("options", [(), ("-i", "Be brief.")])
def test_the_same_question_is_asked_by_several_at_once(
    either: Home, wire: WireServer, options: tuple[str, ...]
) -> None:
    either.provider("responses", wire.base_url)
    running = [
        either.start("ask", "--provider", "responses", *options, "same again") for _ in range(PROCESSES)
    ]
    outcomes = [process.wait() for process in running]
    assert [done.code for done in outcomes] == [0] * PROCESSES, [done.err for done in outcomes]
    names = {name for (name,) in either.ask("SELECT name FROM conversations")}
    assert names == {"same-again", *(f"same-again-{number}" for number in range(2, PROCESSES + 1))}
