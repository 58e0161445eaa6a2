"""The embedded model at a terminal: an answer stopped half-way, and the chat goes on."""

from tests.support.processes import Home, until
from tests.support.screen import CTRL_C, CTRL_D, Screen


def answered(screen: Screen, message: str) -> bool:
    """Whether some words of the answer stand between what was said last and the running line."""
    after = screen.text.rpartition(f"▌ {message}")[2]
    answer, running, _ = after.rpartition("Esc stops")
    return bool(running) and len(answer.rpartition("\n")[0]) > 60


def test_moving_on_after_ctrl_c(embedded: Home) -> None:
    command = ["-m", "chatmgr", "new", "demo", "--provider", "local", "-i", "You talk."]
    endless = ["--param", "ignore_eos=true", "--param", "max_tokens=1500"]
    with Screen([*command, *endless], embedded.env, embedded.folder) as screen:
        screen.say("Tell me a story.")
        until(lambda: screen.read() and answered(screen, "Tell me a story."), "the first words")
        screen.type(CTRL_C)
        screen.until("Stopped; what had arrived is kept.", at_prompt=True)
        assert "demo · smollm2-135m-instruct" in screen.lines  # as when it is shown again
        screen.say("Another one.")
        until(lambda: screen.read() and answered(screen, "Another one."), "the next words")
        screen.type(CTRL_C)
        until(lambda: screen.read() and screen.text.count("Stopped") == 2, "the second stop")
        screen.until(at_prompt=True)
        screen.type(CTRL_D)
        assert screen.end() == 0
    turns = embedded.run("history", "demo", "--json").json()
    assert [turn["state"] for turn in turns] == ["cancelled", "cancelled"]
    assert all(turn["answer"] for turn in turns)
