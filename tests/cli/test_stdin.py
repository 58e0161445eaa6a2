"""Standard input that says nothing, and messages that look like options."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from tests.support.commands import CHATMGR, KEY, TIMEOUT, Chatmgr


@pytest.fixture
def api() -> str:
    return "completions"


@contextmanager
def silent(chatmgr: Chatmgr, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A command whose standard input is open, and stays so."""
    with subprocess.Popen(
        [*CHATMGR, *words],
        cwd=chatmgr.home.parent,
        env=chatmgr.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(stream: IO[bytes] | None) -> str:
    assert stream
    return stream.readline().decode()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("send", "demo", "two"), "a message"),
        (("send", "demo"), "a message"),
        (("new", "other", "-a", "demo", "two"), "a message"),
        (("send", "demo", "two", "-f", "-"), "a file"),
        (("resume", "demo"), "messages"),
        (("config", "set-key", "wire"), "the key"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_silence_is_told_in_one_line(talking: Chatmgr, words: tuple[str, ...], what: str) -> None:
    text = KEY if "set-key" in words else "piped"
    with silent(talking, *words) as process:
        assert first_line(process.stderr).startswith(
            f"Waiting for {what} on standard input, which is open and silent."
        )
        out, err = process.communicate(f"{text}\n".encode(), timeout=TIMEOUT)
        assert process.returncode == 0, err
        assert b"Waiting for" not in err
        if "two" in words and "-f" not in words:
            assert out.decode().endswith(f"you said: '{text}\\n\\ntwo'\n")


def test_what_is_piped_at_once_is_taken_without_a_word(talking: Chatmgr) -> None:
    assert talking("send", "demo", stdin=b"two\n").err == ""
    assert talking.fresh("send", "demo", "three").err == ""


class TestDashes:
    HINT = "A message that begins with “-” goes after “--”: chatmgr send NAME -- MESSAGE"

    @pytest.mark.parametrize(
        "message", ["-5 apples", "- an item", "--- a/file", "-mine is broken", "-f is a flag", "-q"]
    )
    def test_the_error_says_how(self, talking: Chatmgr, message: str) -> None:
        assert self.HINT in talking.refused(2, "send", "demo", message)
        assert talking.said() == ["one"]
        sent = talking("send", "demo", "--", message).out
        assert sent == f"2 user turns; you said: {message!r}\n"

    def test_at_new_too(self, talking: Chatmgr) -> None:
        error = talking.refused(2, "new", "other", "-a", "demo", "-5 apples")
        assert self.HINT.replace("send", "new") in error

    def test_not_for_a_mistyped_option(self, talking: Chatmgr) -> None:
        error = talking.refused(2, "send", "demo", "hi", "--modle", "x")
        assert "--model" in error
        assert "goes after" not in error
