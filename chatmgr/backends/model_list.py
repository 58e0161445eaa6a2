"""The models that a server lists: read in every shape, within a time limit, and compared with a name.

A list is a help, never a judge. Gateways take names that they do not list (deployments, ``models/…``,
``name:online``), and lists are refused, slow or missing where answers are not. Only the refusal of a turn
says that a model is unknown.
"""

import re
from collections.abc import Callable
from typing import Any

from chatmgr.domain.errors import ChatmgrError, ProviderRefused
from chatmgr.domain.interrupts import interrupts
from chatmgr.domain.model import ModelInfo

LIST_SECONDS = 2.0  # the longest that anybody waits for a list that is only a help
_LIST_KEYS = ("data", "models", "result", "items")
_ID_KEYS = ("id", "name", "model")
_REFUSING = {400, 403, 404, 410, 422}
_CODES = {"model_not_found", "invalid_model", "unknown_model", "model_not_available", "deploymentnotfound"}
_WORDINGS = re.compile(
    r"\b(unknown|invalid|no such|not a valid|unsupported) model\b"
    r"|\b(model|deployment)\b.{0,120}?\b(not found|not[ -]exists?|(?:does|do|did)(?: not|n't) exist"
    r"|is unknown|not a valid model|not available|no access)\b",
    re.IGNORECASE | re.DOTALL,
)


def model_infos(listed: Any) -> list[ModelInfo]:
    """The models in a decoded list: an object with ``data`` or ``models``, a bare list, ids alone."""
    if isinstance(listed, dict):
        listed = next((listed[key] for key in _LIST_KEYS if isinstance(listed.get(key), list)), [])
    if not isinstance(listed, list):
        return []
    entries = [{"id": entry} if isinstance(entry, str) else entry for entry in listed]
    infos = [_model_info(entry) for entry in entries if isinstance(entry, dict)]
    return [info for info in infos if info.id]


def _model_info(entry: dict[str, Any]) -> ModelInfo:
    name = next((entry[key] for key in _ID_KEYS if isinstance(entry.get(key), str) and entry[key]), "")
    day = entry.get("shutdown_date")
    return ModelInfo(name, f"shuts down {day}" if day else "", str(day or ""))


def fetch_within(
    models: Callable[[], list[ModelInfo]], seconds: float = LIST_SECONDS
) -> list[ModelInfo] | None:
    """The models that a server lists; None if that takes longer. Raises the error of the request.

    A server that sends one byte a second outlives every timeout of a socket, so a thread of its own waits
    for it, and is left behind.
    """
    try:
        return interrupts.run_beside(models, seconds)
    except TimeoutError:
        return None


def listed_within(models: Callable[[], list[ModelInfo]], seconds: float = LIST_SECONDS) -> list[str]:
    """The ids that a server lists; empty where it does not say within so many seconds, for any reason."""
    try:
        return [info.id for info in fetch_within(models, seconds) or ()]
    except Exception:
        return []  # if it matters, the turn reports it


def is_listed(model: str, listed: list[str]) -> bool:
    """Whether a list has a model, perhaps by another spelling of the same name."""
    base = model.removeprefix("models/")
    spellings = {model, base, f"models/{base}", f"{model}:latest", base.rpartition(":")[0]}
    return not spellings.isdisjoint(listed) or model.endswith(".gguf")


def refuses_model(error: ChatmgrError) -> bool:
    """Whether a refusal says that the server has no such model, in any vendor's words."""
    if not isinstance(error, ProviderRefused) or error.status not in _REFUSING:
        return False
    reason = error.message.partition("): ")[2] or error.message  # without the provider's name
    if error.code.lower() in _CODES or _WORDINGS.search(reason):
        return True
    return error.status == 404 and re.search(r"\bmodels?\b", reason, re.IGNORECASE) is not None
