"""A real llama.cpp HTTP server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import ROOT


@pytest.fixture(scope="session")
def llama(models_dir: Path) -> Iterator[str]:
    """The base URL of a llama.cpp server with the small model; it lives as long as its standard input."""
    command = [sys.executable, "-m", "tests.e2e.llama", str(models_dir / "smollm2-135m-instruct.gguf")]
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    try:
        assert url.startswith("http://"), "the server did not start"
        yield f"{url}/v1"
    finally:
        server.communicate(timeout=20)
