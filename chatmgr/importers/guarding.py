"""Keeps what goes wrong with one conversation from ending the rest."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import TypeVar

from chatmgr.importers.source import Unreadable

T = TypeVar("T")
_ODD = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError, RecursionError, sqlite3.Error)


def guarded(call: Callable[[], T]) -> T:
    """What a call returns. What it raises over a value of an unexpected form becomes ``Unreadable``."""
    try:
        return call()
    except Unreadable:
        raise
    except _ODD as error:
        raise Unreadable(_words(error)) from error


def guarded_iterator(iterator: Iterator[T]) -> Iterator[T]:
    """The values of an iterator; what it raises becomes ``Unreadable`` in the same way."""
    while True:
        try:
            value = next(iterator)
        except StopIteration:
            return
        except Unreadable:
            raise
        except _ODD as error:
            raise Unreadable(_words(error)) from error
        yield value


def _words(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return f"its form is not the expected one ({type(error).__name__}: {str(error)[:200]})"
