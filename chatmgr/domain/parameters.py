"""The parameters of a model: which values a request can carry."""

import math
from collections.abc import Mapping

DEEPEST = 64  # levels of nesting; no parameter of any API has more than a schema's dozen


def unsendable(value: object, depth: int = DEEPEST) -> str:
    """Why JSON cannot carry a value, as the end of a sentence about it; empty if it can.

    JSON has no infinite number and no NaN, and what is nested too deeply is not read by any server.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "is a number that JSON cannot carry"
    if depth <= 0:
        return "is nested too deeply"
    if isinstance(value, (Mapping, list)):
        inner = value.values() if isinstance(value, Mapping) else value
        return next(filter(None, (unsendable(part, depth - 1) for part in inner)), "")
    return ""
