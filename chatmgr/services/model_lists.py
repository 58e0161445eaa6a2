"""The models that each server listed last, kept for the shell's Tab in ``model-lists.json``.

Nothing depends on the file: it is a copy of what servers said, made when a list is fetched. A list that is
older than a day, or of another address, is asked for again, and not waited for longer than a person waits at
a key.
"""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from chatmgr.config import paths
from chatmgr.config.text_file import changing, read_text, write_private
from chatmgr.domain.errors import ChatmgrError
from chatmgr.domain.model import ModelInfo, Provider

_DAY = 86_400.0
_TAB_SECONDS = 1.5  # imports included


def remember(provider: Provider, models: list[ModelInfo]) -> list[ModelInfo]:
    """Keep a list that was fetched; returns it. One that cannot be kept is none the worse."""
    ids = [model.id for model in models]
    if provider.api == "local" or not ids:
        return models
    with suppress(ChatmgrError, OSError):
        kept = _read()
        entry = {"address": provider.endpoint, "at": time.time(), "models": ids}
        before = kept.get(provider.name)
        if before and _is_fresh(before, provider) and before["models"] == ids:
            return models
        paths.make_private_folder(_file().parent)
        with changing(_file()):
            write_private(_file(), json.dumps(_read() | {provider.name: entry}) + "\n")
    return models


def at_tab(provider: Provider) -> list[str]:
    """The models to offer for a provider: those kept, else those that the server lists within a moment."""
    entry: Any = _read().get(provider.name)
    models = entry["models"] if _is_of(entry, provider) else []
    return models if models and _is_fresh(entry, provider) else _fetched(provider) or models


def _fetched(provider: Provider) -> list[str]:
    """What the server lists; empty where it does not say in time, for any reason."""
    from chatmgr.domain.interrupts import interrupts

    def fetch() -> list[ModelInfo]:
        from chatmgr.backends import registry

        return remember(provider, registry.create(provider).models())

    try:
        return [model.id for model in interrupts.run_beside(fetch, _TAB_SECONDS)]
    except Exception:
        return []  # a menu is not worth an error


def _is_of(entry: Any, provider: Provider) -> bool:
    """Whether an entry is of a provider at its address; what somebody else wrote into the file is not."""
    if not isinstance(entry, dict) or entry.get("address") != provider.endpoint:
        return False
    models = entry.get("models")
    return isinstance(models, list) and all(isinstance(model, str) for model in models)


def _is_fresh(entry: Any, provider: Provider) -> bool:
    if not _is_of(entry, provider):
        return False
    at = entry.get("at")
    return isinstance(at, float) and 0 <= time.time() - at < _DAY


def _file() -> Path:
    return paths.data_dir() / "model-lists.json"


def _read() -> dict[str, Any]:
    try:
        entries = json.loads(read_text(_file()))
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}
