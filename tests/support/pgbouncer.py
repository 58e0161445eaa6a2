"""A real PgBouncer before a database of the tests' PostgreSQL, reached by a socket in a folder of its own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.support.tools import require

_PORT = 6432  # only names the socket: nothing listens on the network


@contextmanager
def pooled(url: str, mode: str, *settings: str) -> Iterator[str]:
    """The URL of a database through PgBouncer: mode ``session``, ``transaction`` or ``statement``."""
    program = require("pgbouncer", "/usr/sbin/pgbouncer")
    parts = urlsplit(url)
    name, socket = parts.path[1:], parse_qs(parts.query)["host"][0]
    folder = Path(tempfile.mkdtemp(prefix="chatmgr-pgb-"))  # a socket's path has to be short
    try:
        (folder / "users").write_text(f'"{parts.username}" ""\n')
        file = folder / "pgbouncer.ini"
        file.write_text(
            f"[databases]\n{name} = host={socket} dbname={name} user={parts.username}\n"
            f"[pgbouncer]\npool_mode = {mode}\nlisten_addr =\nlisten_port = {_PORT}\n"
            f"unix_socket_dir = {folder}\nauth_type = any\nauth_file = {folder / 'users'}\n"
            f"default_pool_size = 4\nclient_login_timeout = 10\n" + "\n".join(settings)
        )
        with _running(program, file, Path(socket).owner()):
            yield f"postgresql://{parts.username}@/{name}?host={folder}&port={_PORT}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(program: str, settings: Path, owner: str) -> Iterator[None]:
    """PgBouncer, once it says that it listens; as root, as the user who may use PostgreSQL's socket."""
    command = [program, str(settings)]
    if os.geteuid() == 0:
        command[1:1] = ["-u", owner]
        for path in (settings.parent, *settings.parent.iterdir()):
            shutil.chown(path, owner)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        told: list[str] = []
        for line in process.stderr:
            told.append(line)
            if "process up" in line:
                break
        else:
            raise RuntimeError("".join(told))
        yield
    finally:
        process.terminate()
        process.communicate()
