"""The wheel, installed in an environment of its own and used from another folder."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatmgr.store.migrate import HEAD
from tests.support.commands import ROOT
from tests.wire import WireServer


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as PyPI would get it."""
    folder = tmp_path_factory.mktemp("wheel")
    offline = ["--no-isolation"] if _has_hatchling() else []
    command = [sys.executable, "-m", "build", "--wheel", *offline, "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = folder.glob("*.whl")
    return wheel


def _has_hatchling() -> bool:
    try:
        import hatchling  # noqa: F401
    except ImportError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Installed:
    """A fresh environment with chatmgr from the wheel, a home, and a folder that is not the repository's."""

    root: Path

    def run(self, *command: str, noted: str = "") -> str:
        """Run a program of the environment; it must succeed, with nothing but `noted` on stderr."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CHATMGR_", "OPENAI_", "PYTHON"))}
        done = subprocess.run(
            [str(self.root / "venv" / "bin" / command[0]), *command[1:]],
            cwd=self.root / "elsewhere",
            env={**kept, "CHATMGR_HOME": str(self.root / "home")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done
        assert noted in done.stderr if noted else done.stderr == "", done
        return done.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The libraries are those of the tests' environment, to spare the network; chatmgr is the wheel's."""
    root = tmp_path_factory.mktemp("installed")
    (root / "elsewhere").mkdir()
    venv.create(root / "venv", with_pip=False, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(root / "venv" / "bin" / "python")]
    done = subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [site] = (root / "venv" / "lib").glob("python*/site-packages")
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return Installed(root)


@pytest.fixture
def wire() -> Iterator[WireServer]:
    """A server of all three APIs."""
    with WireServer() as running:
        yield running
    assert running.violations == []


def test_what_is_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    scripts = (ROOT / "migrations/versions").glob("*.py")
    versions = [f"chatmgr/migrations/versions/{file.name}" for file in scripts]
    assert {"chatmgr/py.typed", "chatmgr/migrations/env.py", *versions} <= set(names)
    metadata = f"{wheel.name.rsplit('-', 3)[0]}.dist-info/"
    manual = f"{wheel.name.rsplit('-', 3)[0]}.data/data/share/man/man1/chatmgr.1"
    assert manual in names
    assert not [name for name in names if not name.startswith(("chatmgr/", metadata, manual))]
    assert not [name for name in names if name.endswith(".pyc")]
    assert [name for name in names if name.startswith(f"{metadata}licenses/")]


def test_new_send_history_from_another_folder(installed: Installed, wire: WireServer) -> None:
    where = installed.run("python", "-c", "import chatmgr; print(chatmgr.__file__)")
    assert Path(where.strip()).is_relative_to(installed.root)
    installed.run(
        "chatmgr", "provider", "add", "wire", "--api", "responses", "--base-url", wire.base_url, noted="kept"
    )
    first = installed.run("chatmgr", "new", "demo", "hello", "--provider", "wire")
    assert first == "1 user turns; you said: 'hello'\n"
    assert installed.run("chatmgr", "send", "demo", "again") == "2 user turns; you said: 'again'\n"
    shown = installed.run("chatmgr", "history", "demo")
    assert first in shown
    assert "> again" in shown
    status = json.loads(installed.run("chatmgr", "db", "status", "--json"))
    assert (status["schema"], status["newest_schema"], status["turns"]) == (HEAD, HEAD, 2)
