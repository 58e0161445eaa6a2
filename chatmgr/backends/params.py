"""The parameters of an assistant, under the names that each API uses.

They are stored under their best-known names (``max_tokens``) and renamed for an API that calls them
something else. An unknown parameter is passed on as it is: servers have parameters of their own.
"""

from collections.abc import Mapping
from typing import Any

from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.parameters import unsendable

_NAMES = {
    "responses": {"max_tokens": "max_output_tokens"},
    "assistants": {"max_tokens": "max_completion_tokens", "max_output_tokens": "max_completion_tokens"},
    "completions": {"max_output_tokens": "max_tokens"},
}
_REASONING_KEYS = {"effort", "summary", "generate_summary"}


def params_for_api(api: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the request body of an API takes them.

    Raises ConfigurationFault for a value that no request can carry, which an adopted assistant may have.
    """
    for key, value in params.items():
        if problem := unsendable(value):
            fault = ConfigurationFault(
                f"The assistant's parameter “{key}” {problem}.",
                f"Remove it: chatmgr assistant edit NAME --param {key}=null",
            )
            fault.touched = False
            raise fault
    names = _NAMES.get(api, {})
    left_out = () if api == "responses" else ("background",)
    renamed = {names.get(key, key): value for key, value in params.items() if key not in left_out}
    return _with_reasoning(api, renamed)


def _with_reasoning(api: str, params: dict[str, Any]) -> dict[str, Any]:
    """The effort of reasoning: ``reasoning.effort`` for Responses, ``reasoning_effort`` for the others."""
    reasoning = params.get("reasoning")
    if api == "responses" and "reasoning_effort" in params:
        effort = params.pop("reasoning_effort")
        params["reasoning"] = {"effort": effort, **(reasoning if isinstance(reasoning, Mapping) else {})}
    elif api != "responses" and isinstance(reasoning, Mapping) and reasoning.keys() <= _REASONING_KEYS:
        del params["reasoning"]
        if "effort" in reasoning:
            params.setdefault("reasoning_effort", reasoning["effort"])
    return params
