"""An assistant's parameters in the words of each API.

Stored under the names most people know (``max_tokens``); an API that calls one by another name gets
that. What is not known here is passed on as it is: servers have parameters of their own.
"""

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "responses": {"max_tokens": "max_output_tokens"},
    "assistants": {"max_tokens": "max_completion_tokens", "max_output_tokens": "max_completion_tokens"},
    "completions": {"max_output_tokens": "max_tokens"},
}
_REASONING = {"effort", "summary", "generate_summary"}


def for_api(api: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters under one API's names."""
    words = _WORDS.get(api, {})
    unknown = () if api == "responses" else ("background",)
    found = {words.get(key, key): value for key, value in params.items() if key not in unknown}
    return _with_reasoning(api, found)


def _with_reasoning(api: str, params: dict[str, Any]) -> dict[str, Any]:
    """How hard to think: ``reasoning.effort`` in one API, ``reasoning_effort`` in the others."""
    told = params.get("reasoning")
    if api == "responses" and "reasoning_effort" in params:
        effort = params.pop("reasoning_effort")
        params["reasoning"] = {"effort": effort, **(told if isinstance(told, Mapping) else {})}
    elif api != "responses" and isinstance(told, Mapping) and told.keys() <= _REASONING:
        del params["reasoning"]
        if "effort" in told:
            params.setdefault("reasoning_effort", told["effort"])
    return params
