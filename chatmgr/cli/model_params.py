"""The parameters of a model, as ``--param KEY=VALUE`` gives them."""

from typing import Any

from chatmgr.domain.errors import UsageFault
from chatmgr.domain.parameters import DEEPEST, unsendable
from chatmgr.domain.text import valid_text
from chatmgr.terminal.sanitize import one_line

_SHOWN = 72  # columns of a key, in an error
_EXAMPLE = "For instance: --param temperature=0.2"


def params_from(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Parameters from ``key=value`` pairs: dots in a key nest, and a value that is JSON is read as JSON."""
    from chatmgr.domain.redaction import secret_parameter, without_credentials

    params: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = valid_text(pair, what="parameter").partition("=")
        if not equals or not key.strip(" ."):
            raise UsageFault(f"“{without_credentials(pair)}” is not of the form key=value.", _EXAMPLE)
        key = key.strip()
        decoded = _decoded(key, value)
        *outer, last = key.split(".")
        table = params
        for part in outer:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise UsageFault(f"“{key}” cannot be set: “{part}” already has a value of its own.")
        table[last] = decoded
    if name := secret_parameter(params):
        raise UsageFault(
            f"“{name}” would keep a key among the assistant's parameters, where it is stored and shown.",
            "Type: chatmgr config set-key PROVIDER",
        )
    return params


def _decoded(key: str, value: str) -> Any:
    """The value of a key, read as JSON where it is JSON; raises UsageFault for one that cannot be sent."""
    import json

    try:
        decoded = json.loads(value, parse_constant=_refuse_constant)
    except ValueError:
        decoded = value
    except RecursionError:
        raise UsageFault(f"“{one_line(key, _SHOWN)}” is nested too deeply.") from None
    depth = key.count(".")
    problem = unsendable(decoded, DEEPEST - depth) if depth < DEEPEST else "is nested too deeply"
    if problem:
        raise UsageFault(f"“{one_line(key, _SHOWN)}” {problem}.", _EXAMPLE)
    return decoded


def _refuse_constant(constant: str) -> float:
    """NaN and Infinity, which Python's parser takes and JSON does not have."""
    raise ValueError(f"{constant} is not JSON")
