"""A server that is the default provider, and terminals to talk to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chat.screen import COLUMNS, Screen, environment
from tests.wire import WireServer

Open = Callable[..., Screen]


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """A server; whatever it is sent must be as OpenAI's document wants it."""
    with WireServer() as running:
        yield running
    assert running.violations == []


@pytest.fixture
def open_chat(home: Path, wire: WireServer) -> Iterator[Open]:
    """`open_chat("resume", "demo")` runs chatmgr at a terminal, with the server as the default provider.

    Keywords: ``term``, ``columns``, and environment variables.
    """
    home.mkdir()
    table = f'[providers.wire]\napi = "responses"\nbase_url = "{wire.base_url}"\n'
    (home / "config.toml").write_text(f'provider = "wire"\n{table}', encoding="utf-8")
    with ExitStack() as open_ones:
        yield lambda *args, term="xterm-256color", columns=COLUMNS, **env: open_ones.enter_context(
            Screen(
                ["-m", "chatmgr", *args], environment(home, **env), home.parent, term=term, columns=columns
            )
        )
