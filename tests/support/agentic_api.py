"""agentic-api: a real gateway that keeps conversations, in front of a scripted model."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.commands import TIMEOUT
from tests.wire import WireServer

_FOLDERS = (str(Path(sys.executable).parent), os.environ.get("CHATMGR_TEST_BIN", ""))
BINARY = shutil.which("agentic-server", path=os.pathsep.join(filter(None, _FOLDERS)))
"""The gateway's program, from the development group's package; None on systems that it is not built for."""


@contextmanager
def gateway(model: WireServer, folder: Path) -> Iterator[str]:
    """Run the gateway; yields its base URL. What it keeps lies in ``folder``."""
    assert BINARY
    port = _free_port()
    command = [BINARY, "--llm-api-base", model.base_url.removesuffix("/v1"), "--skip-llm-ready-check"]
    command += ["--gateway-host", "127.0.0.1", "--gateway-port", str(port)]
    command += ["--db-url", f"sqlite://{folder / 'gateway.db'}?mode=rwc"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "OPENAI_API_KEY": "sk-model"}
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_open(port, process)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    """A port that the kernel chose; the program takes no socket of ours, and says no port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        assert process.poll() is None, "the gateway ended"
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.02)  # nothing tells when it listens
        else:
            return
    raise TimeoutError("the gateway does not listen")
