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


def for_api(api: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters under one API's names."""
    words = _WORDS.get(api, {})
    return {words.get(key, key): value for key, value in params.items()}
